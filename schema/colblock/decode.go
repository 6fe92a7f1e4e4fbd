package colblock

import (
	"fmt"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Decoder decodes column chunks into vectors. It reuses its memory; it is not
// safe for concurrent use.
type Decoder struct {
	z    *zstd.Decoder
	raw  []byte
	ints []int64
	dict []int64
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

// ParseChunk parses a chunk description of rows rows (1 to MaxRows) and checks
// every size in it against the limits. Bytes behind the description are left
// alone: later versions may append to it.
func ParseChunk(entry []byte, rows int) (Chunk, error) {
	c := Cursor{Rest: entry}
	b := c.Byte()
	k := Chunk{Kind: schema.Kind(b & 15), Rows: rows, mode: int(b >> nullsShift & nullsMask)}
	if rows <= 0 || rows > MaxRows {
		return k, limit("rows", uint64(rows), MaxRows)
	}
	if c.Bad || k.Kind < schema.KindInt || k.Kind > schema.KindIntList {
		return k, corrupt("unknown %v", k.Kind)
	}
	if b>>7 != 0 {
		return k, corrupt("unknown flag")
	}
	if b&FlagRelative != 0 {
		id := c.Uvarint()
		if id == 0 || id > 1<<16-1 || k.Kind == schema.KindBytes {
			return k, corrupt("%v relative to column %d", k.Kind, id)
		}
		k.Relative = schema.ColumnID(id)
	}
	var err error
	switch k.mode {
	case NullsNone:
	case NullsAll:
		k.nulls = rows
		return k, nil
	case NullsBitmap:
		nulls := c.Uvarint()
		if nulls == 0 || nulls >= uint64(rows) {
			return k, corrupt("%d of %d rows null", nulls, rows)
		}
		k.nulls = int(nulls)
		if k.bitmap, err = parseArea(&c, (rows+7)/8, 1); err != nil {
			return k, err
		}
	default:
		return k, corrupt("unknown null mode %d", k.mode)
	}
	if k.ints, err = parseInts(&c, rows-k.nulls, false); err != nil || k.Kind == schema.KindInt {
		return k, err
	}
	total := c.Uvarint()
	if c.Bad {
		return k, corrupt("description ends early")
	}
	if k.Kind == schema.KindBytes {
		if total > MaxColumnBytes {
			return k, limit("column bytes", total, MaxColumnBytes)
		}
		k.total = int(total)
		k.bytes, err = parseArea(&c, k.total, 1)
		return k, err
	}
	if total > MaxListValues {
		return k, limit("list values", total, MaxListValues)
	}
	k.total = int(total)
	k.values, err = parseInts(&c, k.total, false)
	return k, err
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
	data, err := d.decodeNulls(v, k, data)
	if err != nil {
		return err
	}
	if k.Kind == schema.KindInt {
		if v.Ints, _, err = d.decodeInts(v.Ints, &k.ints, data); err != nil {
			return err
		}
		if k.nulls > 0 {
			v.Ints = growInts(v.Ints, k.nulls)
			spread(v.Ints, k.Rows-k.nulls, v)
		}
		return k.addRelative(v, rel)
	}
	d.ints, data, err = d.decodeInts(d.ints[:0], &k.ints, data)
	if err != nil {
		return err
	}
	if err := v.setLengths(d.ints, k.Rows, k.total); err != nil {
		return err
	}
	if k.Kind == schema.KindIntList {
		if v.Ints, _, err = d.decodeInts(v.Ints, &k.values, data); err != nil {
			return err
		}
		return k.addRelative(v, rel)
	}
	v.Bytes = grow(v.Bytes, k.total)
	if k.bytes.n == 0 {
		copy(v.Bytes, k.bytes.inline)
		return nil
	}
	_, err = d.inflateArea(v.Bytes, &k.bytes, &data)
	return err
}

func (k *Chunk) addRelative(v, rel *Vector) error {
	if k.Relative == 0 {
		return nil
	}
	if rel == nil {
		return corrupt("column %d, which this is relative to, is missing", k.Relative)
	}
	return (&Relative{k.Relative, rel}).add(k.Kind, v, k.Rows)
}

// decodeNulls fills v.Nulls and checks that it has as many as promised.
func (d *Decoder) decodeNulls(v *Vector, k *Chunk, data []byte) ([]byte, error) {
	if k.mode != NullsBitmap {
		return data, nil
	}
	bitmap, data, err := d.decodeArea(&k.bitmap, data)
	if err != nil {
		return data, err
	}
	n := 0
	for i, b := range bitmap {
		if i%8 == 0 {
			v.Nulls = append(v.Nulls, 0)
		}
		v.Nulls[i/8] |= uint64(b) << (8 * (i & 7))
		n += bits.OnesCount8(b)
	}
	if k.Rows&7 != 0 && bitmap[len(bitmap)-1]>>(k.Rows&7) != 0 {
		return data, corrupt("null bits behind the last row")
	}
	if n != k.nulls {
		return data, corrupt("%d null bits instead of %d", n, k.nulls)
	}
	return data, nil
}

// spread moves the n values at the start of vals to the rows that are not
// null, from the back so that it works in place.
func spread(vals []int64, n int, v *Vector) {
	for word := len(v.Nulls) - 1; word >= 0; word-- {
		rows := vals[word*64 : min(word*64+64, len(vals))]
		nulls := v.Nulls[word]
		if nulls == 0 {
			n -= copy(rows, vals[n-len(rows):n])
			continue
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if nulls>>(i&63)&1 != 0 {
				rows[i] = 0
				continue
			}
			n--
			rows[i] = vals[n]
		}
	}
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
