package segment

import (
	"bytes"
	"encoding/binary"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// MaxStatisticBytes limits the values in the statistics of bytes columns: an
// IPv6 address.
const MaxStatisticBytes = 16

// byteStatistics are the bytes columns of which statistics are written.
var byteStatistics = [...]schema.ColumnID{schema.ColLocalAddress, schema.ColRemoteAddress}

// ByteBounds are the smallest and the largest of the values of one size.
type ByteBounds struct{ Min, Max []byte }

// appendByteStatistics appends the statistics of the block's bytes columns.
func appendByteStatistics(b []byte, blk *Block) []byte {
	count := len(b)
	b = append(b, 0)
	for _, id := range byteStatistics {
		bounds, _ := byteBoundsOf(&blk.Cols[id], blk.Rows[schema.ByID(id).Table])
		for size := range bounds {
			if v := &bounds[size]; v.Min != nil {
				b = binary.AppendUvarint(b, uint64(id))
				b = binary.AppendUvarint(b, uint64(size))
				b = append(append(b, v.Min...), v.Max...)
				b[count]++
			}
		}
	}
	return b
}

// byteBoundsOf returns the bounds of the values of each size, nil where there
// are none; ok is false when a value is too long, and nothing then known.
func byteBoundsOf(v *colblock.Vector, rows int) (bounds [MaxStatisticBytes + 1]ByteBounds, ok bool) {
	if len(v.Offsets) <= rows {
		return bounds, true
	}
	for i := range rows {
		if v.IsNull(i) {
			continue
		}
		x := v.BytesAt(i)
		if len(x) > MaxStatisticBytes {
			return [MaxStatisticBytes + 1]ByteBounds{}, false
		}
		b := &bounds[len(x)]
		switch {
		case b.Min == nil:
			b.Min, b.Max = x, x
		case bytes.Compare(x, b.Min) < 0:
			b.Min = x
		case bytes.Compare(x, b.Max) > 0:
			b.Max = x
		}
	}
	return bounds, true
}

// columnByteBounds is the statistics of a bytes column's values of one size.
type columnByteBounds struct {
	id schema.ColumnID
	ByteBounds
}

func nextByteBounds(c *colblock.Cursor) (columnByteBounds, error) {
	id, size := c.Uvarint(), c.Uvarint()
	if c.Bad || id == 0 || id > 1<<16-1 || size > MaxStatisticBytes {
		return columnByteBounds{}, errPayload
	}
	b := columnByteBounds{schema.ColumnID(id), ByteBounds{c.Take(size), c.Take(size)}}
	if c.Bad || bytes.Compare(b.Min, b.Max) > 0 {
		return b, errPayload
	}
	return b, nil
}

// parseByteStatistics keeps those of columns that this build knows: few.
func (s *Segment) parseByteStatistics(c *colblock.Cursor) error {
	n := c.Uvarint()
	if c.Bad || n > MaxColumns {
		return errPayload
	}
	for range n {
		b, err := nextByteBounds(c)
		if err != nil {
			return err
		}
		if known := schema.ByID(b.id); known != nil && known.Kind == schema.KindBytes {
			s.byteBounds = append(s.byteBounds, b)
		}
	}
	return nil
}

// ByteRange returns the bounds of a bytes column's values, one for each size
// that a value has, in the order of bytes.Compare; none when the header does
// not tell. They are the segment's.
func (s *Segment) ByteRange(id schema.ColumnID) []ByteBounds {
	var all []ByteBounds
	for i := range s.byteBounds {
		if b := &s.byteBounds[i]; b.id == id {
			all = append(all, b.ByteBounds)
		}
	}
	return all
}
