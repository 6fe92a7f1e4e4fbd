package stats

import (
	"math/bits"
)

// Precisions: a histogram of precision p has 2^p buckets per octave (a range
// from a power of two to the next).
const (
	maxPrecision = 10
	minPrecision = 3
)

// histogram counts values in log-linear buckets. Values below 2^precision have
// a bucket each (octave 0); octave o >= 1 holds the values from 2^(p+o-1) to
// twice that, in 2^p buckets of width 2^(o-1). A bucket is therefore never
// wider than 2^-p of its values, and its middle is within 2^-(p+1) of each.
//
// Memory is taken for the octaves from the smallest to the largest value seen.
// Counters have 16 bits; what overflows is carried into a map, once in 65,536
// times.
type histogram struct {
	counts    []uint16
	carry     map[uint32]uint64 // by octave<<precision | sub
	precision uint8
	first     uint8 // octave of counts[0]
}

func newHistogram(precision uint8) *histogram {
	return &histogram{precision: precision}
}

// bucketOf returns the number of the bucket of v at precision p, counted from
// octave 0. The highest bit of what is left of v makes up for the octave that is
// missing in shift.
func bucketOf(v uint64, p uint8) uint32 {
	high := v >> (p & 63)
	var shift uint8
	if high < uint64(len(log2)) {
		shift = log2[high]
	} else {
		shift = uint8(bits.Len64(high) - 1)
	}
	return uint32(shift)<<(p&31) + uint32(v>>(shift&63))
}

// log2 is the logarithm of small numbers, rounded down, and 0 of 0. Go may not rely
// on an instruction that counts zeros (GOAMD64=v1), and the one that it has takes
// longer than a look here.
var log2 = func() (t [1024]uint8) {
	for i := 1; i < len(t); i++ {
		t[i] = uint8(bits.Len(uint(i)) - 1)
	}
	return t
}()

// bucketBounds returns the smallest and the largest value of a bucket.
func bucketBounds(bucket uint32, p uint8) (lo, hi uint64) {
	octave, sub := bucket>>p, uint64(bucket&(1<<p-1))
	if octave == 0 {
		return sub, sub
	}
	shift := octave - 1
	lo = (1<<p + sub) << shift
	return lo, lo + 1<<shift - 1
}

// add counts v once.
func (h *histogram) add(v uint64, m *memory) {
	bucket := bucketOf(v, h.precision)
	i := bucket - uint32(h.first)<<h.precision
	if i >= uint32(len(h.counts)) {
		i = h.grow(bucket, m)
	}
	h.counts[i]++
	if h.counts[i] == 0 {
		h.carryOver(bucket, 1<<16)
	}
}

// addAll counts all values of vs, negative ones as 0.
func (h *histogram) addAll(vs []int64, m *memory) {
	counts, first := h.counts, uint32(h.first)<<h.precision
	for _, v := range vs {
		v := uint64(max(v, 0))
		i := bucketOf(v, h.precision) - first
		if i < uint32(len(counts)) {
			if counts[i]++; counts[i] != 0 {
				continue
			}
			h.carryOver(i+first, 1<<16)
		} else {
			h.add(v, m)
			counts, first = h.counts, uint32(h.first)<<h.precision
		}
	}
}

// addN counts n values of a bucket.
func (h *histogram) addN(bucket uint32, n uint64, m *memory) {
	i := bucket - uint32(h.first)<<h.precision
	if i >= uint32(len(h.counts)) {
		i = h.grow(bucket, m)
	}
	n += uint64(h.counts[i])
	h.counts[i] = uint16(n)
	if n >= 1<<16 {
		h.carryOver(bucket, n&^(1<<16-1))
	}
}

func (h *histogram) carryOver(bucket uint32, n uint64) {
	if h.carry == nil {
		h.carry = map[uint32]uint64{}
	}
	h.carry[bucket] += n
}

// grow makes room for the bucket's octave and returns the bucket's index in
// counts.
func (h *histogram) grow(bucket uint32, m *memory) uint32 {
	octave := uint8(bucket >> h.precision)
	first, end := octave, octave+1
	if len(h.counts) > 0 {
		first = min(first, h.first)
		end = max(end, h.first+uint8(len(h.counts)>>h.precision))
	}
	counts := make([]uint16, int(end-first)<<h.precision)
	if len(h.counts) > 0 {
		copy(counts[int(h.first-first)<<h.precision:], h.counts)
	}
	m.used += 2 * int64(len(counts)-len(h.counts))
	h.counts, h.first = counts, first
	return bucket - uint32(first)<<h.precision
}

// coarsen lowers the precision. Buckets nest, so nothing but precision is lost.
func (h *histogram) coarsen(precision uint8, m *memory) {
	low := newHistogram(precision)
	h.each(func(bucket uint32, n uint64) {
		lo, _ := bucketBounds(bucket, h.precision)
		low.addN(bucketOf(lo, precision), n, m)
	})
	m.used -= 2 * int64(len(h.counts))
	*h = *low
}

// each calls f for every bucket that is not empty, in ascending order.
func (h *histogram) each(f func(bucket uint32, n uint64)) {
	base := uint32(h.first) << h.precision
	for i, low := range h.counts {
		n := uint64(low)
		if h.carry != nil {
			n += h.carry[base+uint32(i)]
		}
		if n > 0 {
			f(base+uint32(i), n)
		}
	}
}

// at sets out[i] to the bounds of the bucket that holds the value of rank
// ranks[i]: 1 is the smallest value. The ranks must ascend and none may exceed
// the number of values.
func (h *histogram) at(ranks []uint64, out []interval) {
	seen, next := uint64(0), 0
	h.each(func(bucket uint32, n uint64) {
		seen += n
		for next < len(ranks) && ranks[next] <= seen {
			lo, hi := bucketBounds(bucket, h.precision)
			out[next] = interval{int64(lo), int64(hi)}
			next++
		}
	})
}
