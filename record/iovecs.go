package record

import (
	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// iovecs are the two list columns of the arrays of iovecs. Mostly a row has one
// entry: as long as each has, no ends are written (colblock.Vector), and the
// length is set by runs.
type iovecs struct {
	base   []int64
	len    runs
	ends   []uint32
	spread bool // a row's list had not one entry: all have ends, and len.values every length
}

// begin starts the columns of an empty block, in the memory of base and length.
func (l *iovecs) begin(base, length *colblock.Vector, maxRows int) {
	l.base = sized(base.Ints, maxRows)
	l.len.begin(length, maxRows)
	l.ends = sized(base.Offsets, maxRows+1)
	l.spread = false
}

// add sets the next row's list, of which a null one is empty.
func (l *iovecs) add(row int, list []bpf.Iovec) {
	if !l.spread {
		if len(list) == 1 {
			l.base[row] = int64(list[0].Base)
			l.len.set(row, int64(list[0].Len))
			return
		}
		l.spread = true
		l.len.end(row)
		l.base, l.len.values = l.base[:row], l.len.values[:row]
		for i := range l.ends[:row+1] {
			l.ends[i] = uint32(i)
		}
	}
	base, length := l.base, l.len.values
	for i := range list {
		base = append(base, int64(list[i].Base))
		length = append(length, int64(list[i].Len))
	}
	l.base, l.len.values = base, length
	l.ends[row+1] = uint32(len(base))
}

// finish completes the columns, which have their nulls.
func (l *iovecs) finish(base, length *colblock.Vector, rows int) {
	if !l.spread {
		base.Ints, base.Offsets = l.base[:rows], l.ends[:0]
		l.len.finish(length, rows)
		length.Offsets = length.Offsets[:0]
		return
	}
	base.Ints, length.Ints = l.base, l.len.values
	base.Offsets = l.ends[:rows+1]
	length.Offsets = base.Offsets // the same lists
}
