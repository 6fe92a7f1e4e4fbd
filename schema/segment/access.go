package segment

import (
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// tableOf is the table of each column.
var tableOf = func() (t [schema.MaxColumnID + 1]schema.Table) {
	for _, c := range schema.All() {
		t[c.ID] = c.Table
	}
	return t
}()

// Row returns the row in column c's table that belongs to an event row: the
// row itself for columns of the event table, else what the ref says. ok is
// false when the column is not in the block or the event has no such row.
func (b *Block) Row(c schema.ColumnID, row int) (int, bool) {
	t := tableOf[c]
	if t == schema.TableEvent {
		return row, row < b.Rows[t]
	}
	ref := &b.Cols[schema.RefOf(t)]
	if row >= len(ref.Ints) || ref.IsNull(row) {
		return 0, false
	}
	return int(ref.Ints[row]), true
}

// Int returns the value of an int column for an event row; ok is false for
// null.
func (b *Block) Int(c schema.ColumnID, row int) (v int64, ok bool) {
	i, ok := b.Row(c, row)
	col := &b.Cols[c]
	if !ok || i >= len(col.Ints) || col.IsNull(i) {
		return 0, false
	}
	return col.Ints[i], true
}

// Bytes returns the value of a bytes column for an event row, valid until the
// block changes; ok is false for null.
func (b *Block) Bytes(c schema.ColumnID, row int) (v []byte, ok bool) {
	i, ok := b.Row(c, row)
	col := &b.Cols[c]
	if !ok || i+1 >= len(col.Offsets) || col.IsNull(i) {
		return nil, false
	}
	return col.BytesAt(i), true
}

// List returns the value of an int_list column for an event row, valid until
// the block changes; ok is false for null.
func (b *Block) List(c schema.ColumnID, row int) (v []int64, ok bool) {
	i, ok := b.Row(c, row)
	col := &b.Cols[c]
	if !ok || i+1 >= len(col.Offsets) || col.IsNull(i) {
		return nil, false
	}
	return col.ListAt(i), true
}

// TimeOrder appends the event rows to dst in the order of time_ns; equal times
// keep the order of the rows. The block must hold time_ns. It allocates what
// dst lacks and as much again.
func (b *Block) TimeOrder(dst []int32) []int32 {
	times := b.Cols[schema.ColTimeNS].Ints
	start := len(dst)
	for i := range times {
		dst = append(dst, int32(i))
	}
	order := dst[start:]
	if len(order) < 2 {
		return dst
	}
	lo, hi, sorted := times[0], times[0], true
	for i, t := range times[1:] {
		sorted = sorted && t >= times[i]
		lo, hi = min(lo, t), max(hi, t)
	}
	if sorted {
		return dst
	}
	// A radix sort, low digits first: a segment covers about a second, so few
	// digits differ, and it is linear where a comparison sort is not.
	const digit = 11
	var counts [1 << digit]int32
	other := make([]int32, len(order))
	from, to := order, other
	for shift := 0; shift < bits.Len64(uint64(hi)-uint64(lo)); shift += digit {
		clear(counts[:])
		for _, t := range times {
			counts[(uint64(t)-uint64(lo))>>shift&(1<<digit-1)]++
		}
		sum := int32(0)
		for i, n := range counts {
			counts[i] = sum
			sum += n
		}
		for _, row := range from {
			d := (uint64(times[row]) - uint64(lo)) >> shift & (1<<digit - 1)
			to[counts[d]] = row
			counts[d]++
		}
		from, to = to, from
	}
	if &from[0] != &order[0] {
		copy(order, from)
	}
	return dst
}
