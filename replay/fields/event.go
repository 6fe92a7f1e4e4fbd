package fields

import (
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

// Event is one event of a block, with its rows in the tables looked up. What
// it returns is valid until the block changes.
type Event struct {
	Block *segment.Block
	// Rows is the event's row in each table; -1: none, or not read. A caller
	// that wants the values of a table's row, and of no event, sets that alone.
	Rows [schema.NumTables]int
}

// Seek goes to the event in row of the block.
func (e *Event) Seek(row int) {
	e.Rows[schema.TableEvent] = row
	for t := schema.TableTask; t < schema.NumTables; t++ {
		ref := &e.Block.Cols[schema.RefOf(t)]
		e.Rows[t] = -1
		if row < len(ref.Ints) && !ref.IsNull(row) {
			e.Rows[t] = int(ref.Ints[row])
		}
	}
}

// Int returns the value of an int column; ok is false for null and for a
// column that was not read.
func (e *Event) Int(c schema.ColumnID) (v int64, ok bool) {
	row := e.Rows[tableOf[c]]
	col := &e.Block.Cols[c]
	if row < 0 || row >= len(col.Ints) || col.IsNull(row) {
		return 0, false
	}
	return col.Ints[row], true
}

// Bytes returns the value of a bytes column.
func (e *Event) Bytes(c schema.ColumnID) (v []byte, ok bool) {
	row := e.Rows[tableOf[c]]
	col := &e.Block.Cols[c]
	if row < 0 || row+1 >= len(col.Offsets) || col.IsNull(row) {
		return nil, false
	}
	return col.BytesAt(row), true
}

// List returns the value of an int_list column.
func (e *Event) List(c schema.ColumnID) (v []int64, ok bool) {
	row := e.Rows[tableOf[c]]
	col := &e.Block.Cols[c]
	if row < 0 || row+1 >= len(col.Offsets) || col.IsNull(row) {
		return nil, false
	}
	return col.ListAt(row), true
}

// Receives reports whether lengths are those of the caller's memory, and not of
// what stands in it.
func (e *Event) Receives() bool {
	call, _ := e.Int(schema.ColCall)
	return schema.Receives(call)
}
