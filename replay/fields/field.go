// Package fields knows the fields of an event by their names: the columns of
// the schema, and what is decoded from them (schema.Decoded), with the text
// that people read. What prints events, converts, groups or filters them looks
// a name up here, so that all of them mean the same by it and write it alike.
//
// The tables are made at start and read-only. An Event is for one goroutine.
package fields

import (
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Field is a column, or what is decoded from columns.
type Field struct {
	Name string
	// Column is the column, or the first that the field is decoded from.
	Column *schema.Column
	// Decoded is nil for a column.
	Decoded *schema.Decoded
	// Inputs are the columns that the value depends on.
	Inputs []schema.ColumnID
	// Table is the table whose row decides the value; with Pair it is the row
	// of the call table too.
	Table schema.Table
	Pair  bool

	text func(dst []byte, e *Event) ([]byte, bool)
}

var (
	all    = makeFields()
	byName = func() map[string]*Field {
		m := map[string]*Field{}
		for i := range all {
			m[all[i].Name] = &all[i]
		}
		return m
	}()
)

// All returns the fields in the order of output: the columns by id, each
// followed by what is decoded from it. The slice is shared: callers must not
// change it.
func All() []Field { return all }

// ByName returns the field with the name, or nil.
func ByName(name string) *Field { return byName[name] }

func makeFields() []Field {
	var fields []Field
	rest := schema.AllDecoded()
	for _, c := range schema.Columns() {
		fields = append(fields, Field{Name: c.Name, Column: c, Inputs: []schema.ColumnID{c.ID}, Table: c.Table})
		for len(rest) > 0 && rest[0].After == c.ID {
			fields = append(fields, decodedField(&rest[0]))
			rest = rest[1:]
		}
	}
	return fields
}

func decodedField(d *schema.Decoded) Field {
	f := Field{Name: d.Name, Column: schema.ByID(d.Inputs[0]), Decoded: d, Inputs: d.Inputs}
	f.Table = f.Column.Table
	for _, id := range d.Inputs[1:] {
		switch t := tableOf[id]; {
		case t == f.Table:
		case t == schema.TableCall && f.Table != schema.TableEvent:
			f.Pair = true
		default:
			f.Table, f.Pair = schema.TableEvent, false
		}
	}
	f.text = decoder(d)
	return f
}

// HasText reports whether AppendText knows the field: it is a string in
// output, and depends on the event alone. The wall times, which depend on the
// recording's clocks, are not.
func (f *Field) HasText() bool {
	return f.text != nil || f.Decoded == nil && f.Column.Type == schema.TypeString
}

// AppendText appends the field's text, with any byte in it that a recorded
// program may have chosen; ok is false for null. HasText must hold.
func (f *Field) AppendText(dst []byte, e *Event) (text []byte, ok bool) {
	if f.text != nil {
		return f.text(dst, e)
	}
	v, ok := e.Bytes(f.Column.ID)
	return append(dst, v...), ok
}

// IsName reports whether the field is the name of its column's number, or of
// the flags in it: null where the column is.
func (f *Field) IsName() bool {
	c := f.Column
	return f.Decoded != nil && f.Name == c.Name+"_text" && (c.Enum != nil || IsFlags(c))
}

// IsError reports whether the field tells what error a return value is: null for
// all values that are none.
func (f *Field) IsError() bool { return f.Name == "errno" || f.Name == "error" }

// IsASCII reports whether the field's text is always printable ASCII, without
// quotes and backslashes: what names numbers.
func (f *Field) IsASCII() bool {
	return f.text != nil && f.Column.Kind == schema.KindInt && f.Name != "local_endpoint" && f.Name != "remote_endpoint"
}

// IsFlags reports whether the column holds MSG_ flags.
func IsFlags(c *schema.Column) bool {
	return slices.Contains([]schema.ColumnID{schema.ColFlags, schema.ColMsgFlags, schema.ColOutMsgFlags}, c.ID)
}
