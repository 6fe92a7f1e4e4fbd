// Package encode puts events and notices of recordings into batches for sinks:
// as bytes in one of the text formats, as rows of a block of the batch's own,
// or, for a sink that reads neither, as a count.
//
// An Encoder refers to the blocks that it was given until they are filled
// anew; what it appends to a batch is the batch's own. It is for one goroutine.
package encode

import (
	"fmt"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say what batches are to hold.
type Options struct {
	Traits sink.Traits
	// Format is one of Formats; empty is the sink's default.
	Format string
	// Fields are the fields of a record, as in text.Options; nil is all.
	Fields []string
	// IDs puts the event id into each JSON object or message, as "id".
	IDs bool
	// AlwaysBytes fills Batch.Data even for a sink that does not read it, and
	// AlwaysRecords fills Batch.Records.
	AlwaysBytes, AlwaysRecords bool
	Sources                    []*sink.Source
}

// Encoder fills batches.
type Encoder struct {
	o       Options
	format  format
	bytes   bool
	records bool
	columns []schema.ColumnID
	header  []byte
	slots   []*slot // by last use, the newest first
	notices []writer
	id      []byte
	walls   []*segment.WallClock
	copier  rows.Copier
	copied  *slot // the copier's source
	into    *sink.Batch
	mute    int64
}

// slot is a writer with what it writes of one block. Several blocks are read
// by turns where segments overlap, and each keeps its rendered tables.
type slot struct {
	writer
	block  *segment.Block
	serial uint64
	source int
}

// maxSlots bounds the rendered tables in memory.
const maxSlots = 8

// New returns an encoder. Errors are about Format and Fields.
func New(o Options) (*Encoder, error) {
	e := &Encoder{o: o, bytes: o.Traits.Bytes || o.AlwaysBytes}
	e.records = e.bytes || o.Traits.Rows || o.AlwaysRecords
	if o.Format == "" {
		o.Format = formats[0].Format
		if len(o.Traits.Formats) > 0 {
			o.Format = o.Traits.Formats[0]
		}
	}
	i := slices.IndexFunc(formats, func(f format) bool { return f.Format == o.Format })
	if i < 0 || len(o.Traits.Formats) > 0 && !slices.Contains(o.Traits.Formats, o.Format) {
		return nil, fmt.Errorf("no format %q here", o.Format)
	}
	e.format = formats[i]
	if o.IDs && !e.format.ids {
		return nil, fmt.Errorf("ids stand in JSON objects and protobuf messages only")
	}
	e.walls = make([]*segment.WallClock, len(o.Sources))
	for range o.Sources {
		w, err := e.writer()
		if err != nil {
			return nil, err
		}
		e.notices = append(e.notices, w)
		e.header = w.Header(nil)
	}
	return e, e.chooseColumns()
}

func (e *Encoder) writer() (writer, error) { return e.format.open(e.o.Fields) }

func (e *Encoder) chooseColumns() error {
	e.columns = []schema.ColumnID{}
	if !e.records {
		return nil
	}
	e.columns = append(e.columns, schema.ColCPU, schema.ColSeq, schema.ColTimeNS)
	if e.bytes {
		w, err := e.writer()
		if err != nil {
			return err
		}
		e.columns = append(e.columns, w.Columns()...)
	}
	if !e.o.Traits.Rows {
		return nil
	}
	if e.o.Traits.Columns == nil {
		e.columns = nil
		return nil
	}
	for _, name := range e.o.Traits.Columns {
		c := schema.ByName(name)
		if c == nil {
			return fmt.Errorf("no column %q", name)
		}
		e.columns = append(e.columns, c.ID)
	}
	return nil
}

// Columns returns the columns that blocks must hold; nil is all.
func (e *Encoder) Columns() []schema.ColumnID { return e.columns }

// Mute is the number of notices that the format had no place for.
func (e *Encoder) Mute() int64 { return e.mute }

// SetWall sets the wall clock of a source. It must be set before the first
// record; the wall clock of a stream gets better as it is read.
func (e *Encoder) SetWall(source int, w *segment.WallClock) { e.walls[source] = w }

// Begin makes b, which is empty, the batch that records are appended to.
func (e *Encoder) Begin(b *sink.Batch) {
	e.into, e.copied = b, nil
	b.Sources, b.Header, b.Encoding = e.o.Sources, e.header, e.format.Encoding
	b.Walls = append(b.Walls[:0], e.walls...)
	if e.o.Traits.Rows {
		if b.Block == nil {
			b.Block = &segment.Block{}
		}
		e.copier.Reset(b.Block)
	}
}

// Count appends n events without content, for a sink that reads none.
func (e *Encoder) Count(n int) {
	e.into.Count += n
	e.into.Events += n
}

// Countable reports whether Count is all that the sink needs.
func (e *Encoder) Countable() bool { return !e.records }

// Events appends rows of a block of a source. serial is another number whenever
// the block was filled anew.
func (e *Encoder) Events(source int, block *segment.Block, serial uint64, rows []int32, loop int32) {
	s := e.slot(source, block, serial)
	if e.o.Traits.Rows && e.copied != s {
		e.copied = s
		e.copier.Source(block)
	}
	b, src, wall := e.into, e.o.Sources[source], e.walls[source]
	id := sink.ID{Recording: src.ID, Loop: loop}
	cpus, seqs, times := block.Cols[schema.ColCPU].Ints, block.Cols[schema.ColSeq].Ints, block.Cols[schema.ColTimeNS].Ints
	first := len(b.Records)
	for _, row := range rows {
		r := sink.Record{ID: id, Source: int32(source), Row: -1, TimeNS: times[row], End: len(b.Data)}
		r.CPU, r.Seq = int32(cpus[row]), seqs[row]
		r.WallNS = wall.UnixNS(r.TimeNS)
		if e.o.Traits.Rows {
			r.Row = int32(e.copier.Copy(int(row)))
		}
		b.Records = append(b.Records, r)
	}
	if e.bytes {
		// In a loop of its own: in that above the processor waits for the memory of
		// many rows at a time.
		for i, row := range rows {
			r := &b.Records[first+i]
			b.Data = s.Event(b.Data, int(row), e.idOf(&r.ID))
			r.End = len(b.Data)
		}
	}
	b.Count += len(rows)
	b.Events += len(rows)
}

// idOf returns the id to write, valid until the next call; nil for none.
func (e *Encoder) idOf(id *sink.ID) []byte {
	if !e.o.IDs {
		return nil
	}
	e.id = id.Append(e.id[:0])
	return e.id
}

// slot returns the writer of a block, which is then the newest.
func (e *Encoder) slot(source int, block *segment.Block, serial uint64) *slot {
	i := slices.IndexFunc(e.slots, func(s *slot) bool { return s.block == block })
	switch {
	case i >= 0:
	case len(e.slots) < maxSlots:
		w, err := e.writer()
		if err != nil {
			panic(err) // New has made one with the same options
		}
		i = len(e.slots)
		e.slots = append(e.slots, &slot{writer: w})
	default:
		i = len(e.slots) - 1
	}
	s := e.slots[i]
	copy(e.slots[1:i+1], e.slots[:i])
	e.slots[0] = s
	if s.block != block || s.serial != serial || s.source != source {
		s.block, s.serial, s.source = block, serial, source
		s.SetWallClock(e.walls[source])
		s.SetBlock(block)
		if e.copied == s {
			e.copied = nil
		}
	}
	return s
}

// Notice appends what is no event of a source (see sink.Record.Notice);
// number counts those of its kind.
func (e *Encoder) Notice(source int, item segment.Item, number int64, loop int32) {
	b, src := e.into, e.o.Sources[source]
	b.Count++
	if !e.records {
		return
	}
	r := sink.Record{ID: sink.ID{Recording: src.ID, CPU: -1, Seq: number, Loop: loop}, Source: int32(source), Row: -1, Notice: item}
	switch it := item.(type) {
	case *segment.Gap:
		r.Kind, r.TimeNS = sink.KindGap, it.FirstNS
	case *segment.Damage:
		r.Kind = sink.KindDamage
	case *segment.Clock:
		r.Kind, r.TimeNS = sink.KindClock, it.BoottimeNS
	case *segment.Coverage:
		r.Kind, r.TimeNS = sink.KindCoverage, it.FromNS
	}
	if r.TimeNS != 0 {
		r.WallNS = e.walls[source].UnixNS(r.TimeNS)
	}
	if e.bytes {
		start, w := len(b.Data), e.notices[source]
		w.SetWallClock(e.walls[source])
		b.Data = w.Notice(b.Data, item, e.idOf(&r.ID))
		if len(b.Data) == start {
			e.mute++
		}
	}
	r.End = len(b.Data)
	b.Records = append(b.Records, r)
}
