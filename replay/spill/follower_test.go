package spill

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestTheClocksOfALongRecordingTakeNoMore(t *testing.T) {
	// Half a day of them, 10 seconds apart; the wall clock gains a microsecond in each.
	const step, count = 10_000_000_000, 5_000
	at := func(i int64) segment.Clock {
		return segment.Clock{BoottimeNS: i * step, RealtimeNS: 1e18 + i*(step+1000)}
	}
	h := &segment.Header{Start: at(1)}
	f := &Follower{dir: &Dir{}}
	f.sourceOf(h)
	most := 0
	for i := int64(2); i <= count; i++ {
		c := at(i)
		f.learn(&c)
		most = max(most, len(f.sources[0].clocks))
	}
	if most > 2*keptClocks {
		t.Errorf("%d clocks at a time", most)
	}
	for _, i := range []int64{1, 2, count / 2, count - keptClocks, count} {
		if got, want := f.Wall(0).UnixNS(i*step), at(i).RealtimeNS; got-want < -1000 || got-want > 1000 {
			t.Errorf("clock %d: %d ns off", i, got-want)
		}
	}
}
