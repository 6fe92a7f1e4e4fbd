package segment

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// The smallest and largest values of columns, behind a segment's directory:
// what a reader needs to leave the segment alone.

// hasStatistics is the columns of which they are written: numbers that one may
// look for, and that nothing else in the header speaks for.
var hasStatistics = func() (has [schema.MaxColumnID + 1]bool) {
	for _, c := range schema.Columns() {
		has[c.ID] = c.Kind == schema.KindInt && c.Type != schema.TypePointer
	}
	has[schema.ColTimeNS], has[schema.ColCPU], has[schema.ColSeq] = false, false, false
	return has
}()

// appendStatistics appends the statistics of the column that enc encoded last,
// if there are any to write, and reports whether there were.
func appendStatistics(b []byte, id schema.ColumnID, enc *colblock.Encoder, v *colblock.Vector, rows int) ([]byte, bool) {
	if !hasStatistics[id] {
		return b, false
	}
	lo, hi, ok := enc.Bounds(v, rows)
	if !ok {
		return b, false
	}
	b = binary.AppendUvarint(b, uint64(id))
	b = binary.AppendVarint(b, lo)
	return binary.AppendUvarint(b, uint64(hi)-uint64(lo)), true
}

// appendErrors appends the different error numbers in ret, ascending.
func appendErrors(b []byte, ret *colblock.Vector) []byte {
	var seen [(schema.MaxErrno + 64) / 64]uint64
	n := 0
	for i, x := range ret.Ints {
		if x >= 0 || ret.IsNull(i) {
			continue
		}
		if e := schema.Errno(x); e != 0 && seen[e>>6]>>(e&63)&1 == 0 {
			seen[e>>6] |= 1 << (e & 63)
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	for w, word := range seen {
		for ; word != 0; word &= word - 1 {
			b = binary.AppendUvarint(b, uint64(w<<6+bits.TrailingZeros64(word)))
		}
	}
	return b
}

// parseErrors returns the errors as appendErrors has them.
func parseErrors(c *colblock.Cursor) ([]uint16, error) {
	n := c.Uvarint()
	if c.Bad || n > schema.MaxErrno || n > uint64(len(c.Rest)) {
		return nil, errPayload
	}
	errors := make([]uint16, n)
	last := uint64(0)
	for i := range errors {
		e := c.Uvarint()
		if c.Bad || e <= last || e > schema.MaxErrno {
			return nil, errPayload
		}
		errors[i], last = uint16(e), e
	}
	return errors, nil
}

// columnBounds is a column's statistics.
type columnBounds struct {
	id       schema.ColumnID
	min, max int64
}

// nextBounds reads one column's statistics.
func nextBounds(c *colblock.Cursor) (columnBounds, error) {
	id, lo, span := c.Uvarint(), c.Varint(), c.Uvarint()
	if c.Bad || id == 0 || id > 1<<16-1 || span > uint64(math.MaxInt64)-uint64(lo) {
		return columnBounds{}, errPayload
	}
	return columnBounds{schema.ColumnID(id), lo, int64(uint64(lo) + span)}, nil
}

// parseStatistics checks the statistics and keeps them as they are: few of them
// are looked at.
func (s *Segment) parseStatistics(c *colblock.Cursor) error {
	if len(c.Rest) == 0 {
		return nil
	}
	n := c.Uvarint()
	if c.Bad || n > MaxColumns {
		return errPayload
	}
	s.statistics, s.statisticsCount = c.Rest, int(n)
	for range n {
		if _, err := nextBounds(c); err != nil {
			return err
		}
	}
	s.statistics = s.statistics[:len(s.statistics)-len(c.Rest)]
	var err error
	if s.errors, err = parseErrors(c); err != nil {
		return err
	}
	s.hasErrors = true
	return s.parseByteStatistics(c)
}

// eachBounds calls f with the statistics of each column.
func (s *Segment) eachBounds(f func(columnBounds)) {
	c := colblock.Cursor{Rest: s.statistics}
	for range s.statisticsCount {
		b, err := nextBounds(&c)
		if err != nil {
			return // parsed before: cannot be
		}
		f(b)
	}
}

// Range is what a segment's header tells of a column's values.
type Range struct {
	Nulls int // null rows of the column's table
	// Bounded: every value of the int column is from Min to Max.
	Bounded  bool
	Min, Max int64
}

// Range returns what the header tells of a column; ok is false for a column
// that this build does not know. Nothing is decompressed.
func (s *Segment) Range(id schema.ColumnID) (r Range, ok bool) {
	known := schema.ByID(id)
	if known == nil {
		return Range{}, false
	}
	c := s.byID(id)
	if c == nil {
		return Range{Nulls: s.TableRows[known.Table]}, true
	}
	var chunk colblock.Chunk
	if err := chunk.Parse(c.desc, c.rows); err != nil {
		return Range{}, false // parsed before: cannot be
	}
	r.Nulls = chunk.Nulls()
	if id == schema.ColTimeNS {
		r.Bounded, r.Min, r.Max = true, s.MinTimeNS, s.MaxTimeNS
	} else if v, constant := chunk.Constant(); constant {
		r.Bounded, r.Min, r.Max = true, v, v
	}
	s.eachBounds(func(b columnBounds) {
		if b.id == id && !r.Bounded && known.Kind == schema.KindInt {
			r.Bounded, r.Min, r.Max = true, b.min, b.max
		}
	})
	if id == schema.ColCPU && !r.Bounded {
		r.Min, r.Max, r.Bounded = s.cpus()
	}
	return r, true
}

// Errors returns the different error numbers in ret, ascending; ok is false
// when the header does not tell. The slice is the segment's.
func (s *Segment) Errors() (errnos []uint16, ok bool) { return s.errors, s.hasErrors }

// cpus returns the bounds of the CPUs, if the ranges have all events.
func (s *Segment) cpus() (lo, hi int64, ok bool) {
	events := int64(0)
	lo, hi = math.MaxInt64, math.MinInt64
	for _, r := range s.Ranges {
		events += r.Count
		lo, hi = min(lo, int64(r.CPU)), max(hi, int64(r.CPU))
	}
	return lo, hi, events == int64(s.Rows)
}
