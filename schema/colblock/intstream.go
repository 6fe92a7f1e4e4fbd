package colblock

import (
	"encoding/binary"
	"slices"
)

// The encodings of an int stream (docs/format.md, "Int streams").
const (
	EncodingConstant   = 0 // every value is base
	EncodingValues     = 1 // value - base, split into byte planes
	EncodingDeltas     = 2 // value - previous value - base, split into byte planes
	EncodingDictionary = 3 // index into the distinct values, a byte each
	EncodingRuns       = 4 // value and length of each run
)

// nesting is where an int stream stands, which says what it may be.
type nesting int

const (
	inChunk      nesting = iota // anything
	inRuns                      // the values of runs: not runs
	inDictionary                // distinct values, the lengths of runs: constant, values or deltas
)

// appendInts appends the description of an int stream to entry and its frames
// to data. No values need no byte: the reader knows the count.
func (e *Encoder) appendInts(entry, data []byte, vals []int64, in nesting) ([]byte, []byte) {
	if len(vals) == 0 {
		return entry, data
	}
	encoding, f := e.choose.choose(vals, in)
	switch encoding {
	case EncodingDictionary:
		return e.appendDictionary(entry, data, vals)
	case EncodingRuns:
		return e.appendRuns(entry, data)
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
	entry, data = e.appendInts(entry, data, e.dict, inDictionary)
	return e.appendArea(entry, data, e.index, 1)
}

// appendRuns appends the runs that the chooser found, as a stream of their values
// and one of their lengths less 1.
func (e *Encoder) appendRuns(entry, data []byte) ([]byte, []byte) {
	c := &e.choose
	lo, hi := c.lo, c.hi
	entry = append(entry, EncodingRuns)
	entry = binary.AppendUvarint(entry, uint64(len(c.runs)))
	entry, data = e.appendInts(entry, data, c.runs, inRuns)
	entry, data = e.appendInts(entry, data, c.runLengths, inDictionary)
	c.lo, c.hi = lo, hi // those of the nested streams are no one's business
	return entry, data
}

// intStream is the parsed description of an int stream.
type intStream struct {
	count    int
	encoding int
	width    int
	first    int64
	base     int64
	area     area // of differences, or of the index
	// dict is the distinct values, or those of the runs, and lengths the runs' lengths
	// less 1. They are kept for the next parse, and say nothing of other encodings.
	dict, lengths *intStream
}

// parse reads the description of an int stream of count values, replacing what s
// held.
func (s *intStream) parse(c *Cursor, count int, in nesting) error {
	s.count, s.encoding, s.width, s.first, s.base = count, EncodingConstant, 0, 0, 0
	s.area.raw, s.area.n = 0, 0
	if count == 0 {
		return nil
	}
	b := c.Byte()
	s.encoding, s.width = int(b&15), int(b>>4)
	n := count
	switch s.encoding {
	case EncodingConstant:
		s.base = c.Varint()
		if s.width != 0 {
			return corrupt("width %d of a constant", s.width)
		}
		if c.Bad {
			return corrupt("description ends early")
		}
		return nil
	case EncodingValues:
		if s.width < 1 || s.width > 8 {
			return corrupt("width %d of values", s.width)
		}
	case EncodingDeltas:
		// Width 0 is a line: every difference is base.
		if s.width > 8 {
			return corrupt("width %d of deltas", s.width)
		}
		s.first = c.Varint()
		n--
	case EncodingDictionary:
		if s.width != 0 {
			return corrupt("width %d of a dictionary", s.width)
		}
		if in == inDictionary {
			return corrupt("dictionary in a dictionary or of lengths")
		}
		return s.parseDictionary(c)
	case EncodingRuns:
		if s.width != 0 {
			return corrupt("width %d of runs", s.width)
		}
		if in != inChunk {
			return corrupt("runs in runs or a dictionary")
		}
		return s.parseRuns(c)
	default:
		return corrupt("unknown int encoding %d", s.encoding)
	}
	s.base = c.Varint()
	if c.Bad {
		return corrupt("description ends early")
	}
	return s.area.parse(c, n*s.width, s.width)
}

func (s *intStream) parseDictionary(c *Cursor) error {
	n := int(c.Byte()) + 1
	if c.Bad {
		return corrupt("description ends early")
	}
	if err := parseNested(&s.dict, c, n, inDictionary); err != nil {
		return err
	}
	return s.area.parse(c, s.count, 1)
}

// maxRuns is the number of runs that count values may have: with more of them,
// they would take more memory than the values do.
func maxRuns(count int) int { return count / 2 }

func (s *intStream) parseRuns(c *Cursor) error {
	n := c.Uvarint()
	if c.Bad || n < 2 || n > uint64(maxRuns(s.count)) {
		return corrupt("%d runs of %d values", n, s.count)
	}
	if err := parseNested(&s.dict, c, int(n), inRuns); err != nil {
		return err
	}
	return parseNested(&s.lengths, c, int(n), inDictionary)
}

func parseNested(s **intStream, c *Cursor, count int, in nesting) error {
	if *s == nil {
		*s = new(intStream)
	}
	return (*s).parse(c, count, in)
}

// compressed is the number of bytes that the stream's frames take.
func (s *intStream) compressed() int {
	n := s.area.compressed()
	switch {
	case s.count == 0:
	case s.encoding == EncodingDictionary:
		n += s.dict.compressed()
	case s.encoding == EncodingRuns:
		n += s.dict.compressed() + s.lengths.compressed()
	}
	return n
}

// intReader reads the values of an int stream piece by piece, in order. Its memory
// is reused by open.
type intReader struct {
	encoding    int
	frame       frame
	count, read int    // values
	last        int64  // the value before the next, of deltas
	planes      []byte // or the index
	dict        [MaxDictionary]int64
	runs        []int64 // the values of the runs
	left        []int64 // of each run, the values that were not read, less 1
	run         int     // at hand
}

// open decompresses the stream's frames into buf, takes them off data, and finds
// every error that there is. buf is the reader's until the next open.
func (r *intReader) open(d *Decoder, s *intStream, buf *[]byte, data []byte) ([]byte, error) {
	r.encoding, r.frame = s.encoding, frame{s.base, s.width}
	r.count, r.read, r.last = s.count, 0, s.first
	if s.count == 0 {
		return data, nil
	}
	switch s.encoding {
	case EncodingConstant:
		return data, nil
	case EncodingDictionary:
		return r.openDictionary(d, s, buf, data)
	case EncodingRuns:
		return r.openRuns(d, s, buf, data)
	}
	var err error
	r.planes, data, err = d.decodeArea(&s.area, buf, data)
	return data, err
}

func (r *intReader) openDictionary(d *Decoder, s *intStream, buf *[]byte, data []byte) ([]byte, error) {
	data, err := d.dict.open(d, s.dict, buf, data)
	if err != nil {
		return data, err
	}
	d.dict.next(r.dict[:s.dict.count])
	if r.planes, data, err = d.decodeArea(&s.area, buf, data); err != nil {
		return data, err
	}
	if top := slices.Max(r.planes); int(top) >= s.dict.count {
		return data, corrupt("index %d into a dictionary of %d", top, s.dict.count)
	}
	return data, nil
}

func (r *intReader) openRuns(d *Decoder, s *intStream, buf *[]byte, data []byte) ([]byte, error) {
	for _, part := range []struct {
		stream *intStream
		to     *[]int64
	}{{s.dict, &r.runs}, {s.lengths, &r.left}} {
		var err error
		if data, err = d.runs.open(d, part.stream, buf, data); err != nil {
			return data, err
		}
		*part.to = growInts((*part.to)[:0], part.stream.count)
		d.runs.next(*part.to)
	}
	r.run = 0
	rest := uint64(s.count - len(r.left))
	for _, n := range r.left {
		if uint64(n) > rest {
			return data, corrupt("runs of more than %d values", s.count)
		}
		rest -= uint64(n)
	}
	if rest != 0 {
		return data, corrupt("runs of %d values instead of %d", s.count-int(rest), s.count)
	}
	return data, nil
}

// next sets out to the next values, of which there must be as many.
func (r *intReader) next(out []int64) {
	if len(out) == 0 {
		return
	}
	at := r.read
	r.read += len(out)
	switch r.encoding {
	case EncodingConstant:
		fill(out, r.frame.base)
	case EncodingDictionary:
		// A full array spares the bounds check for each value.
		for i, n := range r.planes[at:r.read] {
			out[i] = r.dict[n]
		}
	case EncodingRuns:
		r.nextOfRuns(out)
	case EncodingValues:
		joinValues(out, r.planes[at:], r.count, r.frame)
	case EncodingDeltas:
		rest := out
		if at == 0 {
			out[0], rest = r.last, out[1:]
		} else {
			at--
		}
		joinValues(rest, r.planes[at:], r.count-1, r.frame)
		for i, d := range rest {
			r.last += d
			rest[i] = r.last
		}
	}
}

func (r *intReader) nextOfRuns(out []int64) {
	for len(out) > 0 {
		v, n := r.runs[r.run], int(r.left[r.run])+1
		switch {
		case n > len(out):
			r.left[r.run] -= int64(len(out))
			fill(out, v)
			return
		case len(out) < 4:
			fill(out[:n], v)
		default:
			// Most runs are short, and what is too much the next one overwrites.
			*(*[4]int64)(out) = [4]int64{v, v, v, v}
			if n > 4 {
				fill(out[4:n], v)
			}
		}
		out = out[n:]
		r.run++
	}
}

func fill(out []int64, v int64) {
	for i := range out {
		out[i] = v
	}
}
