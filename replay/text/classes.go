package text

import (
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// callClasses numbers the rows of a block's call table so that rows have the
// same number when they are equal in what some fields depend on. Few lengths of
// addresses stand against thousands of calls: what is decoded from an address
// and its length is decoded once, and not for each of these calls.
type callClasses struct {
	inputs []schema.ColumnID // of the call table
	rows   []int32           // class by row, 0 when it was not looked up yet
	keys   []int64           // of the classes: for each input its value, and whether it is null
	key    []int64
	found  int32 // the class that was found last
}

// maxClasses bounds how many classes are told apart; a row beyond has a class
// of its own.
const maxClasses = 32

// of makes c the classes for what these fields depend on.
func (c *callClasses) of(fields []*field) {
	for _, f := range fields {
		for _, id := range f.inputs {
			if tableOf[id] == schema.TableCall && !slices.Contains(c.inputs, id) {
				c.inputs = append(c.inputs, id)
			}
		}
	}
}

func (c *callClasses) reset(b *segment.Block) {
	c.keys, c.found = c.keys[:0], 0
	n := b.Rows[schema.TableCall]
	c.rows = slices.Grow(c.rows[:0], n)[:n]
	clear(c.rows)
}

// class returns the class of a row of the call table, from 1; 0 when there is
// no such row.
func (c *callClasses) class(b *segment.Block, row int) int32 {
	if row < 0 || row >= len(c.rows) {
		return 0
	}
	if c.rows[row] == 0 {
		c.rows[row] = c.find(b, row)
	}
	return c.rows[row]
}

func (c *callClasses) find(b *segment.Block, row int) int32 {
	c.key = c.key[:0]
	for _, id := range c.inputs {
		v, null := int64(0), int64(1)
		if col := &b.Cols[id]; row < len(col.Ints) && !col.IsNull(row) {
			v, null = col.Ints[row], 0
		}
		c.key = append(c.key, v, null)
	}
	size := len(c.key)
	classes := int32(len(c.keys) / size)
	if c.found > 0 && slices.Equal(c.key, c.keys[int(c.found-1)*size:int(c.found)*size]) {
		return c.found
	}
	for i := range classes {
		if slices.Equal(c.key, c.keys[int(i)*size:int(i+1)*size]) {
			c.found = i + 1
			return c.found
		}
	}
	if classes == maxClasses {
		return maxClasses + 1 + int32(row)
	}
	c.keys = append(c.keys, c.key...)
	c.found = classes + 1
	return c.found
}
