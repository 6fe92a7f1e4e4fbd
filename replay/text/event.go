package text

import (
	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// tableOf is the table of each column.
var tableOf = func() (t [schema.MaxColumnID + 1]schema.Table) {
	for _, c := range schema.All() {
		t[c.ID] = c.Table
	}
	return t
}()

// event is one event of a block, with its rows in the tables looked up.
type event struct {
	b    *segment.Block
	rows [schema.NumTables]int // -1: none, or not read
	// shared is what forFields returns.
	shared fields.Event
}

// forFields returns the event for package fields, valid until the next call.
func (e *event) forFields() *fields.Event {
	e.shared.Block, e.shared.Rows = e.b, e.rows
	return &e.shared
}

func (e *event) seek(row int) {
	e.rows[schema.TableEvent] = row
	for t := schema.TableTask; t < schema.NumTables; t++ {
		ref := &e.b.Cols[schema.RefOf(t)]
		e.rows[t] = -1
		if row < len(ref.Ints) && !ref.IsNull(row) {
			e.rows[t] = int(ref.Ints[row])
		}
	}
}

// int returns the value of an int column; ok is false for null and for a
// column that was not read.
func (e *event) int(c schema.ColumnID) (v int64, ok bool) {
	row := e.rows[tableOf[c]]
	col := &e.b.Cols[c]
	if row < 0 || row >= len(col.Ints) || col.IsNull(row) {
		return 0, false
	}
	return col.Ints[row], true
}

func (e *event) bytes(c schema.ColumnID) (v []byte, ok bool) {
	row := e.rows[tableOf[c]]
	col := &e.b.Cols[c]
	if row < 0 || row+1 >= len(col.Offsets) || col.IsNull(row) {
		return nil, false
	}
	return col.BytesAt(row), true
}

func (e *event) list(c schema.ColumnID) (v []int64, ok bool) {
	row := e.rows[tableOf[c]]
	col := &e.b.Cols[c]
	if row < 0 || row+1 >= len(col.Offsets) || col.IsNull(row) {
		return nil, false
	}
	return col.ListAt(row), true
}

// receives reports whether lengths are those of the caller's memory, and not of
// what stands in it.
func (e *event) receives() bool {
	call, _ := e.int(schema.ColCall)
	return schema.Receives(call)
}

// filledIn reports whether it goes without saying that values were read when
// the call returned: of receives, and of messages whose number is known then.
func (e *event) filledIn() bool {
	_, vector := e.int(schema.ColVectorIndex)
	return vector || e.receives()
}
