package record

import (
	"context"
	"errors"
	"maps"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	replay "github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// sendTo delivers what is in dir to url, as cmd/sendmsgrec does, until dir ends
// or ctx does.
func sendTo(ctx context.Context, t *testing.T, dir *spill.Dir, url string, header *segment.Header) (counts deliver.Counts, err error) {
	t.Helper()
	target, err := sink.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sink.Open(ctx, target, &sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := dir.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if checkpoint == nil {
		checkpoint = &deliver.Checkpoint{}
	}
	if err := dir.Acknowledge(checkpoint); err != nil {
		t.Fatal(err)
	}
	f, err := spill.NewFollower(dir, checkpoint.Position, header)
	if err != nil {
		t.Fatal(err)
	}
	o := replay.Options{Live: f, From: checkpoint.Position, IDs: true, Fields: []string{"cpu", "seq", "comm"}}
	o.Deliver.Retry = deliver.Retry{Attempts: math.MaxInt, First: time.Millisecond, Most: 20 * time.Millisecond}
	o.Deliver.Acknowledged = func(p deliver.Position) error {
		checkpoint.Position = p
		return dir.Acknowledge(checkpoint)
	}
	p, err := replay.New(s.Traits(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(ctx, s)
	if cerr := s.Close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return p.Report().Delivery, err
}

// liveResult is what a live recording has done.
type liveResult struct {
	summary *Summary
	stats   spill.Stats
	counts  deliver.Counts
	err     error // of the delivery
}

// playLive records a script into dir, and sends it to url until ctx ends.
func playLive(ctx context.Context, t *testing.T, s *script, out *Output, dir *spill.Dir, limit int64, url string) (r liveResult) {
	t.Helper()
	w := spill.NewWriter(dir, limit, deliver.Position{})
	h := &segment.Header{}
	rec, err := New(s, out, h, Options{SegmentEvents: 100, Clock: s.clock, Spill: w})
	if err != nil {
		t.Fatal(err)
	}
	s.ended = func() { rec.Stop("script-end") }
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.counts, r.err = sendTo(ctx, t, dir, url, h)
	}()
	if r.summary, err = rec.Run(); err != nil {
		t.Error(err)
	}
	r.stats = w.Stats()
	<-done
	return r
}

// openSpill opens a spill for the test.
func openSpill(t *testing.T, path string) *spill.Dir {
	t.Helper()
	dir, err := spill.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// busy is a script of some thousand events on two CPUs with all that can
// happen to them; every so often it takes real time.
func busy(rounds int, pause time.Duration) *script {
	s := newScript(2)
	seed := uint64(1)
	mixed := func(e *testEvent) {
		seed = seed*6364136223846793005 + 1
		e.Call.MsgPtr, e.DurationNS, e.iov[0].Base = seed>>20, seed>>40, seed>>16
	}
	for i := range rounds {
		s.steps = append(s.steps, times(70, send(0, mixed)), times(90, send(1, mixed)))
		switch i % 5 {
		case 0:
			s.steps = append(s.steps, times(3, lose(0, ringFull)), send(0))
		case 1:
			s.steps = append(s.steps, filter(1), times(2, lose(1, noState)), lose(1, ringFull), send(1))
		case 2:
			s.steps = append(s.steps, lose(0, skippedEntry))
		}
		s.steps = append(s.steps, func(*script) { time.Sleep(pause) }, nil)
	}
	return s
}

// check compares what a sink has with what was recorded: every number of every
// CPU is there exactly once, as an event or in a gap, and the gaps have the
// causes that the account has.
func (r liveResult) check(t *testing.T, s *script, got *received) {
	t.Helper()
	got.mu.Lock()
	defer got.mu.Unlock()
	lost := map[string]int64{}
	for cause, n := range r.summary.LostByCause {
		if n > 0 {
			lost[cause] = n
		}
	}
	if r.stats.Dropped > 0 {
		lost["spill_full"] = r.stats.Dropped
	}
	gaps := map[string]int64{}
	seen := map[int]map[int64]int{0: {}, 1: {}}
	for _, g := range got.gaps {
		gaps[g.Cause] += g.Count
		for i := int64(0); g.FirstSeq != nil && i < g.Count; i++ {
			seen[g.CPU][*g.FirstSeq+i]++
		}
	}
	events := int64(0)
	for id := range got.events {
		seen[id.cpu][id.seq]++
		events++
	}
	if !maps.Equal(gaps, lost) {
		t.Errorf("gaps of %v, lost %v", gaps, lost)
	}
	if events != r.stats.Kept {
		t.Errorf("%d events arrived, %d were kept", events, r.stats.Kept)
	}
	for cpu, numbers := range seen {
		end := int64(s.rings[cpu].counters.Seq)
		if int64(len(numbers)) != end {
			t.Errorf("CPU %d: %d numbers of %d", cpu, len(numbers), end)
		}
		for seq, n := range numbers {
			if n != 1 || seq >= end {
				t.Errorf("CPU %d: number %d is there %d times, of %d", cpu, seq, n, end)
				break
			}
		}
	}
	all := int64(0)
	for _, n := range lost {
		all += n
	}
	if total := r.summary.Filtered + r.stats.Kept + all + r.summary.InFlight; r.summary.Seen != total {
		t.Errorf("seen %d, filtered + delivered + lost + in flight %d", r.summary.Seen, total)
	}
}

func TestARecordingReachesItsSinkWhileItGoesOn(t *testing.T) {
	for _, c := range []struct {
		name  string
		sink  sinkBehaviour
		proto string
	}{
		{"a TCP sink that keeps up", sinkBehaviour{}, "tcp"},
		{"a TCP sink that is slow", sinkBehaviour{wait: 3 * time.Millisecond}, "tcp"},
		{"a TCP sink that comes late", sinkBehaviour{late: 100 * time.Millisecond}, "tcp"},
		{"a TCP sink that breaks in the middle", sinkBehaviour{breakAt: []int{20_000, 90_000, 90_001}}, "tcp"},
		{"an HTTP sink that keeps up", sinkBehaviour{}, "http"},
		{"an HTTP sink that is slow", sinkBehaviour{wait: 10 * time.Millisecond}, "http"},
		{"an HTTP sink that comes late", sinkBehaviour{late: 100 * time.Millisecond}, "http"},
		{"an HTTP sink that breaks in the middle", sinkBehaviour{breakAt: []int{1, 3, 4, 8}}, "http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "spill")
			dir := openSpill(t, path)
			url, got := startSink(t, c.proto, c.sink)
			s := busy(100, 2*time.Millisecond)
			r := playLive(t.Context(), t, s, nil, dir, spill.DefaultLimitBytes, url)
			if r.err != nil {
				t.Error(r.err)
			}
			got.stop()
			if r.stats.Dropped != 0 || r.summary.Events != r.stats.Kept || r.counts.Events != r.stats.Kept {
				t.Errorf("%+v, delivery %+v, recorded %d", r.stats, r.counts, r.summary.Events)
			}
			if (len(c.sink.breakAt) > 0) != (r.counts.Retries > 0) && c.sink.late == 0 {
				t.Errorf("%d retries", r.counts.Retries)
			}
			r.check(t, s, got)
			if err := dir.Clear(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the spill is still there: %v", err)
			}
		})
	}
}

func TestWhatTheBoundDroppedIsAGapForTheNextSink(t *testing.T) {
	dir := openSpill(t, t.TempDir())
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	s := busy(200, 0)
	out, err := CreateOutput(filepath.Join(t.TempDir(), "x.smr"), false)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 300_000
	r := playLive(ctx, t, s, out, dir, limit, "tcp:"+away.Addr().String())
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if !errors.Is(r.err, context.DeadlineExceeded) || r.counts.Events != 0 {
		t.Errorf("error %v, %+v", r.err, r.counts)
	}
	if r.stats.Kept == 0 || r.stats.Dropped == 0 || r.stats.Kept+r.stats.Dropped != r.summary.Events || r.stats.Err != nil {
		t.Errorf("%+v, recorded %d", r.stats, r.summary.Events)
	}
	if r.summary.LostByCause["spill_full"] != 0 {
		t.Error("the file has everything, and the summary says that something is lost")
	}
	if _, most := dir.Bytes(); most > limit {
		t.Errorf("the spill took %d bytes", most)
	}
	url, got := startSink(t, "tcp", sinkBehaviour{})
	if _, err := sendTo(t.Context(), t, dir, url, nil); err != nil {
		t.Error(err)
	}
	got.stop()
	r.check(t, s, got)
}

func TestASinkThatComesBackGetsWhatIsRecordedFromThenOn(t *testing.T) {
	dir := openSpill(t, t.TempDir())
	url, got := startSink(t, "http", sinkBehaviour{late: 150 * time.Millisecond})
	// Full after a part of the recording, and with room again long before the
	// end.
	s := busy(250, 2*time.Millisecond)
	r := playLive(t.Context(), t, s, nil, dir, 120_000, url)
	if r.err != nil {
		t.Error(r.err)
	}
	got.stop()
	if r.stats.Dropped == 0 || r.summary.LostByCause["spill_full"] != r.stats.Dropped || r.summary.Events != r.stats.Kept {
		t.Errorf("%+v, summary %+v", r.stats, r.summary)
	}
	r.check(t, s, got)
	if last := slices.Max(slices.Collect(func(yield func(int64) bool) {
		for id := range got.events {
			if id.cpu == 1 && !yield(id.seq) {
				return
			}
		}
	})); last < int64(s.rings[1].counters.Seq)*3/4 {
		t.Errorf("the last event that arrived of CPU 1 is %d of %d", last, s.rings[1].counters.Seq)
	}
}

func TestAFullDiskIsLikeABound(t *testing.T) {
	path := t.TempDir()
	if err := mountTmpfs(t, path, "size=256k,mode=0700"); err != nil {
		t.Skipf("needs root to mount a file system: %v", err)
	}
	dir, err := spill.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	s := busy(200, 0)
	r := playLive(ctx, t, s, nil, dir, spill.DefaultLimitBytes, "http://127.0.0.1:1/")
	if r.stats.Kept == 0 || r.stats.Dropped == 0 || r.stats.Err == nil {
		t.Errorf("%+v", r.stats)
	}
	url, got := startSink(t, "http", sinkBehaviour{})
	if _, err := sendTo(t.Context(), t, dir, url, nil); err != nil {
		t.Error(err)
	}
	got.stop()
	r.check(t, s, got)
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}
