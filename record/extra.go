package record

import (
	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The columns of the event table that few events have a value in. One stays
// empty, which is null in every row and costs nothing, until the block's first
// value; from then on it is filled up to the row at hand.

// setRare sets the value of a rare column in a row of the event table.
func (b *builder) setRare(c schema.ColumnID, row int, v int64) {
	col := &b.block.Cols[c]
	for len(col.Ints) < row {
		col.SetNull(len(col.Ints))
		col.Ints = append(col.Ints, 0)
	}
	col.Ints = append(col.Ints, v)
	b.bytes += 8
}

// rareColumns are those that appendExtra sets.
var rareColumns = [...]schema.ColumnID{
	schema.ColAttemptOf, schema.ColAttemptOfCPU, schema.ColVectorIndex, schema.ColOffset, schema.ColTimeoutNS,
	schema.ColOutNamelen, schema.ColOutControllen, schema.ColOutMsgFlags,
	schema.ColIOUserData, schema.ColIOQueueNS, schema.ColIOExecNS, schema.ColIOWorkerTID,
}

// finishExtra fills the rare columns that have values up to the last row.
func (b *builder) finishExtra() {
	for _, c := range rareColumns {
		col := &b.block.Cols[c]
		for len(col.Ints) > 0 && len(col.Ints) < b.rows {
			col.SetNull(len(col.Ints))
			col.Ints = append(col.Ints, 0)
		}
	}
}

// appendExtra sets what only some calls have in the event's row. What belongs
// to the call table is callRow's.
func (b *builder) appendExtra(row int, x *bpf.Extra, call uint8) {
	has := func(bit uint8) bool { return x.Present&bit != 0 }
	if has(bpf.ExtraAttempt) {
		b.setRare(schema.ColAttemptOf, row, x.AttemptOf)
		b.setRare(schema.ColAttemptOfCPU, row, int64(x.AttemptOfCPU))
	}
	if has(bpf.ExtraVector) && x.VectorIndex >= 0 {
		b.setRare(schema.ColVectorIndex, row, int64(x.VectorIndex))
	}
	if has(bpf.ExtraOffset) {
		column := schema.ColOffset
		if call == schema.CallRecvmmsg {
			column = schema.ColTimeoutNS
		}
		b.setRare(column, row, x.Offset)
	}
	if has(bpf.ExtraOutName) {
		b.setRare(schema.ColOutNamelen, row, int64(x.OutNamelen))
	}
	if has(bpf.ExtraOutMsghdr) {
		b.setRare(schema.ColOutControllen, row, int64(x.OutControllen))
		b.setRare(schema.ColOutMsgFlags, row, int64(x.OutMsgFlags))
	}
	if has(bpf.ExtraIO) {
		b.setRare(schema.ColIOUserData, row, int64(x.IOUserData))
	}
	if has(bpf.ExtraIOExec) {
		b.setRare(schema.ColIOQueueNS, row, int64(x.IOQueueNS))
		b.setRare(schema.ColIOExecNS, row, int64(x.IOExecNS))
		if x.IOWorkerTID != 0 {
			b.setRare(schema.ColIOWorkerTID, row, int64(x.IOWorkerTID))
		}
	}
}

// callExtra is the part of an Extra that belongs to the call table: beside the
// arguments it makes the key of a row.
type callExtra struct {
	vlen      uint32
	inFD      int32
	offsetPtr uint64
	opcode    uint8
	present   uint8
	_         [6]uint8
}

// callExtraOf returns the call table's part, with zeros where the event has
// none.
func callExtraOf(e *bpf.Event) (c callExtra) {
	x := e.ExtraPart()
	if x == nil {
		return c
	}
	c.present = x.Present & (bpf.ExtraVector | bpf.ExtraFile | bpf.ExtraIO)
	if c.present&bpf.ExtraVector != 0 {
		c.vlen = x.Vlen
	}
	if c.present&bpf.ExtraFile != 0 {
		c.inFD, c.offsetPtr = x.InFD, x.OffsetPtr
	}
	if c.present&bpf.ExtraIO != 0 {
		c.opcode = x.IOOpcode
	}
	return c
}
