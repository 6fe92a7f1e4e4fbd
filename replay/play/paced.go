package play

import (
	"context"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// prepared is a batch that is encoded and not due yet.
type prepared struct {
	batch *deliver.Batch
	// keys and ends are the time of each record and the position behind it.
	keys []int64
	ends []deliver.Position
}

// preparedRecords bounds a prepared batch: two of them lie between the
// encoder and the pacer, some milliseconds of a fast recording.
const preparedRecords = 4096

// settleTime is a wait, in nanoseconds, in which the sender can be woken and make
// no event late.
const settleTime = 5_000_000

// paced runs the encoder ahead of the pacer.
func (p *Replay) paced(ctx context.Context, cancel context.CancelCauseFunc) error {
	ready, empty := make(chan *prepared, 2), make(chan *prepared, 4)
	for range cap(empty) {
		empty <- &prepared{batch: &deliver.Batch{}}
	}
	result := make(chan error, 1)
	go func() {
		defer close(ready)
		result <- p.prepare(ctx, ready, empty)
	}()
	err := p.release(ctx, ready, empty)
	if err != nil {
		cancel(err)
	}
	for range ready { // lets the other goroutine end
	}
	if perr := <-result; err == nil {
		err = perr
	}
	return err
}

// prepare encodes everything into batches.
func (p *Replay) prepare(ctx context.Context, ready chan<- *prepared, empty <-chan *prepared) error {
	var to *prepared
	flush := func() error {
		if to == nil || to.batch.Count == 0 {
			return nil
		}
		select {
		case ready <- to:
			to = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := p.each(func(b *order.Batch, loop int) error {
		for len(b.Keys) > 0 {
			if to == nil {
				select {
				case to = <-empty:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				to.batch.Reset()
				to.keys, to.ends = to.keys[:0], to.ends[:0]
				p.encoder.Begin(&to.batch.Batch)
			}
			keys, at := b.Keys, p.read
			n := p.add(to.batch, b, loop)
			for _, key := range keys[:n] {
				at.Advance(key)
				at.Inexact = p.read.Inexact
				to.keys, to.ends = append(to.keys, key), append(to.ends, at)
			}
			if to.batch.Count >= preparedRecords || p.delivery.Full(to.batch) {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// release hands each record to the delivery when it is due. What is due
// together goes together.
func (p *Replay) release(ctx context.Context, ready <-chan *prepared, empty chan<- *prepared) error {
	defer pace.OwnThread()()
	var due, now int64
	loop := p.o.From.Loop
	for from := range ready {
		if now == 0 {
			// The anchor: taken when the first batch is there, because reading
			// and decoding it must not make its events late.
			now = p.clock.Now()
		}
		out := p.delivery.Batch()
		begin := 0
		flush := func(end int) error {
			if begin == end {
				return nil
			}
			p.delivery.Append(out, from.batch, begin, end)
			out.End = from.ends[end-1]
			begin = end
			waited, err := p.put(ctx, out)
			if err != nil {
				return err
			}
			if p.o.Deliver.Policy == deliver.Skew {
				p.pacer.Skew(waited)
			}
			out = p.delivery.Batch()
			return nil
		}
		for i := range from.batch.Records {
			if l := from.ends[i].Loop; l != loop {
				loop = l
				p.pacer.Restart()
			}
			// A notice has no moment of its own: it goes with the event before.
			if from.batch.Records[i].Kind == sink.KindEvent {
				due = p.pacer.Due(from.keys[i], now)
				if due > now {
					now = p.clock.Now()
				}
				if due > now {
					if err := flush(i); err != nil {
						return err
					}
					if due-now > settleTime {
						p.delivery.Settle()
					}
					if err := p.clock.WaitUntil(ctx, due); err != nil {
						return context.Cause(ctx)
					}
					now = p.clock.Now()
				}
				out.Dues = append(out.Dues, due)
			}
		}
		if err := flush(len(from.batch.Records)); err != nil {
			return err
		}
		empty <- from
	}
	return nil
}
