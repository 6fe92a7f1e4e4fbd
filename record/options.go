package record

import (
	"runtime"
	"time"
)

// Options bound a recording. The zero value means the defaults.
type Options struct {
	SegmentEvents int           // events in a segment; default 32768
	SegmentBytes  int           // estimated bytes of a segment in memory; default 256 for each of SegmentEvents
	FlushInterval time.Duration // an event is in the file this long after its return; default 1 s
	ClockInterval time.Duration // between clock records; default 10 s
	Duration      time.Duration // end after this long; 0 is never
	MaxEvents     int64         // end after this many recorded events; 0 is never
	Workers       int           // encode goroutines; default one per core, at most 4
	Filtered      bool          // a filter is active: skipped entries are an upper bound
	Clock         Clock         // default SystemClock
	Spill         Spill         // the way to a sink; nil: there is none

	// Started, if set, is called when the drain has its priority, which is the
	// last thing that takes a privilege, from Run's goroutine: a real-time
	// thread must not wait for others. An error ends the recording.
	Started func() error
}

// Defaults of Options.
const (
	DefaultSegmentEvents = 32768
	segmentEventBytes    = 256
	DefaultFlushInterval = time.Second
	defaultClockInterval = 10 * time.Second
	maxWorkers           = 4
)

func (o Options) withDefaults() Options {
	if o.SegmentEvents <= 0 {
		o.SegmentEvents = DefaultSegmentEvents
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = segmentEventBytes * o.SegmentEvents
	}
	if o.FlushInterval <= 0 {
		o.FlushInterval = DefaultFlushInterval
	}
	if o.ClockInterval <= 0 {
		o.ClockInterval = defaultClockInterval
	}
	if o.Workers <= 0 {
		o.Workers = min(maxWorkers, runtime.GOMAXPROCS(0))
	}
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	return o
}

// maxWait is the longest time that events lie in the rings when no watermark
// announces them. Sleeping less often pays: each time the Go runtime takes the
// sleeping thread's processor away and its monitor thread then looks every
// 20 us, some fifty times, for another one to take.
func (o *Options) maxWait() time.Duration { return min(100*time.Millisecond, o.FlushInterval/8) }

// shouldClose decides whether the segment being built is closed now: it has
// events, and their number, their bytes or the age of the oldest reaches the
// bound. The age leaves half of the flush interval for waiting in the ring,
// encoding and writing, which on a busy host can take long.
func (o *Options) shouldClose(events, bytes int, age time.Duration) bool {
	return events > 0 && (events >= o.SegmentEvents || bytes >= o.SegmentBytes || age >= o.FlushInterval/2)
}
