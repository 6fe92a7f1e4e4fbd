package colblock

import "encoding/binary"

// The encodings of an int stream (docs/format.md, "Int streams").
const (
	EncodingConstant   = 0 // every value is base
	EncodingValues     = 1 // value - base, split into byte planes
	EncodingDeltas     = 2 // value - previous value - base, split into byte planes
	EncodingDictionary = 3 // index into the distinct values, a byte each
)

// appendInts appends the description of an int stream to entry and its frames
// to data. No values need no byte: the reader knows the count.
func (e *Encoder) appendInts(entry, data []byte, vals []int64, nested bool) ([]byte, []byte) {
	if len(vals) == 0 {
		return entry, data
	}
	encoding, f := e.choose.choose(vals, nested)
	if encoding == EncodingDictionary {
		return e.appendDictionary(entry, data, vals)
	}
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

// appendDictionary appends the distinct values that the chooser found, as a
// stream of their own, and the index.
func (e *Encoder) appendDictionary(entry, data []byte, vals []int64) ([]byte, []byte) {
	entry = append(entry, EncodingDictionary)
	// The nested stream uses the chooser again, so the index goes first.
	e.index = grow(e.index, len(vals))
	e.choose.index(e.index, vals)
	e.dict = append(e.dict[:0], e.choose.dict...)
	entry = append(entry, byte(len(e.dict)-1))
	entry, data = e.appendInts(entry, data, e.dict, true)
	return e.appendArea(entry, data, e.index, 1)
}

// intStream is the parsed description of an int stream.
type intStream struct {
	count    int
	encoding int
	width    int
	first    int64
	base     int64
	area     area
	dict     *intStream // the distinct values
}

// parseInts reads the description of an int stream of count values; a nested
// one has no dictionary.
func parseInts(c *Cursor, count int, nested bool) (intStream, error) {
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
	case EncodingDictionary:
		if s.width != 0 {
			return s, corrupt("width %d of a dictionary", s.width)
		}
		if nested {
			return s, corrupt("dictionary of a dictionary")
		}
		return s, s.parseDictionary(c)
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

func (s *intStream) parseDictionary(c *Cursor) error {
	n := int(c.Byte()) + 1
	if c.Bad {
		return corrupt("description ends early")
	}
	dict, err := parseInts(c, n, true)
	if err != nil {
		return err
	}
	s.dict = &dict
	s.area, err = parseArea(c, s.count, 1)
	return err
}

// compressed is the number of bytes that the stream's frames take.
func (s *intStream) compressed() int {
	n := s.area.compressed()
	if s.dict != nil {
		n += s.dict.area.compressed()
	}
	return n
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
	if s.encoding == EncodingDictionary {
		data, err := d.decodeDictionary(out, s, data)
		return dst, data, err
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

func (d *Decoder) decodeDictionary(out []int64, s *intStream, data []byte) ([]byte, error) {
	var err error
	if d.dict, data, err = d.decodeInts(d.dict[:0], s.dict, data); err != nil {
		return data, err
	}
	index, data, err := d.decodeArea(&s.area, data)
	if err != nil {
		return data, err
	}
	// A full array spares the bounds check for each value.
	var dict [MaxDictionary]int64
	n := copy(dict[:], d.dict)
	top := byte(0)
	for i, at := range index {
		top = max(top, at)
		out[i] = dict[at]
	}
	if int(top) >= n {
		return data, corrupt("index %d into a dictionary of %d", top, n)
	}
	return data, nil
}
