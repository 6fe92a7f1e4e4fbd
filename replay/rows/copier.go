// Package rows copies events from the blocks of segments into a block of their
// own, whose tables hold the rows that these events refer to and nothing else:
// what was not copied cannot be found in the copy.
package rows

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Copier appends events to one block, from one source block after another. The
// zero value is ready for Reset. It keeps nothing of a source's memory.
type Copier struct {
	dst *segment.Block
	src *segment.Block
	// copied is, for each table, the row of dst that a row of src became, plus
	// one; 0 when it was not copied yet.
	copied [schema.NumTables][]int32
	// filled are the columns that src has, by table.
	filled [schema.NumTables][]*schema.Column
}

// Reset begins a copy: dst is emptied, and a source must follow.
func (c *Copier) Reset(dst *segment.Block) {
	dst.Reset()
	c.dst, c.src = dst, nil
}

// Append is Reset without emptying dst: what is copied comes behind its rows.
func (c *Copier) Append(dst *segment.Block) {
	c.dst, c.src = dst, nil
}

// Source makes src the block that Copy takes rows from. It must be called again
// when src was filled anew. All sources of one copy must hold the same columns.
func (c *Copier) Source(src *segment.Block) {
	c.src = src
	for t := range c.copied {
		n := src.Rows[t]
		if cap(c.copied[t]) < n {
			c.copied[t] = make([]int32, n)
		} else {
			c.copied[t] = c.copied[t][:n]
			clear(c.copied[t])
		}
		c.filled[t] = c.filled[t][:0]
	}
	for i := range schema.All() {
		col := &schema.All()[i]
		v := &src.Cols[col.ID]
		if len(v.Ints) > 0 || len(v.Offsets) > 0 {
			c.filled[col.Table] = append(c.filled[col.Table], col)
		}
	}
}

// Copy appends the event in row of the source and returns its row in the copy.
func (c *Copier) Copy(row int) int {
	to := c.dst.Rows[schema.TableEvent]
	c.dst.Rows[schema.TableEvent]++
	for _, col := range c.filled[schema.TableEvent] {
		from, v := &c.src.Cols[col.ID], &c.dst.Cols[col.ID]
		if !col.IsRef() || from.IsNull(row) {
			appendRow(v, from, col.Kind, row, to)
			continue
		}
		v.Ints = append(v.Ints, int64(c.tableRow(col.Ref, int(from.Ints[row]))))
	}
	return to
}

// tableRow returns the row of the copy's table for a row of the source's.
func (c *Copier) tableRow(t schema.Table, row int) int {
	if to := c.copied[t][row]; to > 0 {
		return int(to) - 1
	}
	to := c.dst.Rows[t]
	c.dst.Rows[t]++
	c.copied[t][row] = int32(to) + 1
	for _, col := range c.filled[t] {
		appendRow(&c.dst.Cols[col.ID], &c.src.Cols[col.ID], col.Kind, row, to)
	}
	return to
}

// appendRow appends a row of a vector as row to of another.
func appendRow(v, from *colblock.Vector, kind schema.Kind, row, to int) {
	if from.IsNull(row) {
		v.SetNull(to)
	}
	switch kind {
	case schema.KindBytes:
		v.AppendBytes(from.BytesAt(row))
	case schema.KindIntList:
		v.Ints = append(v.Ints, from.ListAt(row)...)
		v.EndList()
	default:
		v.Ints = append(v.Ints, from.Ints[row])
	}
}

// SizeBytes returns the memory that the block's values take.
func SizeBytes(b *segment.Block) int64 {
	var n int64
	for i := range b.Cols {
		v := &b.Cols[i]
		n += int64(len(v.Ints))*8 + int64(len(v.Bytes)) + int64(len(v.Offsets))*4 + int64(len(v.Nulls))*8
	}
	return n
}
