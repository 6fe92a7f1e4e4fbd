package record

import "github.com/sendmsgrec/sendmsgrec/schema/colblock"

// runs is an int column whose value mostly is that of the row before. A run of
// one value is written when it ends, and not at all where it is the only one:
// the column then has one value for all rows (colblock.Vector).
type runs struct {
	values []int64
	value  int64 // of the rows from `from` on
	from   int
}

// begin starts the column of an empty block, in the memory of v.
func (r *runs) begin(v *colblock.Vector, maxRows int) {
	r.values, r.from = sized(v.Ints, maxRows), 0
}

// set sets the value of the row behind those that were set.
func (r *runs) set(row int, value int64) {
	if value != r.value {
		r.end(row)
		r.value = value
	}
}

// end ends the run before the row.
func (r *runs) end(row int) {
	run := r.values[r.from:row]
	short := min(len(run), 8)
	for i := range short {
		run[i] = r.value
	}
	// What is filled is copied behind itself: a long run as fast as memory is.
	for n := short; n < len(run); n *= 2 {
		copy(run[n:], run[:n])
	}
	r.from = row
}

// finish completes v, which has its nulls.
func (r *runs) finish(v *colblock.Vector, rows int) {
	if r.from == 0 && len(v.Nulls) == 0 {
		rows = min(rows, 1)
	}
	r.end(rows)
	v.Ints = r.values[:rows]
}
