package gen

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func write(t testing.TB, o Options) ([]byte, Totals) {
	t.Helper()
	var file bytes.Buffer
	totals, err := Write(&file, o)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), totals
}

func TestTheRecordingIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	o := Options{Events: 20_000, Seed: 7, SegmentEvents: 1000, GapEvery: 3}
	one, _ := write(t, o)
	o.Workers = 3
	three, _ := write(t, o)
	if !bytes.Equal(one, three) {
		t.Error("3 workers give other bytes than 1")
	}
	o.Seed = 8
	other, _ := write(t, o)
	if bytes.Equal(one, other) {
		t.Error("another seed gives the same bytes")
	}
}

func TestEventsGapsAndCountersAddUp(t *testing.T) {
	for _, o := range []Options{
		{Events: 1},
		{Events: 10_001, SegmentEvents: 1000, CPUs: 3, GapEvery: 2, Seed: 1},
		{Events: 5000, SegmentEvents: 512, Uniform: true, Workers: 2},
	} {
		file, totals := write(t, o)
		r, err := segment.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		var events, lost, gaps int64
		var end *segment.End
		next := map[int]int64{}
		for {
			item, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch item := item.(type) {
			case *segment.Segment:
				events += int64(item.Rows)
				for _, s := range item.Ranges {
					if s.First != next[s.CPU] || s.Last-s.First+1 != s.Count {
						t.Errorf("CPU %d: range %+v, expected to start at %d", s.CPU, s, next[s.CPU])
					}
					next[s.CPU] = s.Last + 1
				}
			case *segment.Gap:
				gaps++
				lost += item.Count
				if item.FirstSeq != next[item.CPU] {
					t.Errorf("CPU %d: gap at %d, expected at %d", item.CPU, item.FirstSeq, next[item.CPU])
				}
				next[item.CPU] += item.Count
			case *segment.Damage:
				t.Errorf("damage: %v", item)
			case *segment.End:
				end = item
			}
		}
		if events != o.Events || events != totals.Events || lost != totals.Lost || gaps != totals.Gaps {
			t.Errorf("%+v: %d events, %d lost in %d gaps; totals %+v", o, events, lost, gaps, totals)
		}
		for _, c := range end.Counters.CPUs {
			if c.Seen != c.Recorded+c.Lost[segment.CauseRingFull] || c.Seen != next[c.CPU] {
				t.Errorf("CPU %d: account %+v, next seq %d", c.CPU, c, next[c.CPU])
			}
		}
	}
}

func TestTheMixHasWhatReadersMustCopeWith(t *testing.T) {
	o := Options{Events: 100_000, SegmentEvents: 100_000}.withDefaults()
	var b segment.Block
	p := newPlanner(o).plan()
	NewFiller(o).Fill(&b, p)
	seen := map[string]int{}
	for row := range b.Rows[schema.TableEvent] {
		ret, returned := b.Int(schema.ColRet, row)
		time, _ := b.Int(schema.ColTimeNS, row)
		duration, _ := b.Int(schema.ColDurationNS, row)
		if exit := time + duration; exit < p.StartNS || exit >= p.EndNS {
			t.Fatalf("row %d returned at %d, the segment is [%d, %d)", row, exit, p.StartNS, p.EndNS)
		}
		_, socket := b.Int(schema.ColSocketFamily, row)
		name, named := b.Bytes(schema.ColName, row)
		control, controlled := b.Bytes(schema.ColControl, row)
		_, requested := b.Int(schema.ColRequestedBytes, row)
		list, _ := b.List(schema.ColIovLen, row)
		for what, yes := range map[string]bool{
			"a result":             returned,
			"an error":             returned && ret < 0,
			"a restarted call":     returned && ret == -512,
			"no socket":            !socket,
			"a name":               named && len(name) > 0,
			"no name":              !named,
			"a control message":    controlled && len(control) > 0,
			"an empty control":     controlled && len(control) == 0,
			"an unreadable iov":    !requested && list == nil,
			"several iovecs":       len(list) > 1,
			"a duration over 1 ms": duration > 1e6,
		} {
			if yes {
				seen[what]++
			} else {
				seen["not "+what]++
			}
		}
	}
	for _, what := range []string{
		"a result", "an error", "a restarted call", "no socket", "a name", "no name",
		"a control message", "an empty control", "an unreadable iov", "several iovecs", "a duration over 1 ms",
	} {
		if seen[what] == 0 {
			t.Errorf("no event with %s", what)
		}
	}
	if n := b.Rows[schema.TableSocket]; n < 1000 || n > 50_000 {
		t.Errorf("%d sockets in a segment of 100,000 events", n)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, c := range []struct {
		name    string
		uniform bool
	}{{"realistic mix", false}, {"uniform load", true}} {
		b.Run(c.name, func(b *testing.B) {
			const events = 1 << 19
			var size int
			for b.Loop() {
				file, _ := write(b, Options{Events: events, Uniform: c.uniform})
				size = len(file)
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(size)/events, "bytes/event")
		})
	}
}
