package colblock

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The null modes of a chunk (docs/format.md, "Column chunks").
const (
	NullsNone   = 0 // every row has a value
	NullsAll    = 1 // no row has one
	NullsBitmap = 2 // a bitmap says which
)

// The first byte of a chunk: the kind in bits 0 to 3, the null mode in bits 4
// and 5, and a flag.
const (
	nullsShift   = 4
	nullsMask    = 3
	FlagRelative = 1 << 6 // the values are differences to another column
)

// Encoder encodes vectors into column chunks. It reuses its memory; it is not
// safe for concurrent use.
type Encoder struct {
	choose   chooser
	compress compressor
	planes   []byte
	index    []byte
	dict     []int64
	ints     []int64
	bitmap   []byte
	// relative: the last chunk was stored relative to another column.
	relative bool
}

// NewEncoder returns an encoder.
func NewEncoder() *Encoder {
	return &Encoder{compress: newCompressor()}
}

// AppendChunk appends the chunk that holds the rows of v: its description to
// entry, its zstd frames to data. An empty vector with rows is all null. rel,
// which may be nil, is a column that v may be stored relative to. The error is
// about a vector that does not hold the rows, or ErrLimit.
func (e *Encoder) AppendChunk(entry, data []byte, kind schema.Kind, v *Vector, rows int, rel *Relative) ([]byte, []byte, error) {
	e.relative, e.choose.lo, e.choose.hi = false, 0, 0
	if err := check(kind, v, rows); err != nil {
		return entry, data, err
	}
	nulls := v.NullCount(rows)
	if nulls == rows || v.empty(kind) {
		return append(entry, byte(kind)|NullsAll<<nullsShift), data, nil
	}
	first := byte(kind)
	if nulls > 0 {
		first |= NullsBitmap << nullsShift
	}
	if !rel.pays(kind, v, rows) {
		rel = nil
	}
	if e.relative = rel != nil; e.relative {
		entry = binary.AppendUvarint(append(entry, first|FlagRelative), uint64(rel.ID))
	} else {
		entry = append(entry, first)
	}
	if nulls > 0 {
		entry = binary.AppendUvarint(entry, uint64(nulls))
		entry, data = e.appendArea(entry, data, e.bitmapOf(v, rows), 1)
	}
	if kind != schema.KindInt {
		entry, data = e.appendInts(entry, data, e.lengths(kind, v, nulls), inChunk)
		entry = binary.AppendUvarint(entry, uint64(v.Total(kind, rows)))
	}
	if kind == schema.KindBytes {
		entry, data = e.appendArea(entry, data, v.Bytes[:v.Offsets[rows]], 1)
		return entry, data, nil
	}
	entry, data = e.appendInts(entry, data, e.values(kind, v, rows, nulls, rel), inChunk)
	return entry, data, nil
}

// bitmapOf returns the null bits of the rows, in whole bytes.
func (e *Encoder) bitmapOf(v *Vector, rows int) []byte {
	e.bitmap = grow(e.bitmap, (rows+7)/8)
	for i := range e.bitmap {
		e.bitmap[i] = 0
		if w := i / 8; w < len(v.Nulls) {
			e.bitmap[i] = byte(v.Nulls[w] >> (8 * (i & 7)))
		}
	}
	if rows&7 != 0 {
		e.bitmap[len(e.bitmap)-1] &= 1<<(rows&7) - 1
	}
	return e.bitmap
}

// lengths returns those of the lists or byte strings, without null rows; of
// lists of one value, whose lengths are all the same, one alone.
func (e *Encoder) lengths(kind schema.Kind, v *Vector, nulls int) []int64 {
	if v.ones(kind) {
		e.ints = append(e.ints[:0], 1)
		return e.ints
	}
	ends := v.Offsets[1:]
	e.ints = growInts(e.ints[:0], len(ends))
	from, n := uint32(0), 0
	for i, end := range ends {
		e.ints[n] = int64(end - from)
		from = end
		if nulls == 0 || !v.IsNull(i) {
			n++
		}
	}
	return e.ints[:n]
}

// values returns the values to encode: without null rows, relative to rel.
func (e *Encoder) values(kind schema.Kind, v *Vector, rows, nulls int, rel *Relative) []int64 {
	if rel != nil {
		e.ints = rel.subtract(e.ints[:0], kind, v, rows)
		return e.ints
	}
	if nulls == 0 || kind == schema.KindIntList {
		return v.Ints
	}
	e.ints = e.ints[:0]
	for i, x := range v.Ints[:rows] {
		if !v.IsNull(i) {
			e.ints = append(e.ints, x)
		}
	}
	return e.ints
}

// empty reports whether nothing was ever appended to the vector.
func (v *Vector) empty(kind schema.Kind) bool {
	return len(v.Offsets) == 0 && (kind == schema.KindBytes || len(v.Ints) == 0)
}

// check holds the invariants of Vector and the limits.
func check(kind schema.Kind, v *Vector, rows int) error {
	if rows <= 0 || rows > MaxRows {
		return limit("rows", uint64(rows), MaxRows)
	}
	if v.empty(kind) {
		return nil
	}
	if kind == schema.KindInt || v.ones(kind) {
		if len(v.Ints) != rows && (len(v.Ints) != 1 || len(v.Nulls) > 0) {
			return fmt.Errorf("%d values for %d rows", len(v.Ints), rows)
		}
		if kind == schema.KindIntList && len(v.Nulls) > 0 {
			return errors.New("null rows among lists without offsets")
		}
		return nil
	}
	switch kind {
	case schema.KindBytes:
		if len(v.Bytes) > MaxColumnBytes {
			return limit("column bytes", uint64(len(v.Bytes)), MaxColumnBytes)
		}
	case schema.KindIntList:
		if len(v.Ints) > MaxListValues {
			return limit("list values", uint64(len(v.Ints)), MaxListValues)
		}
	default:
		return fmt.Errorf("unknown %v", kind)
	}
	if len(v.Offsets) != rows+1 {
		return fmt.Errorf("%d offsets for %d rows", len(v.Offsets), rows)
	}
	if total := int(v.Offsets[rows]); v.Offsets[0] != 0 || kind == schema.KindBytes && total != len(v.Bytes) ||
		kind == schema.KindIntList && total != len(v.Ints) {
		return fmt.Errorf("offsets %d to %d", v.Offsets[0], total)
	}
	from := uint32(0)
	for i, end := range v.Offsets[1:] {
		if end < from || end != from && v.IsNull(i) {
			return fmt.Errorf("row %d: offsets %d, %d", i, from, end)
		}
		from = end
	}
	return nil
}

// grow returns b with length n; the content is unspecified.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// growInts appends n unspecified values.
func growInts(v []int64, n int) []int64 {
	if need := len(v) + n; cap(v) < need {
		w := make([]int64, need)
		copy(w, v)
		return w
	}
	return v[:len(v)+n]
}
