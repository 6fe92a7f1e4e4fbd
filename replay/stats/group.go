package stats

import (
	"math/big"
	"math/bits"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// group is the account of the events of one group.
type group struct {
	events    int64
	timed     int64 // events with a duration: the others had not returned
	sum       sum128
	min, max  int64  // of the durations, valid when timed > 0
	requested sum128 // bytes
	// unreadable is the number of events whose requested bytes are unknown.
	unreadable int64
	sent       sum128 // bytes
	failed     int64
	errors     []errnoCount
	durations  sketch
}

// errnoCount is the number of failures with one errno.
type errnoCount struct {
	errno int64
	count int64
}

// groupBytes and errnoBytes are what memory.used counts for each.
const (
	groupBytes = int64(unsafe.Sizeof(group{}))
	errnoBytes = int64(unsafe.Sizeof(errnoCount{}))
)

// sum128 is a sum of values that are not negative, which cannot overflow.
type sum128 struct{ hi, lo uint64 }

func (s *sum128) add(v uint64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, v, 0)
	s.hi += carry
}

// addAll adds the values of a block, negative ones as 0.
func (s *sum128) addAll(vs []int64) {
	sum, all := uint64(0), uint64(0)
	for _, v := range vs {
		sum += uint64(v)
		all |= uint64(v)
	}
	s.addSum(sum, all, vs)
}

// addSum adds the sum of the values of a block, of which all has every bit that is
// set in any. Where that does not rule out that the sum is too large or that values
// are negative, it adds them one by one instead: a block has fewer than 2^24.
func (s *sum128) addSum(sum, all uint64, vs []int64) {
	if all>>40 == 0 {
		s.add(sum)
		return
	}
	for _, v := range vs {
		s.add(uint64(max(v, 0)))
	}
}

// int returns the sum as a whole number.
func (s sum128) int() *big.Int {
	n := new(big.Int).SetUint64(s.hi)
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(s.lo))
}

func (s sum128) float() float64 { return float64(s.hi)*(1<<64) + float64(s.lo) }

// addDuration counts the duration of one event. Durations below 0 occur in
// forged files alone and count as 0.
func (g *group) addDuration(v int64, m *memory) {
	v = max(v, 0)
	if g.timed == 0 {
		g.min, g.max = v, v
	}
	g.min, g.max = min(g.min, v), max(g.max, v)
	g.timed++
	g.sum.add(uint64(v))
	g.durations.add(v, m)
}

// addDurations counts many.
func (g *group) addDurations(vs []int64, m *memory) {
	if len(vs) == 0 {
		return
	}
	if g.timed == 0 {
		g.min = max(vs[0], 0)
		g.max = g.min
	}
	g.timed += int64(len(vs))
	// Few values are outside the range of those before.
	lo, span := g.min, uint64(g.max-g.min)
	sum, outside := uint64(0), uint64(0)
	for _, v := range vs {
		sum += uint64(v)
		if uint64(v-lo) > span {
			outside |= uint64(v)
			g.min, g.max = min(g.min, max(v, 0)), max(g.max, v)
			lo, span = g.min, uint64(g.max-g.min)
		}
	}
	g.sum.addSum(sum, outside|uint64(g.max), vs)
	g.durations.addAll(vs, m)
}

// addRequested counts the requested bytes of one event.
func (g *group) addRequested(n int64) { g.requested.add(uint64(max(n, 0))) }

// addResult counts the return value of one event.
func (g *group) addResult(ret int64, m *memory) {
	if ret >= 0 {
		g.sent.add(uint64(ret))
		return
	}
	if errno := schema.Errno(ret); errno > 0 {
		g.addError(errno, 1, m)
	}
}

// addResults counts many.
func (g *group) addResults(rets []int64, m *memory) {
	sum, all := uint64(0), uint64(0)
	for _, ret := range rets {
		if ret < 0 {
			g.addResult(ret, m)
			ret = 0
		}
		sum += uint64(ret)
		all |= uint64(ret)
	}
	g.sent.addSum(sum, all, rets)
}

// addError keeps the errnos in the order of their first occurrence.
func (g *group) addError(errno, count int64, m *memory) {
	g.failed += count
	for i := range g.errors {
		if g.errors[i].errno == errno {
			g.errors[i].count += count
			return
		}
	}
	g.errors = append(g.errors, errnoCount{errno, count})
	m.used += errnoBytes
}
