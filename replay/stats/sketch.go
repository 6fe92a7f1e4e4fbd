package stats

import (
	"slices"
)

// sketch answers quantiles of the durations of one group: exactly while they
// are few, then from a histogram. The zero value is empty.
type sketch struct {
	exact []int64 // while hist is nil
	hist  *histogram
}

// exactLimit is the number of values up to which a sketch keeps them all, when
// histograms have the precision: about what a histogram would take.
func exactLimit(precision uint8) int { return 4 << precision }

// histogramBytes is what a histogram takes besides its counts.
const histogramBytes = 48

// add counts v, which must not be negative.
func (s *sketch) add(v int64, m *memory) {
	if s.hist == nil {
		if len(s.exact) < cap(s.exact) || s.growExact(m) {
			s.exact = append(s.exact, v)
			return
		}
		s.toHistogram(m.precision, m)
	}
	s.hist.add(uint64(v), m)
}

// addAll counts all values of vs, negative ones as 0.
func (s *sketch) addAll(vs []int64, m *memory) {
	for len(vs) > 0 && s.hist == nil {
		s.add(max(vs[0], 0), m)
		vs = vs[1:]
	}
	if s.hist != nil {
		s.hist.addAll(vs, m)
	}
}

// growExact doubles the room for exact values, or reports that they are enough
// for a histogram.
func (s *sketch) growExact(m *memory) bool {
	limit := exactLimit(m.precision)
	if len(s.exact) >= limit {
		return false
	}
	grown := make([]int64, len(s.exact), min(max(2*cap(s.exact), 2), limit))
	copy(grown, s.exact)
	m.used += int64(8 * (cap(grown) - cap(s.exact)))
	s.exact = grown
	return true
}

// toHistogram turns the exact values into a histogram.
func (s *sketch) toHistogram(precision uint8, m *memory) {
	s.hist = newHistogram(precision)
	m.used += histogramBytes - int64(8*cap(s.exact))
	for _, v := range s.exact {
		s.hist.add(uint64(v), m)
	}
	s.exact = nil
}

// limit brings the sketch down to the precision.
func (s *sketch) limit(precision uint8, m *memory) {
	switch {
	case s.hist == nil && cap(s.exact) > exactLimit(precision):
		s.toHistogram(precision, m)
	case s.hist != nil && s.hist.precision > precision:
		s.hist.coarsen(precision, m)
	}
}

// relativeError returns the largest relative error of a quantile that is given
// as the middle of its interval: 0 is exact.
func (s *sketch) relativeError() float64 {
	if s.hist == nil {
		return 0
	}
	return 1 / float64(uint64(2)<<s.hist.precision)
}

// interval is where a value lies: from lo to hi, both included.
type interval struct{ lo, hi int64 }

func (i interval) middle() int64 { return i.lo + (i.hi-i.lo)/2 }

// at sets out[i] to where the value of rank ranks[i] lies: 1 is the smallest
// value. The ranks must ascend and none may exceed the number of values.
func (s *sketch) at(ranks []uint64, out []interval) {
	if s.hist != nil {
		s.hist.at(ranks, out)
		return
	}
	slices.Sort(s.exact)
	for i, rank := range ranks {
		v := s.exact[rank-1]
		out[i] = interval{v, v}
	}
}
