// Package play runs a replay: it takes records from recordings in order
// (package order), writes them as the sink wants them (encode), waits until
// they are due (pace) and hands them over (deliver).
//
//	order ──► encode ──► [prepared batches] ──► pace ──► deliver ──► sink
//
// Without pacing, ordering and encoding are one goroutine and the sink's side
// another. With it a third one waits, so that decoding a segment makes no event
// late that is ready; it gives the sink itself what is due.
package play

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/encode"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// Input is a recording with the name to show for it.
type Input struct {
	order.Input
	Name string
}

// Options say what to replay and how.
type Options struct {
	Inputs []Input
	// Live, when not nil, takes the place of Inputs, as fast as it comes: Order,
	// Pace and Loops have no meaning.
	Live  Live
	Order order.Options // Columns are set by Run
	Pace  pace.Options
	// Loops is how often the recordings are replayed; 0 is once.
	Loops int
	// Format, Fields and IDs are those of encode.Options.
	Format  string
	Fields  []string
	IDs     bool
	Deliver deliver.Options
	// SHA256 asks for the hash of the stream's bytes.
	SHA256 bool
	// From is where to go on; the zero Position is the start.
	From deliver.Position
	// Progress, when not nil, is called now and then.
	Progress func(records int64)
}

// Replay is a replay that can run once.
type Replay struct {
	o        Options
	sources  []*sink.Source
	merger   *order.Merger // nil when the replay is live
	records  records
	encoder  *encode.Encoder
	pacer    *pace.Pacer
	delivery *deliver.Delivery
	clock    pace.Clock
	hash     hash.Hash
	position deliver.Position
	read     deliver.Position // of prepared records, which the pacer has not sent
	sum      string
}

// New prepares a replay to a sink with these traits. Errors are about Format
// and Fields.
func New(traits sink.Traits, o Options) (*Replay, error) {
	if o.Loops <= 0 {
		o.Loops = 1
	}
	if o.Live != nil {
		o.Pace = pace.Options{Unpaced: true}
	}
	if o.Deliver.Clock == nil {
		o.Deliver.Clock = pace.Real()
	}
	p := &Replay{o: o, clock: o.Deliver.Clock, pacer: pace.New(o.Pace), position: o.From, read: o.From}
	var inputs []order.Input
	for _, in := range o.Inputs {
		inputs = append(inputs, in.Input)
		id := uuid.UUID(in.Reader.FileID())
		p.sources = append(p.sources, &sink.Source{Name: in.Name, ID: id, Header: in.Reader.Header()})
	}
	if o.Live != nil {
		p.sources = o.Live.Sources()
	}
	var err error
	p.encoder, err = encode.New(encode.Options{Traits: traits, Format: o.Format, Fields: o.Fields, IDs: o.IDs,
		AlwaysBytes: o.SHA256, AlwaysRecords: !o.Pace.Unpaced, Sources: p.sources})
	if err != nil {
		return nil, err
	}
	if o.SHA256 {
		p.hash = sha256.New()
	}
	if o.Live != nil {
		o.Live.Read(p.encoder.Columns())
		p.records = o.Live
		p.setWalls()
		return p, nil
	}
	o.Order.Columns = p.encoder.Columns()
	if p.merger, err = order.New(inputs, o.Order); err != nil {
		return nil, err
	}
	p.records = p.merger
	p.setWalls()
	return p, nil
}

// setWalls gives the encoder the wall clocks. Those of streams grow.
func (p *Replay) setWalls() {
	for i := range p.sources {
		p.encoder.SetWall(i, p.records.Wall(i))
	}
}

// Run replays to the sink, which the caller closes. It returns when everything
// is acknowledged, or with the error that ended it; Report tells what was done
// in either case.
func (p *Replay) Run(ctx context.Context, s sink.Sink) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.delivery = deliver.New(ctx, s, p.o.From, p.o.Deliver)
	var err error
	switch {
	case p.o.Live != nil:
		err = p.live(ctx)
	case p.pacer.Unpaced():
		err = p.unpaced(ctx)
	default:
		err = p.paced(ctx, cancel)
	}
	if err != nil {
		cancel(err)
	}
	if cerr := p.delivery.Close(); err == nil {
		err = cerr
	}
	if p.hash != nil {
		p.sum = hex.EncodeToString(p.hash.Sum(nil))
	}
	return err
}

// Doubt says, after Run, that closing the sink has shown that the last n
// records may not have arrived (sink.Error.Repeats).
func (p *Replay) Doubt(n int) error {
	_, err := p.delivery.Doubt(n)
	return err
}

// each reads all loops and gives each batch of the order to fn, from the
// position on where the replay goes on.
func (p *Replay) each(fn func(b *order.Batch, loop int) error) error {
	for loop := p.o.From.Loop; loop < p.o.Loops; loop++ {
		skip := int64(0)
		if loop == p.o.From.Loop {
			if skip = p.o.From.AtKey; skip > 0 {
				p.merger.SkipTo(p.o.From.Key)
			}
		} else {
			p.merger.Rewind()
			p.read = deliver.Position{Loop: loop, Records: p.read.Records}
		}
		for {
			b, err := p.merger.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			p.setWalls()
			for skip > 0 && len(b.Keys) > 0 && b.Keys[0] == p.o.From.Key {
				b.Keys = b.Keys[1:]
				if b.Block != nil {
					b.Rows = b.Rows[1:]
				}
				skip--
			}
			if len(b.Keys) == 0 {
				continue
			}
			if err := fn(b, loop); err != nil {
				return err
			}
		}
	}
	return nil
}

// add appends the first records of a batch of the order, as many as there is
// room for, and returns how many.
func (p *Replay) add(to *deliver.Batch, b *order.Batch, loop int) int {
	n := 1
	switch {
	case b.Block == nil:
		p.encoder.Notice(b.Input, b.Notice, b.Number, int32(loop))
	case p.encoder.Countable():
		n = min(len(b.Rows), p.delivery.Room(to))
		p.encoder.Count(n)
	default:
		// A record is not larger than this on average, so a batch does not
		// grow far beyond its limit in bytes.
		n = min(len(b.Rows), p.delivery.Room(to), recordsAtATime)
		p.encoder.Events(b.Input, &b.Block.Block, b.Block.Serial, b.Rows[:n], int32(loop))
	}
	p.read.AdvanceAll(b.Keys[:n])
	p.read.Inexact = !p.records.Exact()
	to.End = p.read
	b.Keys = b.Keys[n:]
	if b.Block != nil {
		b.Rows = b.Rows[n:]
	}
	return n
}

// recordsAtATime is how many records are written between two looks at the size
// of the batch.
const recordsAtATime = 64

// put hands a batch to the delivery.
func (p *Replay) put(ctx context.Context, b *deliver.Batch) (waitedNS int64, err error) {
	if p.hash != nil {
		p.hash.Write(b.Data)
	}
	p.position = b.End
	if p.o.Progress != nil {
		p.o.Progress(b.End.Records)
	}
	return p.delivery.Put(ctx, b)
}

func (p *Replay) unpaced(ctx context.Context) error {
	batch := p.newBatch()
	err := p.each(func(b *order.Batch, loop int) (err error) {
		batch, err = p.fill(ctx, batch, b, loop)
		return err
	})
	if err != nil {
		return err
	}
	_, err = p.put(ctx, batch)
	return err
}

func (p *Replay) newBatch() *deliver.Batch {
	batch := p.delivery.Batch()
	p.encoder.Begin(&batch.Batch)
	return batch
}

// fill appends all of b to batch. Full batches go on their way; it returns the
// one that is not full.
func (p *Replay) fill(ctx context.Context, batch *deliver.Batch, b *order.Batch, loop int) (*deliver.Batch, error) {
	for len(b.Keys) > 0 {
		p.add(batch, b, loop)
		if !p.delivery.Full(batch) {
			continue
		}
		if _, err := p.put(ctx, batch); err != nil {
			return nil, err
		}
		batch = p.newBatch()
	}
	return batch, nil
}
