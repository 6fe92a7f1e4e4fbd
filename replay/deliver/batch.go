package deliver

import (
	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Batch is records on their way, with the position behind them.
type Batch struct {
	sink.Batch
	// End is the position of the stream behind the last record.
	End Position
	// Dues are when the records were due, in the time of Options.Clock; empty
	// when nothing is paced.
	Dues []int64
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	if b.Count > b.Events {
		clear(b.Records) // lets go of notices
	}
	b.Count, b.Events = 0, 0
	b.Records, b.Data, b.Dues = b.Records[:0], b.Data[:0], b.Dues[:0]
	if b.Block != nil {
		b.Block.Reset()
	}
	b.End = Position{}
}

// joiner moves records between batches.
type joiner struct{ copier rows.Copier }

// join appends what more has to b.
func (j *joiner) join(b, more *Batch) {
	j.append(&b.Batch, &more.Batch, 0, len(more.Records))
	if len(more.Records) == 0 {
		b.Count += more.Count
		b.Events += more.Events
	}
	b.Dues = append(b.Dues, more.Dues...)
	b.End = more.End
}

// fits reports whether more can be joined to b within the limits.
func (b *Batch) fits(more *Batch, maxRecords, maxBytes int) bool {
	return b.Count+more.Count <= maxRecords && len(b.Data)+len(more.Data) <= maxBytes
}

// append copies the records from..to-1 of src behind those of dst.
func (j *joiner) append(dst, src *sink.Batch, from, to int) {
	dst.Sources, dst.Header, dst.Encoding = src.Sources, src.Header, src.Encoding
	dst.Walls = append(dst.Walls[:0], src.Walls...)
	if from == to {
		return
	}
	start := 0
	if from > 0 {
		start = src.Records[from-1].End
	}
	shift := len(dst.Data) - start
	dst.Data = append(dst.Data, src.Data[start:src.Records[to-1].End]...)
	if src.Block != nil {
		if dst.Block == nil {
			dst.Block = &segment.Block{}
		}
		j.copier.Append(dst.Block)
		j.copier.Source(src.Block)
	}
	for i := from; i < to; i++ {
		r := src.Records[i]
		r.End += shift
		if r.Kind == sink.KindEvent {
			dst.Events++
		}
		if r.Row >= 0 && src.Block != nil {
			r.Row = int32(j.copier.Copy(int(r.Row)))
		}
		dst.Records = append(dst.Records, r)
	}
	dst.Count += to - from
}

// part returns a copy of the records from..to-1 of b.
func (j *joiner) part(b *sink.Batch, from, to int) *sink.Batch {
	p := &sink.Batch{}
	j.append(p, b, from, to)
	return p
}

// Append copies the records from..to-1 of src, which must have Records, behind
// those of b. Dues and End stay the caller's to set.
func (d *Delivery) Append(b, src *Batch, from, to int) {
	d.filler.append(&b.Batch, &src.Batch, from, to)
}
