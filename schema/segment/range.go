package segment

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

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
	chunk, err := colblock.ParseChunk(c.desc, c.rows)
	if err != nil {
		return Range{}, false // parsed before: cannot be
	}
	r.Nulls = chunk.Nulls()
	if id == schema.ColTimeNS {
		r.Bounded, r.Min, r.Max = true, s.MinTimeNS, s.MaxTimeNS
	} else if v, constant := chunk.Constant(); constant {
		r.Bounded, r.Min, r.Max = true, v, v
	}
	return r, true
}
