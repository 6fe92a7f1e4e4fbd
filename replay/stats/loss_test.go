package stats

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// segmentAt returns the n-th segment of a file.
func segmentAt(t *testing.T, file []byte, n int) *segment.Segment {
	t.Helper()
	r := open(t, file)
	for {
		item, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			if n--; n < 0 {
				return s
			}
		}
	}
}

func TestWhatIsMissingIsStated(t *testing.T) {
	o := gen.Options{Events: 20_000, SegmentEvents: 2000}
	for _, c := range []struct {
		name    string
		gaps    int
		mutate  func(t *testing.T, file []byte) []byte
		events  int64
		missing int64 // besides the gaps
		unknown bool
		text    string
	}{
		{name: "an intact recording", events: 20_000, text: "lost         0\n"},
		{name: "gaps", gaps: 3, events: 20_000, text: "(ring_full "},
		{name: "a segment whose header is damaged", mutate: func(t *testing.T, file []byte) []byte {
			file[segmentAt(t, file, 3).Offset+70] ^= 1
			return file
		}, events: 18_000, missing: 2000, text: "damaged "},
		{name: "a segment whose data is damaged", mutate: func(t *testing.T, file []byte) []byte {
			s := segmentAt(t, file, 3)
			for i := s.Offset + s.Size/2; i < s.Offset+s.Size; i++ {
				file[i] ^= 0x55
			}
			return file
		}, events: 18_000, missing: 2000, text: "damaged "},
		{name: "a recording that was cut", mutate: func(t *testing.T, file []byte) []byte {
			s := segmentAt(t, file, 5)
			return file[:s.Offset+s.Size+10]
		}, events: 12_000, unknown: true, text: "incomplete "},
	} {
		t.Run(c.name, func(t *testing.T) {
			o.GapEvery = c.gaps
			file := record(t, o)
			if c.mutate != nil {
				file = c.mutate(t, file)
			}
			r := run(t, Options{}, Input{Reader: open(t, file)})
			missing := c.missing
			for _, g := range r.Summary.Gaps {
				missing += g.Count
			}
			if r.Total().Count != c.events || r.Loss.Missing != missing || r.Loss.Unknown != c.unknown {
				t.Errorf("%d events, loss %+v; expected %d events, %d missing", r.Total().Count, r.Loss, c.events, missing)
			}
			if r.Loss.Any() != (missing > 0 || c.unknown) {
				t.Errorf("Any is %v", r.Loss.Any())
			}
			var text bytes.Buffer
			if err := r.WriteText(&text, TextOptions{}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text.String(), c.text) {
				t.Errorf("%q is not in\n%s", c.text, text.String())
			}
		})
	}
}

func TestBoundsHoldWhateverWasLost(t *testing.T) {
	// The same events with and without a part of them: the quantiles of all lie
	// within the bounds that the part states.
	file := record(t, gen.Options{Events: 60_000, SegmentEvents: 2000})
	all := run(t, Options{}, Input{Reader: open(t, file)})
	file[segmentAt(t, file, 10).Offset+70] ^= 1
	part := run(t, Options{}, Input{Reader: open(t, file)})
	a, p := all.Total(), part.Total()
	if a.Count-p.Count != 2000 {
		t.Fatalf("%d of %d events are left", p.Count, a.Count)
	}
	for i, q := range a.Quantiles {
		v := p.Quantiles[i]
		slack := a.RelativeError * float64(q.NS)
		if float64(v.LowNS) > float64(q.NS)+slack || v.HighNS != Unbounded && float64(v.HighNS) < float64(q.NS)-slack {
			t.Errorf("%s of all is %d, the part says [%d, %d]", q.Name, q.NS, v.LowNS, v.HighNS)
		}
	}
}

func TestASmallMemoryBudgetCostsPrecisionThenGroups(t *testing.T) {
	file := record(t, gen.Options{Events: 200_000})
	by := fieldsOf(t, "remote_address", "remote_port")
	full := run(t, Options{By: by, MemoryBytes: 1 << 30}, Input{Reader: open(t, file)})
	for _, budget := range []int64{16 << 20, 2 << 20, 1} {
		r := run(t, Options{By: by, MemoryBytes: budget}, Input{Reader: open(t, file)})
		if r.c.mem.used > budget+8<<20 {
			t.Errorf("budget %d: %d bytes are in use", budget, r.c.mem.used)
		}
		sum, other := int64(0), false
		for g := range r.Groups() {
			sum += g.Count
			other = other || g.Other
			if g.RelativeError > 1.0/16 || math.IsNaN(g.MeanNS) {
				t.Errorf("budget %d: group %v has error %g, mean %g", budget, g.Key, g.RelativeError, g.MeanNS)
			}
		}
		if sum != 200_000 {
			t.Errorf("budget %d: groups have %d events", budget, sum)
		}
		if other != (r.GroupCount() < full.GroupCount()) {
			t.Errorf("budget %d: %d of %d groups, other group: %v", budget, r.GroupCount(), full.GroupCount(), other)
		}
	}
}

func TestTheAccountOfMemoryIsTrue(t *testing.T) {
	file := record(t, gen.Options{Events: 100_000})
	r := run(t, Options{By: fieldsOf(t, "comm", "remote_address", "remote_port")}, Input{Reader: open(t, file)})
	bytes := int64(0)
	for _, d := range r.c.dims {
		for _, k := range d.keys[1:] {
			bytes += keyBytes + int64(len(k))
		}
	}
	for _, p := range r.c.pairs {
		bytes += pairBytes * int64(len(p.pairs)-1)
	}
	sketchBytes := func(g *group) int64 {
		n := errnoBytes*int64(len(g.errors)) + 8*int64(cap(g.durations.exact))
		if h := g.durations.hist; h != nil {
			n += histogramBytes + 2*int64(len(h.counts))
		}
		return n
	}
	bytes += sketchBytes(&r.c.total)
	for _, slab := range r.c.groups.slabs {
		if slab != nil {
			bytes += slabGroups * groupBytes
		}
	}
	for g := range r.c.groups.all() {
		bytes += sketchBytes(g)
	}
	if bytes != r.c.mem.used {
		t.Errorf("used is %d, expected %d", r.c.mem.used, bytes)
	}
}

func TestJSONIsOneObjectWithNumbersInNanoseconds(t *testing.T) {
	file := record(t, gen.Options{Events: 30_000, SegmentEvents: 3000, GapEvery: 3})
	r := run(t, Options{By: fieldsOf(t, "comm", "errno", "remote_address")}, Input{Reader: open(t, file)})
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Events, Lost, Missing int64
		LostByCause           map[string]int64 `json:"lost_by_cause"`
		Gaps                  []map[string]any
		Groups                []struct {
			Key        map[string]any
			Count      int64
			DurationNS map[string]float64 `json:"duration_ns"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Events != 30_000 || got.Lost == 0 || got.Lost != got.LostByCause["ring_full"] || len(got.Gaps) != 3 {
		t.Errorf("header is %+v", got)
	}
	sum, failed := int64(0), false
	for _, g := range got.Groups {
		sum += g.Count
		if _, ok := g.Key["remote_address"]; !ok {
			t.Errorf("key %v lacks a field", g.Key)
		}
		failed = failed || g.Key["errno"] == "EAGAIN" && g.Key["remote_address_text"] != ""
		for _, name := range []string{"min", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max"} {
			if _, ok := g.DurationNS[name]; !ok && len(g.DurationNS) > 0 {
				t.Errorf("group %v lacks %s", g.Key, name)
			}
		}
	}
	if sum != got.Events || !failed {
		t.Errorf("groups have %d events; a group of EAGAIN: %v", sum, failed)
	}
}

func TestAnEmptyRecordingHasNoGroups(t *testing.T) {
	file := record(t, gen.Options{})
	r := run(t, Options{}, Input{Reader: open(t, file)})
	if r.Total().Count != 0 || r.GroupCount() != 0 {
		t.Errorf("%d events in %d groups", r.Total().Count, r.GroupCount())
	}
	var out bytes.Buffer
	if err := r.WriteText(&out, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownFieldsAreNamedWithWhatThereIs(t *testing.T) {
	for _, name := range []string{"nope", "", "task_ref"} {
		if _, err := ParseFields([]string{name}); err == nil || !strings.Contains(err.Error(), "remote_address") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := ParseFields(FieldNames()); err != nil {
		t.Error(err)
	}
	for _, d := range schema.AllDecoded() {
		if f := (Field{column: schema.ByID(d.Inputs[0])}); strings.HasSuffix(d.Name, textSuffix) && len(d.Inputs) == 1 && !f.hasText() {
			t.Errorf("cannot group by %s", d.Name)
		}
	}
}

func TestNumbersAreShownShort(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0s", 7: "7ns", 812: "812ns", 1943: "1.94µs", 12_345: "12.3µs", 999_999: "1ms",
		12_345_678: "12.3ms", 1_234_567_890: "1.23s", 123_456_789_012: "2m3s",
	} {
		if got := Duration(ns); got != want {
			t.Errorf("Duration(%d) is %s, expected %s", ns, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) is %s, expected %s", n, got, want)
		}
	}
	if got := percent(1.0 / 2048); got != "0.049%" {
		t.Errorf("percent is %s", got)
	}
}
