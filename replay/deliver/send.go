package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// flight is a batch that was sent and not settled.
type flight struct {
	batch *Batch
	quiet bool // under Delivery.mu: the sender need not wake for a success
	ended atomic.Bool
	err   error // valid when ended
}

// send is the sender goroutine.
func (d *Delivery) send(ctx context.Context) {
	defer close(d.done)
	for {
		d.adopt()
		if len(d.flights) > 0 && d.flights[0].ended.Load() {
			f := d.flights[0]
			d.flights = append(d.flights[:0], d.flights[1:]...)
			if err := d.settle(ctx, f); err != nil {
				d.fail(err)
				d.drain(ctx)
				return
			}
			continue
		}
		f, closed := d.take()
		if f != nil {
			d.start(ctx, f)
			continue
		}
		if closed && len(d.flights) == 0 {
			return
		}
		select {
		case <-d.work:
		case <-d.acks:
		case <-ctx.Done():
			d.fail(context.Cause(ctx))
			d.drain(ctx)
			return
		}
	}
}

// adopt takes over the flights that were started.
func (d *Delivery) adopt() {
	d.mu.Lock()
	d.flights = append(d.flights, d.started...)
	clear(d.started)
	d.started = d.started[:0]
	d.mu.Unlock()
}

// take makes the pending batch a flight, if there is one and the sink may be given
// it. closed reports that there will be no other.
func (d *Delivery) take() (f *flight, closed bool) {
	d.mu.Lock()
	if d.pending != nil {
		if next := (&flight{batch: d.pending}); d.claim(next) {
			f, d.pending = next, nil
		}
	}
	closed = d.closed && d.pending == nil && len(d.started) == 0
	d.mu.Unlock()
	if f != nil {
		signal(d.room)
	}
	return f, closed
}

// claim reports whether a flight may start now: one at a time, not more than the
// sink takes, and none before those that failed. d.mu is held.
func (d *Delivery) claim(f *flight) bool {
	if d.sending || d.failed > 0 || d.flying >= d.inFlight {
		return false
	}
	d.sending = true
	d.flying++
	d.started = append(d.started, f)
	return true
}

// measure notes how late the batch's records are.
func (d *Delivery) measure(b *Batch) {
	if len(b.Dues) == 0 {
		return
	}
	now := d.o.Clock.Now()
	d.mu.Lock()
	for _, due := range b.Dues {
		d.lateness.Add(now - due)
	}
	d.mu.Unlock()
}

// start sends the batch of a flight that was claimed.
func (d *Delivery) start(ctx context.Context, f *flight) {
	d.measure(f.batch)
	d.sink.Send(ctx, &f.batch.Batch, func(err error) {
		d.mu.Lock()
		d.flying--
		if err != nil {
			d.failed++
		}
		wake := !f.quiet || d.failed > 0
		d.mu.Unlock()
		f.err = err
		f.ended.Store(true)
		if wake {
			signal(d.acks)
		}
	})
	d.mu.Lock()
	d.sending = false
	d.mu.Unlock()
}

// drain waits for all flights: their memory is the sink's until then.
func (d *Delivery) drain(ctx context.Context) {
	for d.busy() {
		select {
		case <-d.acks:
		case <-ctx.Done():
			return // the sink gives up, and nobody uses the batch again
		}
	}
}

func (d *Delivery) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sending || d.flying > 0
}

// settle deals with the result of the oldest flight. When that is a failure,
// it waits for the others and then sends its batch again, until it is
// delivered, which the error that it returns otherwise says.
func (d *Delivery) settle(ctx context.Context, f *flight) error {
	before := d.Counts()
	if f.err != nil {
		d.drain(ctx)
		if err := d.recover(ctx, &f.batch.Batch, f.err); err != nil {
			return err
		}
		d.mu.Lock()
		d.failed--
		d.mu.Unlock()
	} else {
		d.count(&f.batch.Batch)
	}
	after := d.Counts()
	d.history.add(settled{before: d.last, records: after.Acknowledged - before.Acknowledged,
		events: after.Events - before.Events, bytes: after.Bytes - before.Bytes})
	d.last = f.batch.End
	if d.o.Acknowledged != nil {
		if err := d.o.Acknowledged(f.batch.End); err != nil {
			return err
		}
	}
	d.mu.Lock()
	d.counts.Batches++
	d.mu.Unlock()
	d.recycle(f.batch)
	return nil
}

// count notes that the sink has all of b.
func (d *Delivery) count(b *sink.Batch) {
	d.mu.Lock()
	d.counts.Acknowledged += int64(b.Count)
	d.counts.Events += int64(b.Events)
	d.counts.Bytes += int64(len(b.Data))
	d.mu.Unlock()
}

// recover delivers b, whose sending has failed with err.
func (d *Delivery) recover(ctx context.Context, b *sink.Batch, err error) error {
	for attempt := 1; err != nil; attempt++ {
		failure := sink.AsError(err)
		if failure.Repeats > 0 {
			if _, derr := d.Doubt(failure.Repeats - int(d.doubted.records)); derr != nil {
				return derr
			}
		}
		if n := min(failure.Acknowledged, len(b.Records)); n > 0 {
			d.count(d.joiner.part(b, 0, n))
			if n == len(b.Records) {
				return nil
			}
			b, attempt = d.joiner.part(b, n, len(b.Records)), 1
		}
		switch {
		case failure.AllRefused && len(b.Records) > 1:
			return d.halve(ctx, b)
		case failure.AllRefused && len(b.Records) == 1:
			return d.refuse(b, []sink.Refusal{{Reason: failure.Error()}}, failure)
		case failure.Err == nil && len(failure.Refused) > 0:
			return d.refuse(b, failure.Refused, failure)
		case !failure.Temporary && !d.isFaithful():
			return err
		case attempt >= d.o.Retry.Attempts:
			return fmt.Errorf("gave up after %d attempts: %w", attempt, err)
		}
		wait := d.backoff(attempt, failure.After)
		if d.o.Failed != nil {
			d.o.Failed(failure, attempt, wait)
		}
		if werr := d.pause(ctx, wait); werr != nil {
			return werr
		}
		d.mu.Lock()
		d.counts.Retries++
		d.counts.Resent += int64(failure.Repeats)
		if !failure.Unsent {
			d.counts.Resent += int64(b.Count)
		}
		d.mu.Unlock()
		if err = d.again(ctx, b); err == nil {
			d.trust()
		}
	}
	d.count(b)
	return nil
}

// isFaithful reports whether the sink is tried again whatever it says
// (Retry.Faithful).
func (d *Delivery) isFaithful() bool {
	return d.o.Retry.Faithful && d.traits.Reconnects && d.Counts().Batches > 0
}

// again sends b and waits for the result.
func (d *Delivery) again(ctx context.Context, b *sink.Batch) error {
	result := make(chan error, 1)
	d.sink.Send(ctx, b, func(err error) { result <- err })
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// halve sends both halves of a batch of which the sink refuses something.
func (d *Delivery) halve(ctx context.Context, b *sink.Batch) error {
	middle := len(b.Records) / 2
	for _, half := range []*sink.Batch{d.joiner.part(b, 0, middle), d.joiner.part(b, middle, len(b.Records))} {
		if err := d.again(ctx, half); err != nil {
			if err := d.recover(ctx, half, err); err != nil {
				return err
			}
			continue
		}
		d.count(half)
	}
	return nil
}

// refuse writes the refused records to the dead-letter file; the others are
// delivered.
func (d *Delivery) refuse(b *sink.Batch, refused []sink.Refusal, cause *sink.Error) error {
	if d.o.DeadLetter == nil {
		return fmt.Errorf("the sink refuses %s: %w; --dead-letter FILE keeps what is refused and goes on",
			b.Records[refused[0].Index].ID.String(), cause)
	}
	taken := *b
	for _, r := range refused {
		if err := d.o.DeadLetter.write(b, r); err != nil {
			return err
		}
		taken.Count--
		if b.Records[r.Index].Kind == sink.KindEvent {
			taken.Events--
		}
	}
	d.count(&taken)
	d.mu.Lock()
	d.counts.Refused += int64(len(refused))
	d.counts.RefusedEvents += int64(b.Events - taken.Events)
	for _, r := range refused {
		d.counts.Bytes -= int64(len(b.Bytes(r.Index)))
	}
	d.mu.Unlock()
	return nil
}

// backoff returns how long to wait before the next attempt.
func (d *Delivery) backoff(attempt int, asked time.Duration) time.Duration {
	wait := d.o.Retry.First << min(attempt-1, 20)
	if wait > d.o.Retry.Most || wait <= 0 {
		wait = d.o.Retry.Most
	}
	// Several replays that lost the same server do not come back as one.
	wait -= rand.N(wait/2 + 1)
	return max(wait, min(asked, 10*d.o.Retry.Most))
}

// pause waits by the delivery's clock.
func (d *Delivery) pause(ctx context.Context, wait time.Duration) error {
	if err := d.o.Clock.WaitUntil(ctx, d.o.Clock.Now()+int64(wait)); err != nil {
		return context.Cause(ctx)
	}
	return nil
}
