package deliver

import (
	"context"
	"sync"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// Delivery is a delivery under way. Batch, Put and Close are for one goroutine;
// Counts may be called from any.
type Delivery struct {
	sink       sink.Sink
	o          Options
	traits     sink.Traits
	maxRecords int
	maxBytes   int
	inFlight   int

	mu       sync.Mutex
	pending  *Batch    // nil: none
	started  []*flight // for the sender to settle, in order
	flying   int       // flights whose result is not there yet
	failed   int       // flights that failed and are not settled
	sending  bool      // a goroutine is in the sink's Send
	free     []*Batch
	closed   bool
	err      error
	counts   Counts
	lateness pace.Lateness

	work chan struct{} // pending, closed or err has changed
	room chan struct{} // pending was taken, or err is set
	acks chan struct{} // a flight has ended, or some were left to the sender
	done chan struct{} // the sender has ended

	// The sender's alone:
	flights []*flight // in order
	history history
	doubted settled  // taken back, and not sent again yet
	last    Position // up to which all is acknowledged
	joiner  joiner
	putter  joiner // Put's
	filler  joiner // Append's
}

// New starts a delivery to s, which stays the caller's to close. ctx ends it.
// from is where the stream begins.
func New(ctx context.Context, s sink.Sink, from Position, o Options) *Delivery {
	d := &Delivery{
		sink: s, o: o.withDefaults(), last: from, traits: s.Traits(),
		work: make(chan struct{}, 1), room: make(chan struct{}, 1),
		acks: make(chan struct{}, 1), done: make(chan struct{}),
	}
	d.maxRecords, d.maxBytes, d.inFlight = defaultMaxRecords, defaultMaxBytes, max(1, d.traits.InFlight)
	if n := d.traits.MaxRecords; n > 0 {
		d.maxRecords = n
	}
	if n := d.o.MaxRecords; n > 0 {
		d.maxRecords = min(d.maxRecords, n)
	}
	if n := d.traits.MaxBytes; n > 0 {
		d.maxBytes = n
	}
	go d.send(ctx)
	return d
}

// signal wakes whoever waits for c.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Batch returns an empty batch, the caller's until Put.
func (d *Delivery) Batch() *Batch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.free); n > 0 {
		b := d.free[n-1]
		d.free = d.free[:n-1]
		return b
	}
	return &Batch{}
}

// Full reports whether b has reached a limit: it should be Put.
func (d *Delivery) Full(b *Batch) bool {
	return b.Count >= d.maxRecords || len(b.Data) >= d.maxBytes
}

// Room is how many more records b may take.
func (d *Delivery) Room(b *Batch) int { return max(0, d.maxRecords-b.Count) }

// Put hands b over. It returns how long it waited for the sink, in
// nanoseconds of Options.Clock, and the error that has ended the delivery.
func (d *Delivery) Put(ctx context.Context, b *Batch) (waitedNS int64, err error) {
	if b.Count == 0 {
		d.recycle(b)
		return 0, nil
	}
	if d.putAtOnce(ctx, b) {
		return 0, nil
	}
	start := int64(-1)
	d.mu.Lock()
	d.counts.Put += int64(b.Count)
	for {
		switch {
		case d.err != nil:
			err := d.err
			d.mu.Unlock()
			return 0, err
		case d.pending == nil:
			d.pending = b
		case d.pending.fits(b, d.maxRecords, d.maxBytes):
			d.putter.join(d.pending, b)
			b.Reset()
			d.free = append(d.free, b)
		case d.o.Policy == Drop:
			d.counts.Dropped += int64(b.Count)
			// What was acknowledged before leads past what was dropped.
			d.pending.End = b.End
			b.Reset()
			d.free = append(d.free, b)
		default:
			if start < 0 {
				start = d.o.Clock.Now()
			}
			d.mu.Unlock()
			select {
			case <-d.room:
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
			d.mu.Lock()
			continue
		}
		break
	}
	if start >= 0 {
		waitedNS = d.o.Clock.Now() - start
		d.counts.BlockedNS += waitedNS
	}
	d.mu.Unlock()
	signal(d.work)
	return waitedNS, nil
}

// Few of the flights that Put has started wait for the sender: it wakes at the
// first number of them, and at the second Put leaves the batch to it.
const (
	manyStarted = 256
	maxStarted  = 1024
)

// putAtOnce sends b itself where its records are due now and the sink takes them:
// waking the sender may take longer than the wait before was exact. The other
// policies decide while the sink is busy, so they must not wait in it.
func (d *Delivery) putAtOnce(ctx context.Context, b *Batch) bool {
	if len(b.Dues) == 0 || d.o.Policy != Block {
		return false
	}
	f := &flight{batch: b, quiet: true}
	d.mu.Lock()
	ok := d.err == nil && d.pending == nil && len(d.started) < maxStarted && d.claim(f)
	if ok {
		d.counts.Put += int64(b.Count)
	}
	d.mu.Unlock()
	if !ok {
		return false
	}
	d.start(ctx, f)
	d.mu.Lock()
	f.quiet = false
	wake := d.failed > 0 || len(d.started) >= manyStarted
	d.mu.Unlock()
	if wake {
		signal(d.acks)
	}
	return true
}

// Settle wakes the sender for what Put has sent itself and left to it: when there
// is time.
func (d *Delivery) Settle() {
	d.mu.Lock()
	n := len(d.started)
	d.mu.Unlock()
	if n > 0 {
		signal(d.acks)
	}
}

func (d *Delivery) recycle(b *Batch) {
	b.Reset()
	d.mu.Lock()
	d.free = append(d.free, b)
	d.mu.Unlock()
}

// Close waits until everything is acknowledged, or the delivery has failed, and
// returns its error. It does not close the sink.
func (d *Delivery) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	signal(d.work)
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Counts returns the account so far.
func (d *Delivery) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

// Lateness returns how late events were handed to the sink for the first time.
func (d *Delivery) Lateness() pace.Lateness {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lateness
}

// fail ends the delivery.
func (d *Delivery) fail(err error) {
	d.mu.Lock()
	if d.err == nil {
		d.err = err
	}
	d.mu.Unlock()
	signal(d.room)
}
