// Package colblock holds columns in memory and encodes each into bytes that a
// general compressor likes: a constant, or a frame of reference over values or
// over deltas, split into byte planes. docs/format.md, "Column chunks", is the
// specification; encode and decode stand side by side here.
//
// Vectors own their slices; Reset keeps the memory for the next block. Nothing
// here is safe for concurrent use on the same vector or scratch.
package colblock

import (
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Vector is one column of a block. Which slices are used depends on the kind:
//
//   - int: Ints has one value a row.
//   - bytes: row i is Bytes[Offsets[i]:Offsets[i+1]].
//   - int_list: row i is Ints[Offsets[i]:Offsets[i+1]].
//
// Offsets starts with 0 and has rows+1 entries when it is used.
//
// What repeats need not be written in a column that is to be encoded, when no row
// is null: one value alone in Ints then is that of every row, and an int_list
// column without Offsets has lists of one value each. Decoding gives every row
// its own.
type Vector struct {
	Ints    []int64
	Bytes   []byte
	Offsets []uint32
	// Nulls has bit i%64 of word i/64 set when row i has no value; the slot in
	// Ints is then 0, the list or byte string empty. It may be shorter than
	// the rows: missing words mean no null. Empty means no row is null.
	Nulls []uint64
}

// Reset empties the vector and keeps its memory.
func (v *Vector) Reset() {
	v.Ints = v.Ints[:0]
	v.Bytes = v.Bytes[:0]
	v.Offsets = v.Offsets[:0]
	v.Nulls = v.Nulls[:0]
}

// SetNull marks row i as having no value.
func (v *Vector) SetNull(i int) {
	for len(v.Nulls) <= i>>6 {
		v.Nulls = append(v.Nulls, 0)
	}
	v.Nulls[i>>6] |= 1 << (i & 63)
}

// IsNull reports whether row i has no value.
func (v *Vector) IsNull(i int) bool {
	return i>>6 < len(v.Nulls) && v.Nulls[i>>6]&(1<<(i&63)) != 0
}

// AllNull reports whether none of the rows has a value.
func (v *Vector) AllNull(rows int) bool {
	if len(v.Nulls) < (rows+63)/64 {
		return false
	}
	for _, word := range v.Nulls[:rows/64] {
		if word != ^uint64(0) {
			return false
		}
	}
	for i := rows &^ 63; i < rows; i++ {
		if !v.IsNull(i) {
			return false
		}
	}
	return true
}

// NullCount returns how many of the rows have no value.
func (v *Vector) NullCount(rows int) (n int) {
	for w, word := range v.Nulls {
		switch {
		case (w+1)*64 <= rows:
		case w*64 >= rows:
			continue
		default:
			word &= 1<<(rows&63) - 1
		}
		n += bits.OnesCount64(word)
	}
	return n
}

// ones reports whether v, which is not empty, is an int_list column to be encoded
// that has one value in every row.
func (v *Vector) ones(kind schema.Kind) bool {
	return kind == schema.KindIntList && len(v.Offsets) == 0
}

// Total returns how many values the lists of an int_list column have, or how many
// bytes a bytes column; 0 of an int column.
func (v *Vector) Total(kind schema.Kind, rows int) int {
	switch {
	case kind == schema.KindInt || v.empty(kind):
		return 0
	case v.ones(kind):
		return rows
	default:
		return int(v.Offsets[rows])
	}
}

// AppendBytes appends b as the next row of a bytes column.
func (v *Vector) AppendBytes(b []byte) {
	if len(v.Offsets) == 0 {
		v.Offsets = append(v.Offsets, 0)
	}
	v.Bytes = append(v.Bytes, b...)
	v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
}

// EndList ends the next row of an int_list column: its values are what was
// appended to Ints since the last call.
func (v *Vector) EndList() {
	if len(v.Offsets) == 0 {
		v.Offsets = append(v.Offsets, 0)
	}
	v.Offsets = append(v.Offsets, uint32(len(v.Ints)))
}

// BytesAt returns row i of a bytes column, valid until the vector changes.
func (v *Vector) BytesAt(i int) []byte { return v.Bytes[v.Offsets[i]:v.Offsets[i+1]] }

// ListAt returns row i of an int_list column, valid until the vector changes.
func (v *Vector) ListAt(i int) []int64 { return v.Ints[v.Offsets[i]:v.Offsets[i+1]] }

// Slice returns the rows from from, a multiple of 64, to to. They share v's memory,
// so that nothing must be appended to them.
func (v *Vector) Slice(from, to int) Vector {
	s := Vector{Bytes: v.Bytes}
	if len(v.Offsets) > 0 {
		s.Ints, s.Offsets = v.Ints, v.Offsets[from:to+1]
	} else {
		s.Ints = v.Ints[from:to]
	}
	if first := from / 64; first < len(v.Nulls) {
		s.Nulls = v.Nulls[first:min((to+63)/64, len(v.Nulls))]
	}
	return s
}
