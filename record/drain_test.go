package record

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

const (
	ringFull     = segment.CauseRingFull
	noState      = segment.CauseNoState
	skippedExit  = segment.CauseSkippedExit
	skippedEntry = segment.CauseSkippedEntry
)

// recorded is a recording read back.
type recorded struct {
	summary  *Summary
	rows     []int // of each segment
	seqs     map[int][]int64
	gaps     []segment.Gap
	clocks   int
	end      *segment.End
	segments []*segment.Segment
	coverage []segment.Coverage
	start    segment.Clock
}

// play records a script into a file and reads it back.
func play(t *testing.T, s *script, o Options) (recorded, error) {
	t.Helper()
	return playUntil(t, s, o, "script-end")
}

// playUntil is play with a reason for the end of the script.
func playUntil(t *testing.T, s *script, o Options, reason string) (recorded, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.smr")
	out, err := CreateOutput(path, false)
	if err != nil {
		t.Fatal(err)
	}
	o.Clock = s.clock
	r, err := New(s, out, &segment.Header{}, o)
	if err != nil {
		t.Fatal(err)
	}
	s.ended = func() { r.Stop(reason) }
	summary, runErr := r.Run()
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	got := readBack(t, path)
	got.summary = summary
	return got, runErr
}

func readBack(t *testing.T, path string) recorded {
	t.Helper()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := recorded{seqs: map[int][]int64{}, start: r.Header().Start}
	decoder, block := r.NewDecoder(), new(segment.Block)
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		switch item := item.(type) {
		case *segment.Segment:
			got.rows = append(got.rows, item.Rows)
			got.segments = append(got.segments, item)
			if err := decoder.ReadBlock(item, []schema.ColumnID{schema.ColCPU, schema.ColSeq}, block); err != nil {
				t.Fatal(err)
			}
			for row := range item.Rows {
				cpu, _ := block.Int(schema.ColCPU, row)
				seq, _ := block.Int(schema.ColSeq, row)
				got.seqs[int(cpu)] = append(got.seqs[int(cpu)], seq)
			}
		case *segment.Gap:
			got.gaps = append(got.gaps, *item)
		case *segment.Clock:
			got.clocks++
		case *segment.End:
			got.end = item
		case *segment.Coverage:
			got.coverage = append(got.coverage, *item)
		case *segment.Damage:
			t.Errorf("the file is damaged: %v", item)
		}
	}
}

// One table of what a kernel may do, and what the file and its account say.
func TestEverythingSeenIsAccounted(t *testing.T) {
	for _, c := range []struct {
		name               string
		script             *script
		options            Options
		events             int64
		filtered, inFlight int64
		lost               map[string]int64
		gaps               []segment.Gap // without times
		rows               []int
	}{
		{
			name:   "a recording without an event is a whole file",
			script: newScript(2),
		},
		{
			name:   "events of two CPUs are recorded",
			script: newScript(2, send(0), send(1), send(0), pause, send(1)),
			events: 4, rows: []int{4},
		},
		{
			name:   "a hole between two events is a gap with its cause",
			script: newScript(1, send(0), lose(0, ringFull), lose(0, ringFull), send(0)),
			events: 2, rows: []int{2}, lost: map[string]int64{"ring_full": 2},
			gaps: []segment.Gap{{CPU: 0, FirstSeq: 1, Count: 2, Cause: ringFull}},
		},
		{
			name:   "a hole before the first event begins at number 0",
			script: newScript(1, lose(0, noState), send(0)),
			events: 1, rows: []int{1}, lost: map[string]int64{"no_state": 1},
			gaps: []segment.Gap{{CPU: 0, FirstSeq: 0, Count: 1, Cause: noState}},
		},
		{
			name:   "what is lost after the last event is found at the end",
			script: newScript(2, send(0), lose(0, skippedExit), lose(1, ringFull)),
			events: 1, rows: []int{1}, lost: map[string]int64{"skipped_exit": 1, "ring_full": 1},
			gaps: []segment.Gap{{CPU: 0, FirstSeq: 1, Count: 1, Cause: skippedExit}, {CPU: 1, FirstSeq: 0, Count: 1, Cause: ringFull}},
		},
		{
			name:   "a hole of three causes is three gaps",
			script: newScript(1, send(0), lose(0, skippedExit), lose(0, noState), times(3, lose(0, ringFull)), send(0)),
			events: 2, rows: []int{2}, lost: map[string]int64{"ring_full": 3, "no_state": 1, "skipped_exit": 1},
			gaps: []segment.Gap{
				{CPU: 0, FirstSeq: 1, Count: 3, Cause: ringFull},
				{CPU: 0, FirstSeq: 4, Count: 1, Cause: noState},
				{CPU: 0, FirstSeq: 5, Count: 1, Cause: skippedExit},
			},
		},
		{
			name:   "losses later in the same batch do not leak into an earlier hole",
			script: newScript(1, lose(0, ringFull), send(0), lose(0, ringFull), send(0), times(5, lose(0, ringFull))),
			events: 2, rows: []int{2}, lost: map[string]int64{"ring_full": 7},
			gaps: []segment.Gap{{CPU: 0, FirstSeq: 0, Count: 1, Cause: ringFull}, {CPU: 0, FirstSeq: 2, Count: 1, Cause: ringFull}, {CPU: 0, FirstSeq: 4, Count: 5, Cause: ringFull}},
		},
		{
			name:   "skipped entries are a gap of all CPUs",
			script: newScript(1, send(0), times(7, lose(0, skippedEntry)), wait(2*time.Second), pause, send(0)),
			events: 2, lost: map[string]int64{"skipped_entry": 7}, rows: []int{1, 1},
			gaps: []segment.Gap{{CPU: segment.AllCPUs, FirstSeq: -1, Count: 7, Cause: skippedEntry}},
		},
		{
			name:    "skipped entries under a filter are an upper bound",
			script:  newScript(1, lose(0, skippedEntry)),
			options: Options{Filtered: true},
			lost:    map[string]int64{"skipped_entry": 1},
			gaps:    []segment.Gap{{CPU: segment.AllCPUs, FirstSeq: -1, Count: 1, Cause: skippedEntry, UpperBound: true}},
		},
		{
			name:   "skipped requests are an upper bound: they may have been no sends",
			script: newScript(1, func(s *script) { s.skipped.Requests = 3 }),
			lost:   map[string]int64{"skipped_entry": 3},
			gaps:   []segment.Gap{{CPU: segment.AllCPUs, FirstSeq: -1, Count: 3, Cause: skippedEntry, UpperBound: true}},
		},
		{
			name:   "filtered calls and calls in flight are counted, not recorded",
			script: newScript(2, times(3, filter(0)), enter(1), send(0)),
			events: 1, filtered: 3, inFlight: 1, rows: []int{1},
		},
		{
			name:   "a call that migrates is accounted where it returned",
			script: newScript(2, send(0), move(0, 1), move(0, 1), lose(1, ringFull), send(1)),
			events: 4, rows: []int{4}, lost: map[string]int64{"ring_full": 1},
			gaps: []segment.Gap{{CPU: 1, FirstSeq: 2, Count: 1, Cause: ringFull}},
		},
		{
			name:    "a segment closes at its number of events",
			script:  newScript(1, times(10, send(0))),
			options: Options{SegmentEvents: 4},
			events:  10, rows: []int{4, 4, 2},
		},
		{
			name:    "a segment closes at its bytes",
			script:  newScript(1, times(4, send(0, func(e *testEvent) { e.iov = make([]bpf.Iovec, 8) }))),
			options: Options{SegmentBytes: 650},
			events:  4, rows: []int{2, 2},
		},
		{
			name:   "a segment closes by age when events trickle",
			script: newScript(1, send(0), wait(time.Second), pause, send(0), wait(time.Second), pause),
			events: 2, rows: []int{1, 1},
		},
		{
			name:    "exactly the asked number of events is recorded, the rest is filtered",
			script:  newScript(2, times(5, send(0)), times(5, send(1)), pause, pause, send(0)),
			options: Options{MaxEvents: 7},
			events:  7, filtered: 3, rows: []int{7},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := play(t, c.script, c.options)
			if err != nil {
				t.Fatal(err)
			}
			s := got.summary
			if s.Events != c.events || s.Filtered != c.filtered || s.InFlight != c.inFlight {
				t.Errorf("events %d, filtered %d, in flight %d; want %d, %d, %d", s.Events, s.Filtered, s.InFlight, c.events, c.filtered, c.inFlight)
			}
			for cause, n := range s.LostByCause {
				if n != c.lost[cause] {
					t.Errorf("lost %v, want %v", s.LostByCause, c.lost)
				}
			}
			if s.UnderWay != 0 {
				t.Errorf("%d calls under way when the recording began", s.UnderWay)
			}
			if s.Seen != s.Events+s.Filtered+s.InFlight+s.Lost || !s.Complete {
				t.Errorf("the summary does not add up: %+v", s)
			}
			var gaps []segment.Gap
			for _, g := range got.gaps {
				if g.FirstNS > g.LastNS || g.FirstNS < 1e9 || g.LastNS > c.script.clock.NowNS() {
					t.Errorf("time bounds of %+v", g)
				}
				g.FirstNS, g.LastNS = 0, 0
				gaps = append(gaps, g)
			}
			if !slices.Equal(gaps, c.gaps) {
				t.Errorf("gaps %+v, want %+v", gaps, c.gaps)
			}
			if !slices.Equal(got.rows, c.rows) {
				t.Errorf("rows of the segments %v, want %v", got.rows, c.rows)
			}
			if got.end == nil {
				t.Error("no end record")
			}
			if !c.script.detached {
				t.Error("not detached")
			}
		})
	}
}

func TestGapTimesAreThoseOfTheEventsAround(t *testing.T) {
	s := newScript(1, send(0), wait(5*time.Millisecond), lose(0, ringFull), wait(5*time.Millisecond), send(0))
	got, err := play(t, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Wait moves the clock by 100 ms before the script plays; a send takes 1 us.
	want := segment.Gap{CPU: 0, FirstSeq: 1, Count: 1, Cause: ringFull, FirstNS: 1_100_001_000, LastNS: 1_110_002_000}
	if len(got.gaps) != 1 || got.gaps[0] != want {
		t.Errorf("got %+v, want %+v", got.gaps, want)
	}
}

// A command may have ended before the drain has come to the limit.
func TestTheLimitIsTheReasonWhenItCutsTheRecording(t *testing.T) {
	for _, c := range []struct {
		name   string
		sends  int
		reason string
	}{
		{"the limit is reached in what the kernel held", 10, "max-events"},
		{"the limit is not reached", 3, "signal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScript(1, send(0))
			s.late = []step{times(c.sends, send(0))}
			got, err := playUntil(t, s, Options{MaxEvents: 5}, "signal")
			if err != nil || got.end.Reason != c.reason {
				t.Errorf("ended by %v, want %s; %v", got.end, c.reason, err)
			}
		})
	}
}

func TestWhatTheKernelHoldsAtDetachIsRecorded(t *testing.T) {
	s := newScript(2, send(0))
	s.late = []step{times(3000, send(0)), times(3000, send(1)), lose(1, ringFull)}
	got, err := play(t, s, Options{})
	if err != nil || got.summary.Events != 6001 || got.summary.Lost != 1 {
		t.Errorf("%+v, %v", got.summary, err)
	}
	for cpu, seqs := range got.seqs {
		if !slices.IsSorted(seqs) {
			t.Errorf("CPU %d: events out of order", cpu)
		}
	}
}

func TestAnIdleSecondWritesNothingButClocks(t *testing.T) {
	steps := []step{}
	for range 60 * 10 {
		steps = append(steps, pause)
	}
	got, err := play(t, newScript(1, steps...), Options{})
	if err != nil || len(got.rows) != 0 {
		t.Errorf("segments %v, %v", got.rows, err)
	}
	if got.clocks < 5 || got.clocks > 6 {
		t.Errorf("%d clock records in a minute, want one every 10 s", got.clocks)
	}
}

func TestRecordingEndsAfterItsDuration(t *testing.T) {
	s := newScript(1)
	for range 1000 {
		s.steps = append(s.steps, pause)
	}
	got, err := play(t, s, Options{Duration: time.Second})
	if err != nil || got.end.Reason != "duration" {
		t.Errorf("end %+v, %v", got.end, err)
	}
	if now := s.clock.NowNS(); now < 2e9 || now > 225e7 {
		t.Errorf("ended at %d", now)
	}
}

// A probe that counts wrongly must not pass for a good recording.
func TestAnAccountThatDoesNotBalanceIsAnError(t *testing.T) {
	for _, c := range []struct {
		name string
		step step
		says string
	}{
		{"an event that no ring delivered and no counter explains", func(s *script) {
			s.rings[0].counters.Seq++
			s.rings[0].counters.Returned++
			s.rings[0].counters.Entered++
		}, "number of the next event"},
		{"a loss counted without a number", func(s *script) { s.rings[0].counters.LostRingFull++ }, "sum of its gaps"},
		{"a return that has no entry", func(s *script) { s.rings[0].counters.Returned++ }, "filtered + recorded"},
		{"an event that comes twice", func(s *script) { s.rings[0].counters.Seq--; s.returned(0) }, "came after"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := play(t, newScript(1, send(0), c.step, send(0)), Options{})
			if !errors.Is(err, ErrAccount) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want ErrAccount about %q", err, c.says)
			}
			if len(got.summary.Unbalanced) == 0 {
				t.Error("the summary does not say so")
			}
		})
	}
}

func TestASourceErrorEndsTheRecordingInOrder(t *testing.T) {
	s := newScript(1)
	s.waitErr = errors.New("the doorbell broke")
	s.late = []step{send(0)}
	got, err := play(t, s, Options{})
	if !errors.Is(err, s.waitErr) || got.summary.Events != 1 || got.end == nil || got.end.Reason != "error" {
		t.Errorf("%+v, end %+v, %v", got.summary, got.end, err)
	}
}
