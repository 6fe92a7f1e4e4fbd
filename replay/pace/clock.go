package pace

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits. Times are nanoseconds since some moment.
type Clock interface {
	Now() int64
	// WaitUntil waits until ns, or until ctx ends, whose error it returns.
	WaitUntil(ctx context.Context, ns int64) error
}

// realClock is the monotonic clock.
type realClock struct {
	start time.Time
	// loop is the busy loop at the end of a wait: a sleep in the kernel may be
	// some ten microseconds late.
	loop time.Duration
}

// Real returns the monotonic clock of this process. Waits are exact to some
// microseconds, for the price of a short busy loop at their end.
func Real() Clock { return realClock{time.Now(), 60 * time.Microsecond} }

// Frugal returns the same clock for many threads that wait at once: waits end
// without a busy loop, some ten microseconds late.
func Frugal() Clock { return realClock{start: time.Now()} }

func (c realClock) Now() int64 { return int64(time.Since(c.start)) + 1 }

// timerSlack is how long before its end a wait leaves the runtime's timers,
// which may be a millisecond late, for a sleep in the kernel.
const timerSlack = 2 * time.Millisecond

func (c realClock) WaitUntil(ctx context.Context, ns int64) error {
	for {
		left := time.Duration(ns - c.Now())
		switch {
		case left <= 0:
			return nil
		case left > timerSlack:
			t := time.NewTimer(left - timerSlack)
			select {
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			case <-t.C:
			}
		case left > c.loop:
			if err := ctx.Err(); err != nil {
				return err
			}
			sleep(left - c.loop)
		}
	}
}

// Virtual is a clock for tests: waiting takes no time, it advances the clock.
// It may be used from several goroutines.
type Virtual struct {
	mu  sync.Mutex
	now int64
}

// Now returns the time.
func (v *Virtual) Now() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// WaitUntil sets the clock forward to ns.
func (v *Virtual) WaitUntil(ctx context.Context, ns int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = max(v.now, ns)
	return ctx.Err()
}

// Advance sets the clock forward by d.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now += int64(d)
}
