package parquet

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// encoder turns segments into a row group. One per worker; it keeps its memory.
type encoder struct {
	all    bool // of every segment, all events
	eval   *filter.Evaluator
	copier rows.Copier
	one    segment.Block // the segment at hand
	rows   segment.Block // all segments of the row group
	wall   *segment.WallClock
	out    *chunkWriter

	order []int32                   // event rows by time
	refs  [schema.NumTables][]int32 // row in each table, in that order; noIndex: none

	// Scratch of the column at hand.
	values     []int64
	indexes    []int32
	definition []byte
	repetition []byte
	nulls      bool
	codes      []int32 // dictionary index by row of a table; noIndex is null
	texts      []int32 // dictionary index by that of the number that the text is of
	ints       intDict
	bytes      bytesDict
	event      fields.Event
	text       []byte
	utf8       []byte
	pairs      map[uint64]int32
}

func newEncoder(r *segment.Reader, p *filter.Program) *encoder {
	return &encoder{all: p.All(), eval: p.Evaluator(r.NewDecoder()), out: newChunkWriter(), pairs: map[uint64]int32{}}
}

// encode fills j.group from j.segments.
func (e *encoder) encode(j *job) {
	j.group.reset()
	e.wall, e.out.group = j.wall, &j.group
	e.rows.Reset()
	if e.all {
		e.grow(j)
	}
	for _, s := range j.segments {
		err := e.appendSegment(s)
		if err == nil {
			continue
		}
		var corrupt *segment.CorruptError
		if !errors.As(err, &corrupt) {
			j.err = err
			return
		}
		j.corrupt = append(j.corrupt, segment.Damage{Offset: s.Offset, Size: s.Size, Err: err, Events: int64(s.Rows)})
	}
	j.group.rows = e.rows.Rows[schema.TableEvent]
	if j.group.rows == 0 {
		return
	}
	e.order = e.rows.TimeOrder(e.order[:0])
	for t := schema.TableTask; t < schema.NumTables; t++ {
		e.followRefs(t)
	}
	for i := range leaves {
		if j.err = leaves[i].encode(e, &leaves[i]); j.err != nil {
			return
		}
	}
}

// appendSegment appends the selected events of a segment to e.rows.
func (e *encoder) appendSegment(s *segment.Segment) error {
	selected, err := e.eval.Reselect(s, &e.one)
	if err != nil || selected.Len() == 0 {
		return err
	}
	if err := e.eval.Read(s, nil, &e.one); err != nil {
		return err
	}
	if err := checkRows(&e.one); err != nil {
		return &segment.CorruptError{Offset: s.Offset, Column: "of the segment", Err: err}
	}
	if selected.All() {
		appendBlock(&e.rows, &e.one)
		return nil
	}
	e.copier.Append(&e.rows)
	e.copier.Source(&e.one)
	e.order = selected.AppendRows(e.order[:0])
	for _, row := range e.order {
		e.copier.Copy(int(row))
	}
	return nil
}

// typicalEventBytes is what an event takes in the file, for a first guess.
const typicalEventBytes = 40

// grow makes room for the rows of the job, so that no memory is thrown away on
// the way to it. Segment headers were checked against the format's limits.
func (e *encoder) grow(j *job) {
	var rows [schema.NumTables]int
	for _, s := range j.segments {
		for t, n := range s.TableRows {
			rows[t] += n
		}
	}
	for i := range schema.All() {
		c := &schema.All()[i]
		v := &e.rows.Cols[c.ID]
		switch c.Kind {
		case schema.KindInt:
			v.Ints = slices.Grow(v.Ints, rows[c.Table])
		case schema.KindIntList:
			v.Ints = slices.Grow(v.Ints, rows[c.Table])
			v.Offsets = slices.Grow(v.Offsets, rows[c.Table]+1)
		case schema.KindBytes:
			v.Offsets = slices.Grow(v.Offsets, rows[c.Table]+1)
		}
	}
	events := rows[schema.TableEvent]
	e.order = slices.Grow(e.order[:0], events)
	for t := range e.refs {
		e.refs[t] = slices.Grow(e.refs[t][:0], events)
	}
	e.values, e.indexes = slices.Grow(e.values[:0], events), slices.Grow(e.indexes[:0], events)
	j.group.data = slices.Grow(j.group.data, events*typicalEventBytes)
}

// followRefs finds the row in table t of every event, in time order. A table
// without columns in the file has none.
func (e *encoder) followRefs(t schema.Table) {
	refs := e.refs[t][:0]
	v := &e.rows.Cols[schema.RefOf(t)]
	if len(v.Nulls) == 0 {
		for _, row := range e.order {
			refs = append(refs, int32(v.Ints[row]))
		}
	} else {
		for _, row := range e.order {
			if v.IsNull(int(row)) {
				refs = append(refs, noIndex)
			} else {
				refs = append(refs, int32(v.Ints[row]))
			}
		}
	}
	e.refs[t] = refs
}

// rowsOf returns the row in table t of every event, in time order.
func (e *encoder) rowsOf(t schema.Table) []int32 {
	if t == schema.TableEvent {
		return e.order
	}
	return e.refs[t]
}

// intOf and bytesOf return a value by the row of its table.
func (e *encoder) intOf(c schema.ColumnID, row int) (int64, bool) {
	v := &e.rows.Cols[c]
	if v.IsNull(row) {
		return 0, false
	}
	return v.Ints[row], true
}

func (e *encoder) bytesOf(c schema.ColumnID, row int) ([]byte, bool) {
	v := &e.rows.Cols[c]
	if v.IsNull(row) {
		return nil, false
	}
	return v.BytesAt(row), true
}

// validUTF8 returns v with U+FFFD for what is not UTF-8; the result is valid
// until the next call.
func (e *encoder) validUTF8(v []byte) []byte {
	if utf8.Valid(v) {
		return v
	}
	e.utf8 = append(e.utf8[:0], bytes.ToValidUTF8(v, []byte("\ufffd"))...)
	return e.utf8
}

// present returns the levels of the events that gather left in definition.
func (e *encoder) present() levels {
	lv := levels{values: len(e.order)}
	if e.nulls {
		lv.definition = e.definition
	}
	return lv
}
