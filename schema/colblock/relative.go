package colblock

import (
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Relative is the column that a chunk may be stored relative to: an int column
// of the same table that is not relative itself. What a call returned, what it
// asked for and the length of its only iovec are mostly one number; stored as
// differences, two of the three cost next to nothing.
type Relative struct {
	ID     schema.ColumnID
	Vector *Vector
}

// pays reports whether v is better stored relative to rel: most rows of a
// sample have the same value in both.
func (rel *Relative) pays(kind schema.Kind, v *Vector, rows int) bool {
	if rel == nil || len(rel.Vector.Ints) != rows || kind == schema.KindBytes {
		return false
	}
	lists := kind == schema.KindIntList && !v.ones(kind)
	if !lists && len(v.Ints) != rows {
		return false // the same value in every row
	}
	step := max(1, rows/sampleSize)
	seen, same, constant := 0, 0, true
	for k := range min(rows, sampleSize) {
		i := sampled(k, step)
		at := i
		if lists {
			if at = int(v.Offsets[i]); at == int(v.Offsets[i+1]) {
				continue
			}
		} else if v.IsNull(i) {
			continue
		}
		seen++
		if v.Ints[at] == rel.Vector.Ints[i] {
			same++
		}
		constant = constant && v.Ints[at] == v.Ints[0]
	}
	return same >= 3 && same*4 >= seen*3 && !constant
}

// subtract appends v's values to dst, without those of null rows, less the
// value of rel in the same row.
func (rel *Relative) subtract(dst []int64, kind schema.Kind, v *Vector, rows int) []int64 {
	base := rel.Vector.Ints
	lists := kind == schema.KindIntList && !v.ones(kind)
	for i := range rows {
		b := base[i]
		if len(rel.Vector.Nulls) > 0 && rel.Vector.IsNull(i) {
			b = 0 // as the reader has it, whatever stands in the slot
		}
		if lists {
			for _, x := range v.Ints[v.Offsets[i]:v.Offsets[i+1]] {
				dst = append(dst, x-b)
			}
		} else if len(v.Nulls) == 0 || !v.IsNull(i) {
			dst = append(dst, v.Ints[i]-b)
		}
	}
	return dst
}

// addTo is the inverse of subtract of an int column, in place, after null rows have
// their slots again.
func addTo(v *Vector, base []int64) {
	ints := v.Ints[:len(base)]
	for i, b := range base {
		ints[i] += b
	}
	for word, nulls := range v.Nulls {
		for ; nulls != 0; nulls &= nulls - 1 {
			v.Ints[word*64+bits.TrailingZeros64(nulls)] = 0
		}
	}
}

// addToLists is that of an int_list column.
func addToLists(v *Vector, base []int64) {
	for i, b := range base {
		list := v.ListAt(i)
		for j := range list {
			list[j] += b
		}
	}
}
