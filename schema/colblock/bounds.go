package colblock

import "math"

// Bounds returns the smallest and the largest value of an int column's rows
// that are not null; ok is false when there are none.
func (v *Vector) Bounds(rows int) (lo, hi int64, ok bool) {
	lo, hi = math.MaxInt64, math.MinInt64
	bounded := func(vals []int64) {
		for _, x := range vals {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	vals := v.Ints[:rows]
	if len(v.Nulls) == 0 {
		bounded(vals)
		return lo, hi, rows > 0
	}
	for from := 0; from < rows; from += 64 {
		part := vals[from:min(from+64, rows)]
		word := uint64(0)
		if from>>6 < len(v.Nulls) {
			word = v.Nulls[from>>6]
		}
		switch word {
		case 0:
			bounded(part)
			ok = true
		case ^uint64(0):
		default:
			for i, x := range part {
				if word>>i&1 == 0 {
					lo, hi, ok = min(lo, x), max(hi, x), true
				}
			}
		}
	}
	return lo, hi, ok
}

// Bounds returns the smallest and the largest value of the int column v, of as
// many rows, that AppendChunk encoded last, null rows left out; ok is false when
// it has no two values. It costs next to nothing: the choice of the encoding has
// seen all values, but of a column that is stored relative to another.
func (e *Encoder) Bounds(v *Vector, rows int) (lo, hi int64, ok bool) {
	switch {
	case e.relative:
		lo, hi, ok = v.Bounds(rows)
		return lo, hi, ok && lo < hi
	case e.choose.lo < e.choose.hi:
		return e.choose.lo, e.choose.hi, true
	}
	return 0, 0, false
}
