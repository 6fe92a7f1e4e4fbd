package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// constant reports whether the run is the same for all events of a block.
func (r *run) constant(b *segment.Block) bool {
	if !allRefer(b, r.table) || r.pair && !allRefer(b, schema.TableCall) {
		return false
	}
	for _, f := range r.fields {
		if !f.constant(b, r.table) {
			return false
		}
	}
	return true
}

// allRefer reports whether all events have a row in the table, or none has.
func allRefer(b *segment.Block, t schema.Table) bool {
	ref := &b.Cols[schema.RefOf(t)]
	if len(ref.Ints) == 0 {
		return true
	}
	return len(ref.Ints) >= b.Rows[schema.TableEvent] && noNull(ref)
}

// constant reports whether the field is the same for all rows of a table.
func (f *field) constant(b *segment.Block, table schema.Table) bool {
	for i, id := range f.inputs {
		t := tableOf[id]
		if t != table && (t != schema.TableCall || !allRefer(b, t)) {
			return false
		}
		if !constantColumn(&b.Cols[id], schema.ByID(id).Kind, b.Rows[t]) {
			return false
		}
		if _, pair := f.dependsOn(); pair && i == 0 && b.Cols[id].IsNull(0) {
			return true // what is decoded from bytes and a call is null without the bytes
		}
	}
	return true
}

// constantColumn reports whether all rows of a column are null, or all are the
// same number. A column that was not read is null.
func constantColumn(v *colblock.Vector, kind schema.Kind, rows int) bool {
	if kind == schema.KindInt && len(v.Ints) == 0 || kind != schema.KindInt && len(v.Offsets) == 0 {
		return true
	}
	if v.IsNull(0) {
		return v.AllNull(rows)
	}
	if kind != schema.KindInt || len(v.Ints) < rows {
		return false
	}
	for _, n := range v.Ints[1:rows] {
		if n != v.Ints[0] {
			return false
		}
	}
	return noNull(v)
}

func noNull(v *colblock.Vector) bool {
	for _, word := range v.Nulls {
		if word != 0 {
			return false
		}
	}
	return true
}
