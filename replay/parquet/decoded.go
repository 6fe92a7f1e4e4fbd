package parquet

import (
	"github.com/parquet-go/parquet-go/format"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// decodedLeaf returns the leaf of a decoded field. What depends on one table is
// decoded once per row of the table.
func decodedLeaf(d *schema.Decoded) leaf {
	f := fields.ByName(d.Name)
	if f == nil || !f.HasText() {
		panic("no text for decoded field " + d.Name)
	}
	l := leaf{name: d.Name, physical: format.ByteArray, logical: &format.StringType{}, optional: true}
	if f.IsName() {
		l.optional = f.Column.Nullable()
	}
	switch {
	case f.Pair:
		l.encode = func(e *encoder, l *leaf) error { return e.pairText(l, f) }
	case f.Table == schema.TableEvent:
		l.encode = func(e *encoder, l *leaf) error { return e.eventText(l, f) }
	default:
		l.encode = func(e *encoder, l *leaf) error { return e.tableText(l, f) }
	}
	return l
}

// textOf returns the text of a field by the row of its table, and for a pair by
// the row of the call table, valid until the next call; ok is false for null.
func (e *encoder) textOf(f *fields.Field, row, call int) (text []byte, ok bool) {
	e.event.Block = &e.rows
	for t := range e.event.Rows {
		e.event.Rows[t] = -1
	}
	e.event.Rows[f.Table] = row
	if f.Pair {
		e.event.Rows[schema.TableCall] = call
	}
	text, ok = f.AppendText(e.text[:0], &e.event)
	e.text = text[:0]
	if !ok {
		return nil, false
	}
	if f.IsASCII() {
		return text, true
	}
	return e.validUTF8(text), true
}
