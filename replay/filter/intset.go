package filter

import (
	"math"
	"slices"
)

// intSet is the numbers that pass a test: those from lo to hi or, when list is
// set, those in it. An empty list is the empty set.
type intSet struct {
	lo, hi int64
	list   []int64 // ascending
}

// newIntSet returns the numbers that compare so with one of the values.
func newIntSet(op compareOp, values []int64) intSet {
	if op == equal {
		if len(values) == 1 {
			return intSet{lo: values[0], hi: values[0]}
		}
		list := append([]int64{}, values...)
		slices.Sort(list)
		list = slices.Compact(list)
		if n := len(list); n > 0 && uint64(list[n-1])-uint64(list[0]) == uint64(n-1) {
			return intSet{lo: list[0], hi: list[n-1]}
		}
		return intSet{list: list}
	}
	v := values[0]
	switch {
	case op == less && v == math.MinInt64, op == greater && v == math.MaxInt64:
		return intSet{list: []int64{}}
	case op == less:
		return intSet{lo: math.MinInt64, hi: v - 1}
	case op == lessEqual:
		return intSet{lo: math.MinInt64, hi: v}
	case op == greater:
		return intSet{lo: v + 1, hi: math.MaxInt64}
	}
	return intSet{lo: v, hi: math.MaxInt64}
}

// has reports whether v is in the set.
func (s *intSet) has(v int64) bool {
	if s.list == nil {
		return s.lo <= v && v <= s.hi
	}
	_, ok := slices.BinarySearch(s.list, v)
	return ok
}

// meets reports whether a number from lo to hi is in the set.
func (s *intSet) meets(lo, hi int64) bool {
	if s.list == nil {
		return s.lo <= hi && lo <= s.hi
	}
	i, _ := slices.BinarySearch(s.list, lo)
	return i < len(s.list) && s.list[i] <= hi
}

// covers reports whether all numbers from lo to hi are in the set.
func (s *intSet) covers(lo, hi int64) bool {
	if s.list == nil {
		return s.lo <= lo && hi <= s.hi
	}
	return lo == hi && s.has(lo)
}

// words sets the bits of out whose value is in the set. Both have a bit and a
// value for each row; bits that cand does not have are not looked at, a word at
// a time.
func (s *intSet) words(out, cand []uint64, values []int64, mask int64) {
	for w, c := range cand {
		if c == 0 {
			out[w] = 0
			continue
		}
		part := values[w<<6 : min(len(values), w<<6+64)]
		bits := uint64(0)
		if s.list == nil {
			lo, span := s.lo, uint64(s.hi)-uint64(s.lo)
			for i, v := range part {
				in := uint64(0)
				if uint64(v&mask)-uint64(lo) <= span {
					in = 1
				}
				bits |= in << i
			}
		} else {
			for i, v := range part {
				if s.has(v & mask) {
					bits |= 1 << i
				}
			}
		}
		out[w] = bits
	}
}
