package pace

import (
	"context"
	"testing"
	"time"
)

// A wait ends with a busy loop as long as sleeps are late: it begins with the
// longest, forgets what does not come again, and is longer at once after a late
// sleep.
func TestTheLoopFollowsTheSleeps(t *testing.T) {
	c := Real().(*realClock)
	if got := c.loop(); got != maxLoop {
		t.Errorf("the first wait loops for %v, want %v", got, maxLoop)
	}
	for range 20000 {
		c.loop()
	}
	if got := c.loop(); got != minLoop {
		t.Errorf("after 20000 waits that were never late it loops for %v, want %v", got, minLoop)
	}
	c.learn(int64(300 * time.Microsecond))
	c.learn(int64(time.Microsecond))
	if got := c.loop(); got != 300*time.Microsecond {
		t.Errorf("after a sleep that was 300 µs late it loops for %v", got)
	}
	c.learn(int64(time.Second))
	if got := c.loop(); got != maxLoop {
		t.Errorf("after a sleep that was 1 s late it loops for %v, want %v", got, maxLoop)
	}
	for range 5 * 2048 {
		c.loop()
	}
	if got := c.loop(); got > 100*time.Microsecond {
		t.Errorf("it still loops for %v after ten thousand waits that were never late", got)
	}
	f := Frugal().(*realClock)
	f.learn(int64(time.Second))
	if got := f.loop(); got != 0 {
		t.Errorf("the frugal clock loops for %v", got)
	}
}

// A wait never ends early, and its context ends it, however long it is.
func TestWaitUntil(t *testing.T) {
	for _, c := range []Clock{Real(), Frugal()} {
		for _, d := range []time.Duration{-time.Second, 0, time.Microsecond, time.Millisecond, 20 * time.Millisecond, 130 * time.Millisecond} {
			due := c.Now() + int64(d)
			if err := c.WaitUntil(context.Background(), due); err != nil {
				t.Fatal(err)
			}
			if early := due - c.Now(); early > 0 {
				t.Errorf("a wait of %v ended %d ns early", d, early)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := c.WaitUntil(ctx, c.Now()+int64(time.Hour)); err != context.Canceled {
			t.Errorf("an hour's wait whose context ended: %v", err)
		}
	}
}
