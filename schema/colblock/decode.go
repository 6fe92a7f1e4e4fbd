package colblock

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Decoder decodes column chunks into vectors. It reuses its memory; it is not
// safe for concurrent use.
type Decoder struct {
	z       *zstd.Decoder
	raw     []byte
	ints    Scan      // of an int column that is decoded as a whole
	lists   intReader // of lengths and of list values
	dict    intReader // of distinct values
	runs    intReader // of the values and the lengths of runs
	lengths []int64
}

// NewDecoder returns a decoder.
func NewDecoder() *Decoder {
	// No option here can fail. The cap limit bounds what a frame may inflate
	// to by the length that the directory gave, which is checked before.
	z, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxMemory(MaxColumnBytes),
		zstd.WithDecoderMaxWindow(MaxColumnBytes),
		zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(fmt.Sprintf("colblock: zstd decoder: %v", err))
	}
	return &Decoder{z: z}
}

// Chunk is the parsed description of a column chunk. It aliases the directory
// it was parsed from.
type Chunk struct {
	Kind schema.Kind
	Rows int
	// Relative is the column that the values are relative to, 0 for none.
	Relative schema.ColumnID
	nulls    int // number of null rows
	mode     int
	bitmap   area
	total    int       // bytes or list values in all
	ints     intStream // the values, or the lengths
	bytes    area
	values   intStream // list values
}

// Parse parses a chunk description of rows rows (1 to MaxRows) and checks every
// size in it against the limits. It replaces what k held, whose memory it reuses.
// Bytes behind the description are left alone: later versions may append to it.
func (k *Chunk) Parse(entry []byte, rows int) error {
	c := Cursor{Rest: entry}
	b := c.Byte()
	k.Kind, k.Rows, k.mode = schema.Kind(b&15), rows, int(b>>nullsShift&nullsMask)
	k.Relative, k.nulls, k.total = 0, 0, 0
	k.bitmap.n, k.bytes.n, k.ints.count, k.ints.area.n, k.values.count, k.values.area.n = 0, 0, 0, 0, 0, 0
	if rows <= 0 || rows > MaxRows {
		return limit("rows", uint64(rows), MaxRows)
	}
	if c.Bad || k.Kind < schema.KindInt || k.Kind > schema.KindIntList {
		return corrupt("unknown %v", k.Kind)
	}
	if b>>7 != 0 {
		return corrupt("unknown flag")
	}
	if b&FlagRelative != 0 {
		id := c.Uvarint()
		if id == 0 || id > 1<<16-1 || k.Kind == schema.KindBytes {
			return corrupt("%v relative to column %d", k.Kind, id)
		}
		k.Relative = schema.ColumnID(id)
	}
	switch k.mode {
	case NullsNone:
	case NullsAll:
		k.nulls = rows
		return nil
	case NullsBitmap:
		nulls := c.Uvarint()
		if nulls == 0 || nulls >= uint64(rows) {
			return corrupt("%d of %d rows null", nulls, rows)
		}
		k.nulls = int(nulls)
		if err := k.bitmap.parse(&c, (rows+7)/8, 1); err != nil {
			return err
		}
	default:
		return corrupt("unknown null mode %d", k.mode)
	}
	if err := k.ints.parse(&c, rows-k.nulls, inChunk); err != nil || k.Kind == schema.KindInt {
		return err
	}
	total := c.Uvarint()
	if c.Bad {
		return corrupt("description ends early")
	}
	if k.Kind == schema.KindBytes {
		if total > MaxColumnBytes {
			return limit("column bytes", total, MaxColumnBytes)
		}
		k.total = int(total)
		return k.bytes.parse(&c, k.total, 1)
	}
	if total > MaxListValues {
		return limit("list values", total, MaxListValues)
	}
	k.total = int(total)
	return k.values.parse(&c, k.total, inChunk)
}

// CompressedSize is the number of bytes that the chunk's frames take.
func (k *Chunk) CompressedSize() int {
	return k.bitmap.compressed() + k.ints.compressed() + k.bytes.compressed() + k.values.compressed()
}

// DecodedSize is the memory that the decoded vector takes, in bytes.
func (k *Chunk) DecodedSize() int { return DecodedSize(k.Kind, k.Rows, k.total) }

// DecodedSize is the memory that a vector of rows rows takes, in bytes; total
// is the number of its bytes or list values.
func DecodedSize(kind schema.Kind, rows, total int) int {
	switch kind {
	case schema.KindInt:
		return 8*rows + rows/8
	case schema.KindBytes:
		return total + 4*(rows+1) + rows/8
	}
	return 8*total + 4*(rows+1) + rows/8
}

// Decode decodes the chunk into v, replacing what it held. data is exactly the
// chunk's frames. rel is the decoded column k.Relative, nil without one.
func (d *Decoder) Decode(v *Vector, k *Chunk, data []byte, rel *Vector) error {
	v.Reset()
	if len(data) != k.CompressedSize() {
		return corrupt("%d bytes of frames instead of %d", len(data), k.CompressedSize())
	}
	if k.mode == NullsAll {
		v.FillNull(k.Kind, k.Rows)
		return nil
	}
	if k.Relative != 0 {
		if rel == nil {
			return corrupt("column %d, which this is relative to, is missing", k.Relative)
		}
		if len(rel.Ints) != k.Rows {
			return corrupt("relative to a column of %d rows instead of %d", len(rel.Ints), k.Rows)
		}
	}
	if k.Kind == schema.KindInt {
		if err := d.open(&d.ints, &d.raw, k, data); err != nil {
			return err
		}
		d.ints.Next(v, k.Rows, rel)
		return nil
	}
	data, err := d.decodeNulls(&v.Nulls, k, data)
	if err != nil {
		return err
	}
	if data, err = d.lists.open(d, &k.ints, &d.raw, data); err != nil {
		return err
	}
	d.lengths = growInts(d.lengths[:0], k.ints.count)
	d.lists.next(d.lengths)
	if err := v.setLengths(d.lengths, k.Rows, k.total); err != nil {
		return err
	}
	if k.Kind == schema.KindIntList {
		if _, err = d.lists.open(d, &k.values, &d.raw, data); err != nil {
			return err
		}
		v.Ints = growInts(v.Ints, k.total)
		d.lists.next(v.Ints)
		if k.Relative != 0 {
			addToLists(v, rel.Ints)
		}
		return nil
	}
	v.Bytes = growForFrames(v.Bytes, k.total)
	if k.bytes.n == 0 {
		copy(v.Bytes, k.bytes.inline)
		return nil
	}
	_, err = d.inflateArea(v.Bytes, &k.bytes, &data)
	return err
}

// decodeNulls fills words with the null rows and checks that they are as many as
// promised.
func (d *Decoder) decodeNulls(words *[]uint64, k *Chunk, data []byte) ([]byte, error) {
	*words = (*words)[:0]
	if k.mode != NullsBitmap {
		return data, nil
	}
	bitmap, data, err := d.decodeArea(&k.bitmap, &d.raw, data)
	if err != nil {
		return data, err
	}
	n := 0
	for rest := bitmap; len(rest) > 0; rest = rest[min(8, len(rest)):] {
		var last [8]byte
		eight := rest
		if len(rest) < 8 {
			copy(last[:], rest)
			eight = last[:]
		}
		word := binary.LittleEndian.Uint64(eight)
		*words = append(*words, word)
		n += bits.OnesCount64(word)
	}
	if k.Rows&7 != 0 && bitmap[len(bitmap)-1]>>(k.Rows&7) != 0 {
		return data, corrupt("null bits behind the last row")
	}
	if n != k.nulls {
		return data, corrupt("%d null bits instead of %d", n, k.nulls)
	}
	return data, nil
}

// setLengths sets the offsets from the lengths of the rows that are not null.
func (v *Vector) setLengths(lengths []int64, rows, total int) error {
	v.Offsets = append(v.Offsets, 0)
	sum := uint64(0)
	next := 0
	for i := range rows {
		if !v.IsNull(i) {
			n := uint64(lengths[next])
			next++
			if n > uint64(total)-sum {
				return corrupt("row %d: length %d", i, n)
			}
			sum += n
		}
		v.Offsets = append(v.Offsets, uint32(sum))
	}
	if sum != uint64(total) {
		return corrupt("lengths sum up to %d instead of %d", sum, total)
	}
	return nil
}

// FillNull makes v hold rows rows without a value.
func (v *Vector) FillNull(kind schema.Kind, rows int) {
	v.Reset()
	if kind == schema.KindInt {
		v.Ints = growInts(v.Ints, rows)
		clear(v.Ints)
	} else {
		for range rows + 1 {
			v.Offsets = append(v.Offsets, 0)
		}
	}
	for left := rows; left > 0; left -= 64 {
		word := ^uint64(0)
		if left < 64 {
			word = 1<<left - 1
		}
		v.Nulls = append(v.Nulls, word)
	}
}

// Nulls returns the number of null rows.
func (k *Chunk) Nulls() int { return k.nulls }

// Constant returns the one value that all rows of an int column have that are
// not null; ok is false when the description does not tell.
func (k *Chunk) Constant() (v int64, ok bool) {
	ok = k.Kind == schema.KindInt && k.Relative == 0 && k.mode != NullsAll && k.ints.encoding == EncodingConstant
	return k.ints.base, ok
}
