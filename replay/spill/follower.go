package spill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// ErrIdle says that there is nothing at the moment.
var ErrIdle = errors.New("nothing to follow at the moment")

// Follower reads the records of the parts in the order in which they were
// written: parts by number, records by place, events of a segment by time. It
// is a play.Live.
type Follower struct {
	dir     *Dir
	columns []schema.ColumnID
	sources []*source
	from    deliver.Position

	part   *part
	file   *os.File // nil for a part in memory
	reader *segment.Reader
	dec    *segment.Decoder
	source int
	item   int64

	block  order.Block
	order  []int32
	keys   []int64
	batch  order.Batch
	counts order.Counts
	// damaged counts events of segments that do not decode.
	damaged int64
}

// source is one recording.
type source struct {
	sink.Source
	clocks []segment.Clock
	wall   *segment.WallClock
}

// NewFollower returns a Follower that begins behind a position. header is that
// of the recording that a Writer appends, nil without one.
func NewFollower(d *Dir, from deliver.Position, header *segment.Header) (*Follower, error) {
	f := &Follower{dir: d, from: from}
	for number := uint64(0); ; {
		p, _ := d.next(number)
		if p == nil {
			break
		}
		number = p.number
		reader, file, err := d.read(p)
		if errors.Is(err, segment.ErrNotRecording) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f.sourceOf(reader.Header())
		if file != nil {
			_ = file.Close()
		}
	}
	if header != nil {
		f.sourceOf(header)
	}
	return f, nil
}

// sourceOf returns the number of a header's recording.
func (f *Follower) sourceOf(h *segment.Header) int {
	id, err := uuid.Parse(h.RecordingID)
	for i, s := range f.sources {
		if err == nil && s.ID == id {
			return i
		}
	}
	s := &source{Source: sink.Source{Name: f.dir.path, ID: id, Header: h}, wall: segment.NewWallClock(h, nil)}
	f.sources = append(f.sources, s)
	return len(f.sources) - 1
}

// Sources are the recordings that the records are of; Wall has the clock of
// each.
func (f *Follower) Sources() []*sink.Source {
	var list []*sink.Source
	for _, s := range f.sources {
		list = append(list, &s.Source)
	}
	return list
}

// Wall returns the wall clock of a source, as far as it is known.
func (f *Follower) Wall(i int) *segment.WallClock { return f.sources[i].wall }

// Read says which columns the blocks must have; nil is all.
func (f *Follower) Read(columns []schema.ColumnID) { f.columns = order.WithTime(columns) }

// Counts returns what was read so far.
func (f *Follower) Counts() order.Counts { return f.counts }

// Exact reports that a position is one to go on from: it always is.
func (f *Follower) Exact() bool { return true }

// Damaged is the number of events in segments that could not be decoded.
func (f *Follower) Damaged() int64 { return f.damaged }

// Wait waits until there may be something again.
func (f *Follower) Wait(ctx context.Context) error {
	select {
	case <-f.dir.changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close closes the part that is being read.
func (f *Follower) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// read opens a part as far as it is written.
func (d *Dir) read(p *part) (*segment.Reader, *os.File, error) {
	size, _ := d.state(p)
	if p.memory != nil {
		r, err := segment.NewReader(bytes.NewReader(p.memory), size)
		return r, nil, err
	}
	file, err := d.root.Open(partName(p.number))
	if err != nil {
		return nil, nil, fmt.Errorf("spill %s: %w", d.path, err)
	}
	r, err := segment.NewReader(file, size)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("spill %s/%s: %w", d.path, partName(p.number), err), file.Close())
	}
	return r, file, nil
}

// Next returns the next events or notice, valid until the next call. ErrIdle
// says that there is none yet, io.EOF that there will be none.
func (f *Follower) Next() (*order.Batch, error) {
	for {
		if f.reader == nil {
			if err := f.open(); err != nil {
				return nil, err
			}
			continue
		}
		read := f.reader.Size()
		item, err := f.reader.Next()
		if errors.Is(err, io.EOF) {
			switch size, final := f.dir.state(f.part); {
			case size > read:
				f.reader.Grow(size)
			case final:
				if err := f.Close(); err != nil {
					return nil, err
				}
				f.reader = nil
			default:
				return nil, ErrIdle
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("spill %s/%s: %w", f.dir.path, partName(f.part.number), err)
		}
		f.item++
		if b := f.take(item); b != nil {
			return b, nil
		}
	}
}

// open opens the next part. One without any record is what a crash leaves of
// its beginning: it is empty.
func (f *Follower) open() error {
	number := uint64(0)
	if f.part != nil {
		number = f.part.number
	} else if n := partOf(f.from.Key); n > 0 {
		number = n - 1
	}
	p, ended := f.dir.next(number)
	if p == nil && ended {
		return io.EOF
	}
	if p == nil {
		return ErrIdle
	}
	f.part, f.item = p, 0
	reader, file, err := f.dir.read(p)
	if errors.Is(err, segment.ErrNotRecording) {
		return nil
	}
	if err != nil {
		return err
	}
	f.reader, f.file, f.dec = reader, file, reader.NewDecoder()
	f.source = f.sourceOf(reader.Header())
	return nil
}

// take makes a batch of an item; nil: there is nothing in it to send.
func (f *Follower) take(item segment.Item) *order.Batch {
	key := Key(f.part.number, f.item)
	f.batch = order.Batch{Input: f.source}
	if behind(f.from, key, math.MaxInt64) {
		f.learn(item)
		return nil
	}
	if s, ok := item.(*segment.Segment); ok {
		if s.Rows == 0 {
			return nil
		}
		err := f.dec.ReadBlock(s, f.columns, &f.block.Block)
		if err == nil {
			return f.events(key)
		}
		if !behind(f.from, key, 1) { // else it has been told
			f.damaged += int64(s.Rows)
		}
		item = &segment.Damage{Offset: s.Offset, Size: s.Size, Err: err, Events: int64(s.Rows)}
	}
	f.learn(item)
	switch item.(type) {
	case *segment.Gap, *segment.Damage, *segment.Clock, *segment.Coverage:
	default:
		return nil
	}
	if behind(f.from, key, 1) {
		return nil
	}
	f.batch.Notice, f.batch.Number = item, key
	f.keys = append(f.keys[:0], key)
	f.batch.Keys = f.keys
	f.counts.Notices++
	return &f.batch
}

// keptClocks are the clocks behind the header's that wall times are told by, an
// hour or more: a recording may go on for months. What was called before them
// and returns now has its time between the header's clock and them.
const keptClocks = 360

// learn keeps what later records need.
func (f *Follower) learn(item segment.Item) {
	if c, ok := item.(*segment.Clock); ok {
		s := f.sources[f.source]
		if len(s.clocks) == 2*keptClocks {
			s.clocks = append(s.clocks[:0], s.clocks[keptClocks:]...)
		}
		s.clocks = append(s.clocks, *c)
		s.wall = segment.NewWallClock(s.Header, s.clocks)
	}
}

// events gives the events of the block that lie behind the position.
func (f *Follower) events(key int64) *order.Batch {
	f.block.Serial++
	f.order = f.block.TimeOrder(f.order[:0])
	rows := f.order
	if f.from.Key == key {
		rows = rows[min(len(rows), int(f.from.AtKey)):]
	}
	if len(rows) == 0 {
		return nil
	}
	f.keys = f.keys[:0]
	for range rows {
		f.keys = append(f.keys, key)
	}
	f.counts.Segments++
	f.counts.Events += int64(len(rows))
	f.batch.Block, f.batch.Rows, f.batch.Keys = &f.block, rows, f.keys
	return &f.batch
}
