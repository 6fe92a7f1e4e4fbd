package colblock

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The null modes of a chunk (docs/format.md, "Column chunks").
const (
	NullsNone   = 0 // every row has a value
	NullsAll    = 1 // no row has one
	NullsBitmap = 2 // a bitmap says which
)

// Encoder encodes vectors into column chunks. It reuses its memory; it is not
// safe for concurrent use.
type Encoder struct {
	z      *zstd.Encoder
	planes []byte
	ints   []int64
	bitmap []byte
}

// NewEncoder returns an encoder.
func NewEncoder() *Encoder {
	// No option here can fail: all are constants in range.
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true),
		zstd.WithSingleSegment(true),
		zstd.WithWindowSize(1<<18),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(fmt.Sprintf("colblock: zstd encoder: %v", err))
	}
	return &Encoder{z: z}
}

// AppendChunk appends the chunk that holds the rows of v: its description to
// entry, its zstd frames to data. An empty vector with rows is all null. The
// error is about a vector that does not hold the rows, or ErrLimit.
func (e *Encoder) AppendChunk(entry, data []byte, kind schema.Kind, v *Vector, rows int) ([]byte, []byte, error) {
	if err := check(kind, v, rows); err != nil {
		return entry, data, err
	}
	nulls := countNulls(v, rows)
	if v.empty(kind) {
		nulls = rows
	}
	mode := NullsNone
	switch {
	case nulls == rows:
		return append(entry, byte(kind)|NullsAll<<4), data, nil
	case nulls > 0:
		mode = NullsBitmap
	}
	entry = append(entry, byte(kind)|byte(mode<<4))
	if mode == NullsBitmap {
		entry = binary.AppendUvarint(entry, uint64(nulls))
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
		entry, data = e.appendArea(entry, data, e.bitmap, 1)
	}
	if kind == schema.KindInt {
		vals := v.Ints[:rows]
		if mode == NullsBitmap {
			e.ints = e.ints[:0]
			for i, x := range vals {
				if !v.IsNull(i) {
					e.ints = append(e.ints, x)
				}
			}
			vals = e.ints
		}
		entry, data = e.appendInts(entry, data, vals)
		return entry, data, nil
	}
	e.ints = e.ints[:0]
	for i := range rows {
		if mode == NullsNone || !v.IsNull(i) {
			e.ints = append(e.ints, int64(v.Offsets[i+1]-v.Offsets[i]))
		}
	}
	entry, data = e.appendInts(entry, data, e.ints)
	total := v.Offsets[rows]
	entry = binary.AppendUvarint(entry, uint64(total))
	if kind == schema.KindBytes {
		entry, data = e.appendArea(entry, data, v.Bytes[:total], 1)
	} else {
		entry, data = e.appendInts(entry, data, v.Ints[:total])
	}
	return entry, data, nil
}

// empty reports whether nothing was ever appended to the vector.
func (v *Vector) empty(kind schema.Kind) bool {
	if kind == schema.KindInt {
		return len(v.Ints) == 0
	}
	return len(v.Offsets) == 0
}

// check holds the invariants of Vector and the limits.
func check(kind schema.Kind, v *Vector, rows int) error {
	if rows <= 0 || rows > MaxRows {
		return limit("rows", uint64(rows), MaxRows)
	}
	if v.empty(kind) {
		return nil
	}
	switch kind {
	case schema.KindInt:
		if len(v.Ints) != rows {
			return fmt.Errorf("%d values for %d rows", len(v.Ints), rows)
		}
		return nil
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
	for i := range rows {
		if v.Offsets[i+1] < v.Offsets[i] || v.IsNull(i) && v.Offsets[i+1] != v.Offsets[i] {
			return fmt.Errorf("row %d: offsets %d, %d", i, v.Offsets[i], v.Offsets[i+1])
		}
	}
	return nil
}

func countNulls(v *Vector, rows int) (n int) {
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
