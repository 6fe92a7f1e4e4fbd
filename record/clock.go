package record

import (
	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Clock tells the time; tests move it by hand.
type Clock interface {
	// NowNS is CLOCK_BOOTTIME in nanoseconds, the clock of the events.
	NowNS() int64
	// Read returns all clocks at one moment.
	Read() segment.Clock
}

// SystemClock is the host's clocks.
type SystemClock struct{}

// NowNS implements Clock.
func (SystemClock) NowNS() int64 { return clockNS(unix.CLOCK_BOOTTIME) }

// Read implements Clock. The clocks are read one after the other between two
// readings of CLOCK_BOOTTIME, whose middle is given; of a few tries the one
// that took the shortest counts.
func (c SystemClock) Read() (best segment.Clock) {
	shortest := int64(1) << 62
	for range 5 {
		before := c.NowNS()
		r := segment.Clock{
			RealtimeNS:  clockNS(unix.CLOCK_REALTIME),
			MonotonicNS: clockNS(unix.CLOCK_MONOTONIC),
			TAINS:       clockNS(unix.CLOCK_TAI),
		}
		took := c.NowNS() - before
		r.BoottimeNS = before + took/2
		if took < shortest {
			best, shortest = r, took
		}
	}
	return best
}

// clockNS reads a clock that every kernel since 3.10 has.
func clockNS(id int32) int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(id, &t)
	return t.Nano()
}
