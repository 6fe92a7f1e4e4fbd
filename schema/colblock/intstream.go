package colblock

import (
	"encoding/binary"
	"math/bits"
)

// The encodings of an int stream (docs/format.md, "Int streams").
const (
	EncodingConstant = 0 // every value is base
	EncodingValues   = 1 // value - base, split into byte planes
	EncodingDeltas   = 2 // value - previous value - base, split into byte planes
)

// frame is a frame of reference: base and the bytes that the largest
// difference to it needs.
type frame struct {
	base  int64
	width int
}

func frameOf(lo, hi int64) frame {
	return frame{lo, (bits.Len64(uint64(hi)-uint64(lo)) + 7) / 8}
}

// chooseInt picks the encoding of the values, which are not empty. Differences
// wrap at 64 bits on both sides, so that extremes need no special case.
func chooseInt(vals []int64) (encoding int, f frame) {
	lo, hi := vals[0], vals[0]
	dlo, dhi := int64(1<<63-1), int64(-1<<63)
	prev := vals[0]
	for _, v := range vals[1:] {
		lo, hi = min(lo, v), max(hi, v)
		d := v - prev
		dlo, dhi = min(dlo, d), max(dhi, d)
		prev = v
	}
	if lo == hi {
		return EncodingConstant, frame{lo, 0}
	}
	fv, fd := frameOf(lo, hi), frameOf(dlo, dhi)
	if fd.width < fv.width {
		return EncodingDeltas, fd
	}
	return EncodingValues, fv
}

// appendInts appends the description of an int stream to entry and its frames
// to data. No values need no byte: the reader knows the count.
func (e *Encoder) appendInts(entry, data []byte, vals []int64) ([]byte, []byte) {
	if len(vals) == 0 {
		return entry, data
	}
	encoding, f := chooseInt(vals)
	entry = append(entry, byte(encoding|f.width<<4))
	var n int
	switch encoding {
	case EncodingConstant:
		return binary.AppendVarint(entry, f.base), data
	case EncodingValues:
		n = len(vals)
		e.planes = grow(e.planes, n*f.width)
		splitValues(e.planes, vals, f)
	case EncodingDeltas:
		n = len(vals) - 1
		entry = binary.AppendVarint(entry, vals[0])
		e.planes = grow(e.planes, n*f.width)
		splitDeltas(e.planes, vals, f)
	}
	entry = binary.AppendVarint(entry, f.base)
	return e.appendArea(entry, data, e.planes, f.width)
}

// intStream is the parsed description of an int stream.
type intStream struct {
	count    int
	encoding int
	width    int
	first    int64
	base     int64
	area     area
}

// parseInts reads the description of an int stream of count values.
func parseInts(c *Cursor, count int) (intStream, error) {
	s := intStream{count: count}
	if count == 0 {
		return s, nil
	}
	b := c.Byte()
	s.encoding, s.width = int(b&15), int(b>>4)
	n := count
	switch s.encoding {
	case EncodingConstant:
		s.base = c.Varint()
		if s.width != 0 {
			return s, corrupt("width %d of a constant", s.width)
		}
		if c.Bad {
			return s, corrupt("description ends early")
		}
		return s, nil
	case EncodingValues:
		if s.width < 1 || s.width > 8 {
			return s, corrupt("width %d of values", s.width)
		}
	case EncodingDeltas:
		// Width 0 is a line: every difference is base.
		if s.width > 8 {
			return s, corrupt("width %d of deltas", s.width)
		}
		s.first = c.Varint()
		n--
	default:
		return s, corrupt("unknown int encoding %d", s.encoding)
	}
	s.base = c.Varint()
	if c.Bad {
		return s, corrupt("description ends early")
	}
	var err error
	s.area, err = parseArea(c, n*s.width, s.width)
	return s, err
}

// decodeInts appends the stream's values to dst, taking its frames off data.
func (d *Decoder) decodeInts(dst []int64, s *intStream, data []byte) ([]int64, []byte, error) {
	if s.count == 0 {
		return dst, data, nil
	}
	start := len(dst)
	dst = growInts(dst, s.count)
	out := dst[start:]
	if s.encoding == EncodingConstant {
		for i := range out {
			out[i] = s.base
		}
		return dst, data, nil
	}
	planes, data, err := d.decodeArea(&s.area, data)
	if err != nil {
		return dst, data, err
	}
	if s.encoding == EncodingValues {
		joinValues(out, planes, frame{s.base, s.width})
		return dst, data, nil
	}
	out[0] = s.first
	if s.count > 1 {
		joinDeltas(out, planes, frame{s.base, s.width})
	}
	return dst, data, nil
}
