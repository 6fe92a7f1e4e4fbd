package protobuf

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// wallTime is the name, in Options.Fields, of Record.wall_ns.
const wallTime = "wall_time"

// Encoder appends messages, each behind its length.
type Encoder struct {
	columns []*schema.Column
	walls   bool // events have Record.wall_ns
	wall    *segment.WallClock
	block   *segment.Block
	// present are the columns of the block that are not null throughout, by
	// table.
	present [schema.NumTables][]present
	rows    [schema.NumTables]encodedRows
	body    []byte // of the message that is being made
}

// present is a column of the block.
type present struct {
	tag    []byte
	kind   schema.Kind
	enum   bool
	vector *colblock.Vector
}

// encodedRows are the rows of a table that were encoded: what repeats from event
// to event is encoded once per block.
type encodedRows struct {
	bytes []byte
	ends  []span // by row; the zero span is none
}

type span struct{ from, to uint32 }

// New returns an encoder that writes these columns, and the wall time when it is
// among them; nil is all. A name that is no column is an error.
func New(fields []string) (*Encoder, error) {
	if fields == nil {
		return &Encoder{columns: schema.Columns(), walls: true}, nil
	}
	e := &Encoder{}
	for _, name := range fields {
		c := schema.ByName(name)
		switch {
		case name == wallTime:
			e.walls = true
		case c == nil || c.IsRef():
			return nil, fmt.Errorf("protobuf has the columns and wall_time, and no field %q", name)
		case !slices.Contains(e.columns, c):
			e.columns = append(e.columns, c)
		}
	}
	slices.SortFunc(e.columns, func(a, b *schema.Column) int { return int(a.ID) - int(b.ID) })
	return e, nil
}

// Columns returns the columns that are read.
func (e *Encoder) Columns() []schema.ColumnID {
	var ids []schema.ColumnID
	for _, c := range e.columns {
		ids = append(ids, c.ID)
	}
	if e.walls {
		ids = append(ids, schema.ColTimeNS)
	}
	return ids
}

// SetWallClock sets what turns times into wall time; nil leaves wall times out.
func (e *Encoder) SetWallClock(w *segment.WallClock) { e.wall = w }

// SetBlock makes b the block whose rows Event writes. It must be called again
// whenever the block was filled anew.
func (e *Encoder) SetBlock(b *segment.Block) {
	e.block = b
	for t := range e.present {
		e.present[t] = e.present[t][:0]
		r := &e.rows[t]
		n := b.Rows[t]
		r.bytes, r.ends = r.bytes[:0], slices.Grow(r.ends[:0], n)[:n]
		clear(r.ends)
	}
	for _, c := range e.columns {
		v := &b.Cols[c.ID]
		if !b.Has(c.ID) || v.AllNull(b.Rows[c.Table]) {
			continue
		}
		e.present[c.Table] = append(e.present[c.Table], present{tag: tagOf(c), kind: c.Kind, enum: c.Enum != nil, vector: v})
	}
}

// tagOf returns what stands before the column's value.
func tagOf(c *schema.Column) []byte {
	t := protowire.VarintType
	if c.Kind != schema.KindInt {
		t = protowire.BytesType
	}
	return protowire.AppendTag(nil, protowire.Number(c.ID), t)
}

// Event appends the event in row of the block. An id may be nil.
func (e *Encoder) Event(dst []byte, row int, id []byte) []byte {
	e.body = e.appendRow(e.body[:0], schema.TableEvent, row)
	for t := schema.TableTask; t < schema.NumTables; t++ {
		if len(e.present[t]) == 0 {
			continue
		}
		if ref := &e.block.Cols[schema.RefOf(t)]; row < len(ref.Ints) && !ref.IsNull(row) {
			e.body = append(e.body, e.encoded(t, int(ref.Ints[row]))...)
		}
	}
	if times := &e.block.Cols[schema.ColTimeNS]; e.walls && !times.IsNull(row) {
		return e.record(dst, recordEvent, e.wall, times.Ints[row], id)
	}
	return e.record(dst, recordEvent, nil, 0, id)
}

// encoded returns a row of a table, encoded.
func (e *Encoder) encoded(t schema.Table, row int) []byte {
	r := &e.rows[t]
	s := r.ends[row]
	if s.to == 0 {
		s.from = uint32(len(r.bytes))
		r.bytes = e.appendRow(r.bytes, t, row)
		s.to = uint32(len(r.bytes))
		r.ends[row] = s
	}
	return r.bytes[s.from:s.to]
}

// appendRow appends what the columns of a table have in a row.
func (e *Encoder) appendRow(dst []byte, t schema.Table, row int) []byte {
	columns := e.present[t]
	for i := range columns {
		c := &columns[i]
		if c.vector.IsNull(row) {
			continue
		}
		dst = append(dst, c.tag...)
		switch {
		case c.enum:
			dst = binary.AppendUvarint(dst, uint64(c.vector.Ints[row]))
		case c.kind == schema.KindInt:
			dst = binary.AppendUvarint(dst, protowire.EncodeZigZag(c.vector.Ints[row]))
		case c.kind == schema.KindBytes:
			dst = protowire.AppendBytes(dst, c.vector.BytesAt(row))
		default:
			dst = appendNumbers(dst, c.vector.ListAt(row))
		}
	}
	return dst
}

// appendNumbers appends a message Numbers behind its length.
func appendNumbers(dst []byte, list []int64) []byte {
	if len(list) == 0 {
		return append(dst, 0)
	}
	size := 0
	for _, v := range list {
		size += protowire.SizeVarint(protowire.EncodeZigZag(v))
	}
	dst = binary.AppendUvarint(dst, uint64(1+protowire.SizeBytes(size)))
	dst = protowire.AppendTag(dst, numbersValue, protowire.BytesType) // packed
	dst = binary.AppendUvarint(dst, uint64(size))
	for _, v := range list {
		dst = binary.AppendUvarint(dst, protowire.EncodeZigZag(v))
	}
	return dst
}

// record appends a Record whose kind is e.body, behind its length. ns is its
// moment, of which it has the wall time if there is a wall clock.
func (e *Encoder) record(dst []byte, kind protowire.Number, wall *segment.WallClock, ns int64, id []byte) []byte {
	const tag = 1 // of a field below 16
	size := tag + protowire.SizeBytes(len(e.body))
	if len(id) > 0 {
		size += tag + protowire.SizeBytes(len(id))
	}
	if wall != nil {
		size += tag + protowire.SizeFixed64()
	}
	dst = binary.AppendUvarint(dst, uint64(size))
	if len(id) > 0 {
		dst = appendBytes(dst, recordID, id)
	}
	if wall != nil {
		dst = appendFixed(dst, recordWallNS, wall.UnixNS(ns))
	}
	return appendBytes(dst, kind, e.body)
}
