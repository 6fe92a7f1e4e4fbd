package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// part is a recording of a set, as it was made at random.
type part struct {
	file     []byte
	from, to int64
	lost     int64 // in the time range, by gaps and segments that are not found
	corrupt  int   // segment whose columns do not decode, -1: none
}

// randomPart makes a recording with gaps, damage and a time range, or without.
func randomPart(t *testing.T, rng *rand.Rand, seed uint64) part {
	o := gen.Options{
		Seed: seed, Events: rng.Int64N(12_000), SegmentEvents: 500 + rng.IntN(3000),
		GapEvery: rng.IntN(4), CPUs: 1 + rng.IntN(4), Uniform: rng.IntN(4) == 0,
	}
	p := part{file: record(t, o), corrupt: -1}
	s, err := segment.Summarize(open(t, p.file))
	if err != nil {
		t.Fatal(err)
	}
	moment := func() int64 { return s.FirstTimeNS + rng.Int64N(s.LastTimeNS-s.FirstTimeNS+1) }
	if rng.IntN(3) == 0 && s.Events > 0 {
		p.from = moment()
	}
	if rng.IntN(3) == 0 && s.Events > 0 {
		p.to = max(moment(), p.from)
	}
	for _, g := range s.Gaps {
		if g.LastNS >= p.from {
			p.lost += g.Count
		}
	}
	if s.Segments == 0 {
		return p
	}
	switch n := rng.IntN(s.Segments); rng.IntN(4) {
	case 0:
		hurt := segmentAt(t, p.file, n)
		p.file[hurt.Offset+70] ^= 1
		p.lost += int64(hurt.Rows)
	case 1:
		hurt := segmentAt(t, p.file, n)
		for i := hurt.Offset + hurt.Size - hurt.DataBytes(); i < hurt.Offset+hurt.Size; i++ {
			p.file[i] ^= 0x55
		}
		p.corrupt = n
	}
	return p
}

// missing is what the statistics lack: a segment that does not decode is missing
// unless its header says that nothing of it is selected.
func (p *part) missing(t *testing.T, program *filter.Program) int64 {
	if p.corrupt < 0 {
		return p.lost
	}
	s := segmentAt(t, p.file, p.corrupt)
	if program.Decide(s) == filter.None {
		return p.lost
	}
	return p.lost + int64(s.Rows)
}

// input returns what to add for the part.
func (p *part) input(t *testing.T, i int, f *filter.Filter) Input {
	in := Input{Name: fmt.Sprint("part ", i), Reader: open(t, p.file), FromNS: p.from, ToNS: p.to}
	var err error
	if in.Program, err = f.Bind(filter.Recording{Header: in.Reader.Header(), FromNS: p.from, ToNS: p.to}); err != nil {
		t.Fatal(err)
	}
	return in
}

// filters are expressions and what they say.
var filters = []struct {
	expression string
	selects    selects
}{
	{},
	{"ret < 0", func(b *segment.Block, row int) bool {
		ret, ok := b.Int(schema.ColRet, row)
		return ok && ret < 0
	}},
	{"duration > 10us", func(b *segment.Block, row int) bool {
		duration, ok := b.Int(schema.ColDurationNS, row)
		return ok && duration > 10_000
	}},
}

func TestRecordingsTogetherAreCountedAsTheirRowsAre(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 7))
	var filtered, ranges, missing, several int
	rounds := 30
	if testing.Short() { // under the race detector
		rounds = 12
	}
	for round := range rounds {
		by := [][]string{nil, {"comm"}, {"errno", "cpu"}, {"comm", "remote_address", "remote_port"}, {"requested_bytes"}, {"control", "tid"}}[round%6]
		chosen := filters[rng.IntN(len(filters))]
		t.Run(fmt.Sprintf("%d, by %s, %s", round, strings.Join(by, ","), chosen.expression), func(t *testing.T) {
			var f *filter.Filter
			var err error
			if chosen.expression != "" {
				filtered++
				if f, err = filter.Parse(chosen.expression); err != nil {
					t.Fatal(err)
				}
			}
			o := Options{By: fieldsOf(t, by...), MemoryBytes: 1 << 30}
			forward, backward := New(o), New(o)
			want := map[string]*naiveGroup{}
			var parts []part
			var lost int64
			for i := range 1 + rng.IntN(5) {
				p := randomPart(t, rng, uint64(10*round+i))
				in := p.input(t, i, f)
				parts = append(parts, p)
				lost += p.missing(t, in.Program)
				if p.from != 0 || p.to != 0 {
					ranges++
				}
				inRange := within(p.from, p.to)
				addNaive(t, want, p.file, o.By, func(b *segment.Block, row int) bool {
					return inRange(b, row) && (chosen.selects == nil || chosen.selects(b, row))
				})
				if err := forward.Add(in); err != nil {
					t.Fatal(err)
				}
			}
			for i, p := range slices.Backward(parts) {
				if err := backward.Add(p.input(t, i, f)); err != nil {
					t.Fatal(err)
				}
			}
			if lost > 0 && len(parts) > 1 {
				missing++
			}
			if len(parts) > 1 {
				several++
			}
			got := forward.Result()
			compare(t, got, want)
			if got.Loss.Missing != lost {
				t.Errorf("%d are missing, expected %d", got.Loss.Missing, lost)
			}
			compareParts(t, got, parts, f, o)
			if a, b := groupLines(t, got), groupLines(t, backward.Result()); !slices.Equal(a, b) {
				t.Errorf("in another order of the recordings, groups are\n%s\nand not\n%s", strings.Join(b, "\n"), strings.Join(a, "\n"))
			}
		})
	}
	if filtered < 5 || ranges < 5 || missing < 5 || several < 5 {
		t.Errorf("%d with a filter, %d time ranges, %d with losses of several, %d of several: this tests too little", filtered, ranges, missing, several)
	}
}

// compareParts compares what is told of each recording with what is told of it
// alone.
func compareParts(t *testing.T, got *Result, parts []part, f *filter.Filter, o Options) {
	t.Helper()
	events, count := int64(0), int64(0)
	for i, p := range parts {
		in := p.input(t, i, f)
		want := run(t, o, in).Recordings[0]
		if !reflect.DeepEqual(got.Recordings[i], want) || want.Loss.Missing != p.missing(t, in.Program) {
			t.Errorf("recording %d is %+v, alone %+v, with %d missing", i, got.Recordings[i], want, p.missing(t, in.Program))
		}
		events += want.Summary.Events
		count += want.Count
	}
	if got.Summary.Events != events || got.Total().Count != count {
		t.Errorf("%d events, %d counted; the recordings have %d, %d counted", got.Summary.Events, got.Total().Count, events, count)
	}
}

// groupLines is the total and all groups in JSON.
func groupLines(t *testing.T, r *Result) []string {
	t.Helper()
	lines := []string{}
	add := func(g *Group) {
		line, err := json.Marshal(r.jsonGroup(g))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	add(r.Total())
	for g := range r.Groups() {
		add(g)
	}
	return lines
}

func TestRecordingsTogetherKeepToOneMemoryBudget(t *testing.T) {
	by := fieldsOf(t, "remote_address", "remote_port")
	want := map[string]*naiveGroup{}
	var files [][]byte
	for seed := range uint64(4) {
		files = append(files, record(t, gen.Options{Events: 60_000, Seed: seed}))
		addNaive(t, want, files[seed], by, nil)
	}
	for _, budget := range []int64{8 << 20, 2 << 20, 1} {
		c := New(Options{By: by, MemoryBytes: budget})
		for _, file := range files {
			if err := c.Add(Input{Reader: open(t, file)}); err != nil {
				t.Fatal(err)
			}
		}
		r := c.Result()
		if r.c.mem.used > budget+8<<20 {
			t.Errorf("budget %d: %d bytes are in use", budget, r.c.mem.used)
		}
		rest, other := int64(240_000), int64(0)
		for g := range r.Groups() {
			if g.Other {
				other = g.Count
				continue
			}
			rest -= g.Count
			w := want[keyOf(g)]
			if w == nil {
				t.Fatalf("budget %d: unexpected group %s", budget, keyOf(g))
			}
			compareGroup(t, keyOf(g), g, w)
		}
		if other != rest || (other > 0) != (r.GroupCount() < len(want)) {
			t.Errorf("budget %d: the other group has %d events of %d, in %d groups of %d", budget, other, rest, r.GroupCount(), len(want))
		}
		if budget == 1 && other == 0 {
			t.Error("all groups fit into nothing: this tests too little")
		}
	}
}

func TestWhatSeveralRecordingsAreTogether(t *testing.T) {
	of := func(name, boot string, events, first, last int64) Recording {
		return Recording{Name: name, BootID: boot, Summary: &segment.Summary{
			Events: events, FirstTimeNS: first, LastTimeNS: last, Complete: true, Accounted: true,
		}}
	}
	for _, c := range []struct {
		name        string
		of          []Recording
		first, last int64
	}{
		{"one boot", []Recording{of("a", "x", 1, 20, 30), of("b", "x", 1, 10, 25)}, 10, 30},
		{"two boots have no common clock", []Recording{of("a", "x", 1, 20, 30), of("b", "y", 1, 10, 25)}, 0, 0},
		{"boots that are not known", []Recording{of("a", "", 1, 20, 30), of("b", "", 1, 10, 25)}, 0, 0},
		{"one without events", []Recording{of("a", "x", 0, 0, 0), of("b", "y", 1, 10, 25)}, 10, 25},
		{"none", nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := together(c.of)
			if s.FirstTimeNS != c.first || s.LastTimeNS != c.last {
				t.Errorf("from %d to %d, expected %d to %d", s.FirstTimeNS, s.LastTimeNS, c.first, c.last)
			}
		})
	}

	a, b := of("a", "x", 5, 1, 2), of("b", "x", 7, 1, 2)
	whole, _ := together([]Recording{a, b})
	if !whole.Complete || !whole.Accounted || whole.LostUpperBound || whole.UnknownTail != "" {
		t.Errorf("two whole recordings are %+v", whole)
	}
	b.Summary.Complete, b.Summary.Accounted, b.Summary.LostUpperBound = false, false, true
	b.Summary.UnknownTail = "no end"
	b.Summary.Lost, b.Summary.LostByCause[segment.CauseRingFull] = 3, 3
	a.Summary.Lost, a.Summary.LostByCause[segment.CauseDamaged] = 2, 2
	a.Summary.Gaps, b.Summary.Gaps = []segment.Gap{{Count: 2}}, []segment.Gap{{Count: 3}}
	a.Loss, b.Loss = Loss{Missing: 2, Corrupt: []segment.Damage{{Offset: 8}}}, Loss{Missing: 3, Unknown: true}
	for _, recordings := range [][]Recording{{a, b}, {b, a}} {
		s, l := together(recordings)
		if s.Complete || s.Accounted || !s.LostUpperBound || s.UnknownTail != "b: no end" || s.Events != 12 || s.Lost != 5 ||
			s.LostByCause[segment.CauseRingFull] != 3 || s.LostByCause[segment.CauseDamaged] != 2 || len(s.Gaps) != 2 {
			t.Errorf("together they are %+v", s)
		}
		if l.Missing != 5 || !l.Unknown || len(l.Corrupt) != 1 {
			t.Errorf("together they lack %+v", l)
		}
	}
}

func TestDirectionsOfRecordingsOfOneCallEach(t *testing.T) {
	for _, c := range []struct {
		name            string
		calls           [][]string // of each recording
		sends, receives bool
	}{
		{"a header that does not say", [][]string{nil}, true, false},
		{"sends and sends", [][]string{{"sendmsg"}, {"sendto"}}, true, false},
		{"receives and receives", [][]string{{"recvmsg"}, {"recvfrom"}}, false, true},
		{"sends and receives", [][]string{{"recvmsg"}, {"sendmsg"}}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d directions
			for _, calls := range c.calls {
				d.begin(&segment.Header{Probe: segment.Probe{Calls: calls}})
				if d.watch {
					t.Errorf("%v is looked through", calls)
				}
				d.add(nil, nil)
			}
			if d.sends != c.sends || d.receives != c.receives {
				t.Errorf("sends: %v, receives: %v", d.sends, d.receives)
			}
		})
	}
	for _, calls := range [][]string{{"sendmsg", "recvmsg"}, {"a call of the future"}} {
		var d directions
		if d.begin(&segment.Header{Probe: segment.Probe{Calls: calls}}); !d.watch {
			t.Errorf("%v is not looked through", calls)
		}
	}
}

func TestJSONTellsOfEachRecording(t *testing.T) {
	type recording struct {
		RecordingID string `json:"recording_id"`
		File, Host  string
		BootID      string `json:"boot_id"`
		StartTime   string `json:"start_time"`
		Events      int64
		Count       int64
		Lost        int64
		Missing     int64
		Complete    bool
		FromTimeNS  int64 `json:"from_time_ns"`
		Gaps        []any
		Damages     []any
	}
	type object struct {
		recording
		Recordings []recording
	}
	decode := func(r *Result) (o object) {
		var text bytes.Buffer
		if err := r.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	a := record(t, gen.Options{Events: 5000, SegmentEvents: 1000, GapEvery: 2, Seed: 1, Host: "a"})
	b := record(t, gen.Options{Events: 3000, SegmentEvents: 1000, Seed: 2, Host: "b"})

	one := decode(run(t, Options{}, Input{Name: "a.smr", Reader: open(t, a)}))
	if len(one.Recordings) != 1 {
		t.Fatalf("%d recordings", len(one.Recordings))
	}
	got := one.Recordings[0]
	if got.File != "a.smr" || got.BootID == "" || got.StartTime != "2025-06-15T15:06:40Z" || got.Count != 5000 || got.Lost == 0 || len(got.Gaps) == 0 || got.Damages == nil {
		t.Errorf("the recording is %+v", got)
	}
	got.File, got.BootID, got.StartTime, got.Count = "", "", "", 0
	if !reflect.DeepEqual(got, one.recording) {
		t.Errorf("one recording is %+v, all together %+v", got, one.recording)
	}

	c := New(Options{})
	from := open(t, b).Header().Start.BoottimeNS + 1_000_000
	for _, in := range []Input{{Name: "a.smr", Reader: open(t, a)}, {Name: "b.smr", Reader: open(t, b), FromNS: from}} {
		if err := c.Add(in); err != nil {
			t.Fatal(err)
		}
	}
	both := decode(c.Result())
	if both.RecordingID != "" || both.Host != "" || both.FromTimeNS != 0 {
		t.Errorf("what is not common is told of all: %+v", both.recording)
	}
	if both.Events != 8000 || both.Lost != one.Lost || both.Missing != one.Missing || !both.Complete || len(both.Gaps) != len(one.Gaps) {
		t.Errorf("together they are %+v", both.recording)
	}
	second := both.Recordings[1]
	if second.Host != "b" || second.FromTimeNS != from || second.Events != 3000 || second.Count == 0 || second.Count == 3000 {
		t.Errorf("the second recording is %+v", second)
	}
}

func TestNotesNameTheRecordingsThatTheyAreOf(t *testing.T) {
	tailed := func(name, tail string) Recording {
		return Recording{Name: name, Summary: &segment.Summary{UnknownTail: tail}}
	}
	for _, c := range []struct {
		name string
		of   []Recording
		want []string
	}{
		{"one recording", []Recording{tailed("a", "cut")}, []string{"cut"}},
		{"all of several", []Recording{tailed("a", "cut"), tailed("b", "cut")}, []string{"cut"}},
		{"one of several", []Recording{tailed("a", ""), tailed("b", "cut")}, []string{"b: cut"}},
		{"each another one", []Recording{tailed("a", "cut"), tailed("b", "killed")}, []string{"a: cut", "b: killed"}},
		{"many of more", []Recording{
			tailed("a", "cut"), tailed("b\n", "cut"), tailed("c", "cut"), tailed("d", "cut"), tailed("e", "cut"), tailed("f", ""),
		}, []string{`a, b\n, c and 2 more: cut`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Result{Recordings: c.of}
			var got []string
			for _, n := range r.notes() {
				got = append(got, r.noteText(&n))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, expected %q", got, c.want)
			}
		})
	}
}
