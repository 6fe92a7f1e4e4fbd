package play_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// bytesOf replays to memory.
func bytesOf(t testing.TB, o play.Options) (string, play.Report) {
	t.Helper()
	var out bytes.Buffer
	report, err := run(t, "-", sink.Options{Stdout: &out}, o)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), report
}

func TestTheStreamIsTheSameAtAnyPaceAndBatchSize(t *testing.T) {
	in := input(t, gen.Options{Events: 5000, Seed: 4, SegmentEvents: 700, CPUs: 3, GapEvery: 2})
	o := unpaced(in)
	o.Fields, o.SHA256 = nil, true
	want, report := bytesOf(t, o)
	for _, c := range []struct {
		name   string
		change func(o *play.Options)
	}{
		{"one record at a time", func(o *play.Options) { o.Deliver.MaxRecords = 1 }},
		{"as large as may be", func(o *play.Options) { o.Deliver.MaxRecords = 0 }},
		{"at its own pace", func(o *play.Options) { o.Pace.Unpaced = false }},
		{"at a tenth of it, gaps cut", func(o *play.Options) { o.Pace = pace.Options{Speed: 0.1, MaxGap: time.Microsecond} }},
		{"at a rate", func(o *play.Options) { o.Pace = pace.Options{RateHz: 10} }},
		{"with little memory", func(o *play.Options) { o.Order.MemoryBytes = 1 << 20 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := unpaced(in)
			other.Fields, other.SHA256 = nil, true
			c.change(&other)
			got, r := bytesOf(t, other)
			if got != want || r.SHA256 != report.SHA256 {
				t.Errorf("%d bytes with hash %s, want %d with %s", len(got), r.SHA256, len(want), report.SHA256)
			}
		})
	}
	t.Run("into a sink that reads no bytes", func(t *testing.T) {
		o.Deliver.Clock = &pace.Virtual{}
		if r, err := run(t, "null:", sink.Options{}, o); err != nil || r.SHA256 != report.SHA256 {
			t.Errorf("%v, hash %s, want %s", err, r.SHA256, report.SHA256)
		}
	})
}

// timed is a sink that notes by the replay's clock when each batch comes.
func timed(clock pace.Clock, batches *[][2]int64) *acknowledger {
	return &acknowledger{traits: sink.Traits{Bytes: true}, send: func(b *sink.Batch) error {
		*batches = append(*batches, [2]int64{clock.Now(), int64(b.Events)})
		return nil
	}}
}

func TestTheScheduleIsThatOfTheRecording(t *testing.T) {
	in := input(t, gen.Options{Events: 3000, Seed: 4, SegmentEvents: 700, CPUs: 3, RateHz: 1000})
	s := in.Directory.Summary
	span := s.LastTimeNS - s.FirstTimeNS
	for _, c := range []struct {
		name   string
		change func(o *play.Options)
		want   int64 // from start to end
	}{
		{"times 1", func(*play.Options) {}, span},
		{"times 10", func(o *play.Options) { o.Pace.Speed = 10 }, span / 10},
		{"times a half", func(o *play.Options) { o.Pace.Speed = 0.5 }, span * 2},
		{"times 1000", func(o *play.Options) { o.Pace.Speed = 1000 }, span / 1000},
		{"times a tenth", func(o *play.Options) { o.Pace.Speed = 0.1 }, span * 10},
		{"three times over, ten times as fast", func(o *play.Options) { o.Pace.Speed, o.Loops = 10, 3 }, span / 10 * 3},
		{"three times over", func(o *play.Options) { o.Loops = 3 }, span * 3},
		{"at a rate", func(o *play.Options) { o.Pace.RateHz = 100 }, 2999 * 10_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := &pace.Virtual{}
			clock.Advance(time.Second)
			o := unpaced(in)
			o.Pace.Unpaced, o.Deliver.Clock = false, clock
			c.change(&o)
			var batches [][2]int64
			k := timed(clock, &batches)
			p, err := play.New(k.traits, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Run(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			// A virtual wait ends at its moment, so the clock stands at the last
			// event's, to the rounding of one division for each repetition.
			if took := clock.Now() - int64(time.Second); took < c.want-3 || took > c.want+3 {
				t.Errorf("it took %d ns, want %d", took, c.want)
			}
			if r := p.Report(); r.Lateness.Count() != int64(3000*max(1, o.Loops)) || r.Delivery.Events != r.Lateness.Count() {
				t.Errorf("lateness of %d events, %d delivered", r.Lateness.Count(), r.Delivery.Events)
			}
		})
	}
}

func TestAReplayGoesOnAtAnyRecord(t *testing.T) {
	in := input(t, gen.Options{Events: 300, Seed: 4, SegmentEvents: 70, CPUs: 3, GapEvery: 2})
	o := unpaced(in)
	o.Loops = 2
	whole, _ := bytesOf(t, o)
	lines := strings.SplitAfter(whole, "\n")
	// One record a batch: each acknowledgement is a place to go on from.
	var positions []deliver.Position
	first := o
	first.Deliver.MaxRecords = 1
	first.Deliver.Acknowledged = func(p deliver.Position) error {
		if p.Inexact {
			t.Error("no exact position")
		}
		positions = append(positions, p)
		return nil
	}
	bytesOf(t, first)
	if len(positions) != len(lines)-1 {
		t.Fatalf("%d positions, %d lines", len(positions), len(lines))
	}
	for i := 0; i < len(positions); i += 13 {
		for _, paced := range []bool{false, true} {
			rest := o
			rest.From = positions[i]
			rest.Pace.Unpaced = !paced
			if got, _ := bytesOf(t, rest); got != strings.Join(lines[i+1:], "") {
				t.Fatalf("from record %d on, paced %v: not the rest of the stream", i+1, paced)
			}
		}
	}
}

// A replay needs no more memory for a recording of many times the size.
func TestMemoryDoesNotGrowWithTheRecording(t *testing.T) {
	peak := func(events int64) uint64 {
		in := input(t, gen.Options{Events: events, Seed: 4, SegmentEvents: 2000, CPUs: 2})
		o := unpaced(in)
		o.Fields, o.Deliver.MaxRecords = nil, 0
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		before, most, batches := stats.HeapAlloc, uint64(0), 0
		k := &acknowledger{traits: sink.Traits{Bytes: true, Rows: true}, send: func(*sink.Batch) error {
			if batches++; batches%16 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&stats)
				most = max(most, stats.HeapAlloc-before)
			}
			return nil
		}}
		p, err := play.New(k.traits, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		return most
	}
	// What is in use at a sample varies, by half as much again; what grew with
	// the recording would be eleven times as much.
	small, large := peak(20_000), peak(220_000)
	if large > 3*small {
		t.Errorf("%d bytes in use for 220,000 events, %d for 20,000", large, small)
	}
}

// slowFile is a recording whose reads take time by the replay's clock.
type slowFile struct {
	*bytes.Reader
	clock *pace.Virtual
	each  time.Duration
	reads int64
}

func (f *slowFile) ReadAt(p []byte, off int64) (int, error) {
	f.clock.Advance(f.each)
	f.reads++
	return f.Reader.ReadAt(p, off)
}

// The schedule begins when the first events are there to be sent: the time that
// reading and decoding them takes goes before it and does not eat into it.
func TestTheAnchorIsTakenWhenTheFirstEventsAreReady(t *testing.T) {
	var b bytes.Buffer
	if _, err := gen.Write(&b, gen.Options{Events: 500, Seed: 4, RateHz: 1000}); err != nil {
		t.Fatal(err)
	}
	clock := &pace.Virtual{}
	file := &slowFile{Reader: bytes.NewReader(b.Bytes()), clock: clock}
	r, err := segment.NewReader(file, file.Size())
	if err != nil {
		t.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		t.Fatal(err)
	}
	file.each, file.reads = time.Minute, 0
	o := unpaced(play.Input{Name: "slow", Input: order.Input{Reader: r, Directory: d}})
	o.Pace.Unpaced, o.Deliver.Clock = false, clock
	k := &acknowledger{traits: sink.Traits{Bytes: true}, send: func(*sink.Batch) error { return nil }}
	p, err := play.New(k.traits, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if file.reads == 0 {
		t.Fatal("the file was read in no time: this test shows nothing")
	}
	span := d.Summary.LastTimeNS - d.Summary.FirstTimeNS
	if want := file.reads*int64(time.Minute) + span; clock.Now() != want {
		t.Errorf("it ended at %d ns; reading took until %d, the recording %d more", clock.Now(), want-span, span)
	}
}
