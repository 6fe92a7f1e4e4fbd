package record

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// slowFile lets each write after those of New wait for a token.
type slowFile struct {
	discard
	slow   bool
	tokens chan struct{}
}

func (f *slowFile) Write(p []byte) (int, error) {
	if f.slow {
		<-f.tokens
	}
	return len(p), nil
}

// A disk that stands still stops the drain after the jobs that there are; the
// rings keep the rest.
func TestASlowDiskHoldsUpTheDrainNotTheHeap(t *testing.T) {
	const perCPU, perSegment, workers = 10_000, 100, 2
	l := newLoop(2, 1<<20, uniform(rand.New(rand.NewPCG(1, 1))))
	for _, r := range l.rings {
		r.limit = perCPU
	}
	f := &slowFile{tokens: make(chan struct{})}
	r, err := New(l, &Output{f: f}, &segment.Header{}, Options{SegmentEvents: perSegment, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	f.slow = true
	l.ended = func() { r.Stop("script-end") }
	ended := make(chan *Summary)
	go func() {
		s, err := r.Run()
		if err != nil {
			t.Error(err)
		}
		ended <- s
	}()
	served := func() (n uint64) { return l.rings[0].served.Load() + l.rings[1].served.Load() }
	before, deadline := uint64(math.MaxUint64), time.Now().Add(10*time.Second)
	for before != served() || before == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the drain does not come to rest")
		}
		before = served()
		time.Sleep(50 * time.Millisecond)
	}
	if most := uint64((workers + spareJobs) * perSegment); before > most {
		t.Errorf("the drain took %d events while nothing was written, at most %d fit the jobs", before, most)
	}
	close(f.tokens)
	if s := <-ended; s.Events != 2*perCPU || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// In the steady state a recording allocates nothing, whatever its length.
func TestMemoryDoesNotGrowWithTheRecording(t *testing.T) {
	allocations := func(events uint64) float64 {
		return testing.AllocsPerRun(3, func() {
			l := newLoop(1, 64<<10, uniform(rand.New(rand.NewPCG(1, 1))))
			l.rings[0].limit = events
			r, err := New(l, &Output{f: discard{}}, &segment.Header{}, Options{SegmentEvents: 1000, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			l.ended = func() { r.Stop("script-end") }
			if _, err := r.Run(); err != nil {
				t.Fatal(err)
			}
		})
	}
	short, long := allocations(20_000), allocations(520_000)
	if perEvent := (long - short) / 500_000; perEvent > 0.001 {
		t.Errorf("%.4f allocations per event: %v for 20,000 events, %v for 520,000", perEvent, short, long)
	}
}
