package play

import (
	"context"
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Live is a source of records that is still being written.
type Live interface {
	records
	// Sources are the recordings, by order.Batch.Input.
	Sources() []*sink.Source
	// Read says which columns blocks must have; nil is all. It is called once,
	// before Next.
	Read(columns []schema.ColumnID)
	// Wait waits until Next may have something, after it has returned
	// spill.ErrIdle, or until ctx ends, whose cause it returns.
	Wait(ctx context.Context) error
}

// live sends what there is, and what there is at the moment without waiting for
// more: a full batch when the sink is slow, a small one when nothing happens.
func (p *Replay) live(ctx context.Context) error {
	batch := p.newBatch()
	for {
		b, err := p.o.Live.Next()
		if err != nil && !errors.Is(err, spill.ErrIdle) && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			p.setWalls()
			if batch, err = p.fill(ctx, batch, b, 0); err != nil {
				return err
			}
			continue
		}
		if _, perr := p.put(ctx, batch); perr != nil || errors.Is(err, io.EOF) {
			return perr
		}
		batch = p.newBatch()
		if err := p.o.Live.Wait(ctx); err != nil {
			return err
		}
	}
}

// records is where records come from.
type records interface {
	// Next returns the next ones; io.EOF at the end.
	Next() (*order.Batch, error)
	// Wall is the wall clock of an input, as far as it is known.
	Wall(input int) *segment.WallClock
	// Exact reports whether a replay can go on behind what was returned.
	Exact() bool
	Counts() order.Counts
}
