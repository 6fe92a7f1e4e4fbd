package gen

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// interner numbers the rows of one table of a segment: a thing of the world
// gets its row when the segment first refers to it.
type interner struct {
	row   []int32 // by the thing's id, valid when epoch matches
	epoch []int32
	now   int32
	rows  int
}

func newInterner(ids int) *interner {
	return &interner{row: make([]int32, ids), epoch: make([]int32, ids)}
}

func (t *interner) reset() { t.now++; t.rows = 0 }

// ref returns the row of id and whether the caller must append it now.
func (t *interner) ref(id int) (row int64, fresh bool) {
	if t.epoch[id] != t.now {
		t.epoch[id] = t.now
		t.row[id] = int32(t.rows)
		t.rows++
		return int64(t.row[id]), true
	}
	return int64(t.row[id]), false
}

// table appends rows to the columns of a block's table.
type table struct {
	b   *segment.Block
	row int
}

func (t table) int(c schema.ColumnID, v int64) {
	t.b.Cols[c].Ints = append(t.b.Cols[c].Ints, v)
}

func (t table) nullInt(c schema.ColumnID) {
	v := &t.b.Cols[c]
	v.SetNull(t.row)
	v.Ints = append(v.Ints, 0)
}

func (t table) bytes(c schema.ColumnID, v []byte) { t.b.Cols[c].AppendBytes(v) }

func (t table) nullBytes(c schema.ColumnID) {
	v := &t.b.Cols[c]
	v.SetNull(t.row)
	v.AppendBytes(nil)
}
