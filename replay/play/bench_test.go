package play_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// BenchmarkUnpaced replays the realistic mix as fast as it goes. Events per
// second are of all goroutines together; -cpu 1 makes them those of a core.
func BenchmarkUnpaced(b *testing.B) {
	const events = 1_000_000
	in := input(b, gen.Options{Events: events, Seed: 1, Workers: 2})
	for _, c := range []struct {
		name, url string
		change    func(o *play.Options)
	}{
		{"null", "null:", func(*play.Options) {}},
		{"null with bounds", "null:", func(o *play.Options) {
			s := in.Directory.Summary
			o.Inputs[0].FromNS, o.Inputs[0].ToNS = s.FirstTimeNS+1, s.LastTimeNS
		}},
		{"json", "-", func(*play.Options) {}},
		{"json, a few fields", "-", func(o *play.Options) { o.Fields = []string{"wall_time", "pid", "comm", "ret", "duration_ns"} }},
		{"json with ids", "-", func(o *play.Options) { o.IDs = true }},
		{"csv", "-", func(o *play.Options) { o.Format = "csv" }},
		{"recording", "smr", func(*play.Options) {}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			total := int64(0)
			for b.Loop() {
				o := play.Options{Inputs: []play.Input{in}}
				o.Pace.Unpaced = true
				c.change(&o)
				url := c.url
				if url == "smr" {
					url = "smr:" + filepath.Join(b.TempDir(), "out.smr")
				}
				report, err := run(b, url, sink.Options{Stdout: io.Discard, Force: true}, o)
				if err != nil {
					b.Fatal(err)
				}
				total += report.Delivery.Events
			}
			b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkPipe writes JSON lines with every column to a pipe that is read as
// fast as it goes.
func BenchmarkPipe(b *testing.B) {
	in := input(b, gen.Options{Events: 1_000_000, Seed: 1, Workers: 2})
	total := int64(0)
	for b.Loop() {
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		read := make(chan error, 1)
		go func() {
			_, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, make([]byte, 1<<20))
			read <- err
		}()
		o := play.Options{Inputs: []play.Input{in}}
		o.Pace.Unpaced = true
		report, err := run(b, "-", sink.Options{Stdout: w}, o)
		if err != nil {
			b.Fatal(err)
		}
		w.Close()
		if err := <-read; err != nil {
			b.Fatal(err)
		}
		r.Close()
		total += report.Delivery.Events
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLateness replays at its own pace a recording whose gaps between
// events are 10 µs to 1 s (log-uniform), and tells how late its events were.
// drift is by how much more the last event was written after the first than it
// was recorded after it. An operation is an event, 87 ms on average:
// -benchtime 6900x is ten minutes.
func BenchmarkLateness(b *testing.B) {
	events := max(b.N, 2)
	in := sparse(b, events, 10*time.Microsecond, time.Second)
	o := play.Options{Inputs: []play.Input{in}, Fields: []string{"seq"}}
	var written stamps
	b.ResetTimer()
	report, err := run(b, "-", sink.Options{Stdout: &written}, o)
	if err != nil {
		b.Fatal(err)
	}
	l, s := report.Lateness, in.Directory.Summary
	b.ReportMetric(float64(l.QuantileNS(0.5)), "p50-late-ns")
	b.ReportMetric(float64(l.QuantileNS(0.99)), "p99-late-ns")
	b.ReportMetric(float64(l.MaxNS()), "max-late-ns")
	b.ReportMetric(float64(written.last.Sub(written.first))-float64(s.LastTimeNS-s.FirstTimeNS), "drift-ns")
}

// stamps notes when the first and the last lines are written.
type stamps struct{ first, last time.Time }

func (s *stamps) Write(p []byte) (int, error) {
	s.last = time.Now()
	if s.first.IsZero() {
		s.first = s.last
	}
	return len(p), nil
}

// sparse is a recording whose gaps between events grow from shortest to
// longest, evenly on a logarithmic scale, in an order that jumps about.
func sparse(b *testing.B, events int, shortest, longest time.Duration) play.Input {
	b.Helper()
	var source bytes.Buffer
	if _, err := gen.Write(&source, gen.Options{Events: int64(events), Seed: 2, CPUs: 1, Uniform: true}); err != nil {
		b.Fatal(err)
	}
	r, err := segment.NewReader(bytes.NewReader(source.Bytes()), int64(source.Len()))
	if err != nil {
		b.Fatal(err)
	}
	out, err := respace(r, events, shortest, longest)
	if err != nil {
		b.Fatal(err)
	}
	r, err = segment.NewReader(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		b.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		b.Fatal(err)
	}
	return play.Input{Name: "sparse", Input: order.Input{Reader: r, Directory: d}}
}
