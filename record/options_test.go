package record

import (
	"testing"
	"time"
)

func TestShouldClose(t *testing.T) {
	o := Options{SegmentEvents: 100, SegmentBytes: 1000, FlushInterval: 4 * time.Second}
	for _, c := range []struct {
		name          string
		events, bytes int
		age           time.Duration
		want          bool
	}{
		{"nothing in it, however old", 0, 0, time.Hour, false},
		{"young and small", 99, 999, 1999 * time.Millisecond, false},
		{"full by events", 100, 0, 0, true},
		{"full by bytes", 1, 1000, 0, true},
		{"half of the flush interval old", 1, 1, 2 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := o.shouldClose(c.events, c.bytes, c.age); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// An event waits in the ring, in the block and on its way to the disk; all
// this together stays within the flush interval.
func TestWaitAndAgeLeaveTimeToWrite(t *testing.T) {
	for _, interval := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Minute} {
		o := Options{FlushInterval: interval}.withDefaults()
		var oldest time.Duration
		for oldest = 0; !o.shouldClose(1, 1, oldest); oldest += interval / 1000 {
		}
		if left := interval - oldest - o.maxWait(); left < interval/4 {
			t.Errorf("with an interval of %v an event may be %v old before it is written", interval, oldest+o.maxWait())
		}
	}
}
