package pace

import (
	"context"
	"sync"
	"sync/atomic"
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
	exact bool // waits end with a busy loop
	// late is how late the kernel's sleeps end here, in ns: the most of the last
	// ones, half forgotten after a thousand waits.
	late atomic.Int64
}

// Real returns the monotonic clock of this process. Waits are exact to some
// microseconds, for the price of a busy loop at their end, which is as long as
// sleeps have lately been late on this machine: some ten microseconds where
// processors wake at once, up to four milliseconds where they are virtual.
func Real() Clock {
	c := &realClock{start: time.Now(), exact: true}
	c.late.Store(int64(maxLoop))
	return c
}

// Frugal returns the same clock for many threads that wait at once: waits end
// without a busy loop, as late as the kernel's sleeps.
func Frugal() Clock { return &realClock{start: time.Now()} }

func (c *realClock) Now() int64 { return int64(time.Since(c.start)) + 1 }

const (
	// maxSleep is how long before its end a wait leaves the runtime's timers,
	// which may be milliseconds late, for a sleep in the kernel, which no context
	// ends.
	maxSleep         = 50 * time.Millisecond
	minLoop, maxLoop = 20 * time.Microsecond, 4 * time.Millisecond
)

func (c *realClock) WaitUntil(ctx context.Context, ns int64) error {
	loop := c.loop()
	for {
		left := time.Duration(ns - c.Now())
		switch {
		case left <= 0:
			return nil
		case left > 2*maxSleep:
			t := time.NewTimer(left - maxSleep)
			select {
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			case <-t.C:
			}
		case left > loop:
			if err := ctx.Err(); err != nil {
				return err
			}
			sleep(left - loop)
			c.learn(c.Now() - ns + int64(loop))
		}
	}
}

// loop returns how long before its end the next wait leaves the kernel.
func (c *realClock) loop() time.Duration {
	if !c.exact {
		return 0
	}
	late := c.late.Load()
	c.late.Store(late - late/2048)
	return min(max(time.Duration(late), minLoop), maxLoop)
}

// learn takes in how late a sleep ended. What no loop can make good is not learned
// from: it would be remembered for long.
func (c *realClock) learn(late int64) {
	if late = min(late, int64(maxLoop)); late > c.late.Load() {
		c.late.Store(late)
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
