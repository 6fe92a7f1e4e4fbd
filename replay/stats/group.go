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

// addAll adds the values of a block, at least one, negative ones as 0, and returns
// the smallest and the largest. It goes by pairs, so that what is compared next
// does not wait for what was compared before.
func (s *sum128) addAll(vs []int64) (lo, hi int64) {
	lo, hi = vs[0], vs[0]
	lo2, hi2 := lo, hi
	sum, all := uint64(0), uint64(0)
	for i := 1; i < len(vs); i += 2 {
		v, w := vs[i-1], vs[i]
		lo, hi = min(lo, v), max(hi, v)
		lo2, hi2 = min(lo2, w), max(hi2, w)
		sum += uint64(v) + uint64(w)
		all |= uint64(v) | uint64(w)
	}
	last := vs[len(vs)-1]
	lo, hi = min(lo, lo2, last), max(hi, hi2, last)
	if len(vs)&1 == 1 {
		sum += uint64(last)
		all |= uint64(last)
	}
	if all>>32 == 0 {
		// A block has fewer values than would overflow the sum.
		s.add(sum)
		return lo, hi
	}
	for _, v := range vs {
		s.add(uint64(max(v, 0)))
	}
	return lo, hi
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
	lo, hi := g.sum.addAll(vs)
	lo, hi = max(lo, 0), max(hi, 0)
	if g.timed > 0 {
		lo, hi = min(lo, g.min), max(hi, g.max)
	}
	g.min, g.max = lo, hi
	g.timed += int64(len(vs))
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

// addResults counts many, at least one.
func (g *group) addResults(rets []int64, m *memory) {
	if lo, _ := g.sent.addAll(rets); lo >= 0 {
		return
	}
	for _, ret := range rets {
		if ret < 0 {
			g.addResult(ret, m)
		}
	}
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
