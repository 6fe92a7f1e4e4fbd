package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// script is a recording told by its sequence numbers.
type script struct {
	segments [][]SeqRange // runs of consecutive seq, in row order
	gaps     []Gap        // all behind the segments
	header   func(m *SegmentMeta)
	end      *Counters // nil: no clean end
}

func (s *script) write(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, testHeader())
	if err != nil {
		t.Fatal(err)
	}
	enc := NewEncoder(w.FileID())
	for _, runs := range s.segments {
		var b Block
		var m SegmentMeta
		for _, r := range runs {
			i := slices.IndexFunc(m.Ranges, func(x SeqRange) bool { return x.CPU == r.CPU })
			if i < 0 {
				i = len(m.Ranges)
				m.Ranges = append(m.Ranges, SeqRange{r.CPU, r.First, r.Last, 0})
			}
			m.Ranges[i].First, m.Ranges[i].Last = min(m.Ranges[i].First, r.First), max(m.Ranges[i].Last, r.Last)
			for seq := r.First; seq <= r.Last; seq++ {
				m.Ranges[i].Count++
				b.Rows[schema.TableEvent]++
				for id, v := range map[schema.ColumnID]int64{schema.ColCPU: int64(r.CPU), schema.ColSeq: seq, schema.ColTimeNS: 100 * seq} {
					b.Cols[id].Ints = append(b.Cols[id].Ints, v)
				}
			}
		}
		if s.header != nil {
			s.header(&m)
		}
		var e Encoded
		if err := enc.Encode(&e, &b, m); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteSegment(&e); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range s.gaps {
		if err := w.WriteGap(g); err != nil {
			t.Fatal(err)
		}
	}
	if s.end != nil {
		if err := w.Close(&End{Counters: *s.end, Reason: "signal"}); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

// ended is the counters of CPU 0 with so many events recorded and lost in the
// ring.
func ended(recorded, lost int64) *Counters {
	p := CPUCounters{Seen: recorded + lost + 7, Filtered: 5, InFlight: 2, Recorded: recorded}
	p.Lost[CauseRingFull] = lost
	return &Counters{CPUs: []CPUCounters{p}}
}

func run(first, last int64) SeqRange { return SeqRange{CPU: 0, First: first, Last: last} }

func lost(first, count int64) Gap {
	return Gap{FirstSeq: first, Count: count, Cause: CauseRingFull}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name     string
		s        script
		problems []string
		lost     int64
	}{
		{"an intact recording", script{segments: [][]SeqRange{{run(0, 9)}, {run(10, 19)}}, end: ended(20, 0)}, nil, 0},
		{"a loss between segments with its gap record", script{
			segments: [][]SeqRange{{run(0, 9)}, {run(15, 19)}}, gaps: []Gap{lost(10, 5)}, end: ended(15, 5)}, nil, 5},
		{"a loss within a segment with its gap record", script{
			segments: [][]SeqRange{{run(0, 3), run(6, 9)}}, gaps: []Gap{lost(4, 2)}, end: ended(8, 2)}, nil, 2},
		{"a loss in two gap records, later one first", script{
			segments: [][]SeqRange{{run(0, 3), run(8, 9)}}, gaps: []Gap{lost(6, 2), lost(4, 2)}, end: ended(6, 4)}, nil, 4},
		{"a loss behind the last event", script{
			segments: [][]SeqRange{{run(0, 3)}}, gaps: []Gap{lost(4, 6)}, end: ended(4, 6)}, nil, 6},
		{"a loss from the first event on", script{
			segments: [][]SeqRange{{run(5, 9)}}, gaps: []Gap{lost(0, 5)}, end: ended(5, 5)}, nil, 5},
		{"two CPUs in turn", script{segments: [][]SeqRange{{run(0, 4), {CPU: 1, First: 0, Last: 2}, run(5, 9), {CPU: 1, First: 3, Last: 4}}},
			end: &Counters{CPUs: []CPUCounters{{Seen: 10, Recorded: 10}, {CPU: 1, Seen: 5, Recorded: 5}}}}, nil, 0},

		{"a hole without a gap record", script{
			segments: [][]SeqRange{{run(0, 9)}, {run(15, 19)}}, end: ended(15, 0)}, []string{"hole: CPU 0: 5 events from seq 10"}, 0},
		{"a hole within a segment without a gap record", script{
			segments: [][]SeqRange{{run(0, 3), run(6, 9)}}, end: ended(8, 0)}, []string{"hole: CPU 0: 2 events from seq 4"}, 0},
		{"a gap record that explains a part of the hole", script{
			segments: [][]SeqRange{{run(0, 9)}, {run(15, 19)}}, gaps: []Gap{lost(11, 3)}, end: ended(15, 3)},
			[]string{"hole: CPU 0: 1 events from seq 10", "hole: CPU 0: 1 events from seq 14"}, 3},
		{"events that are there twice", script{
			segments: [][]SeqRange{{run(0, 9)}, {run(5, 14)}}, end: ended(20, 0)}, []string{"overlap: CPU 0: 5 events from seq 5"}, 0},
		{"events behind later ones", script{
			segments: [][]SeqRange{{run(5, 9), run(0, 4)}}, end: ended(10, 0)},
			[]string{"hole: CPU 0: 5 events from seq 0", "overlap: CPU 0: 5 events from seq 0"}, 0},
		{"a gap record for events that are there", script{
			segments: [][]SeqRange{{run(0, 9)}}, gaps: []Gap{lost(4, 2)}, end: ended(10, 2)},
			[]string{"overlap: CPU 0: 2 events are there although"}, 2},
		{"two gap records for the same events", script{
			segments: [][]SeqRange{{run(0, 3), run(8, 9)}}, gaps: []Gap{lost(4, 4), lost(6, 2)}, end: ended(6, 6)},
			[]string{"overlap: CPU 0: gap records overlap at seq 6"}, 6},
		{"counters that do not add up", script{segments: [][]SeqRange{{run(0, 9)}},
			end: &Counters{CPUs: []CPUCounters{{Seen: 11, Recorded: 10}}}},
			[]string{"counters: CPU 0: seen 11 is not", "counters: seen 11 is not"}, 0},
		{"counters of events that are not there", script{segments: [][]SeqRange{{run(0, 9)}}, end: ended(12, 0)},
			[]string{"counters: CPU 0: 12 events recorded by the counters, 10 in the segments", "counters: seen 19 is not"}, 0},
		{"a loss in the counters without a gap record", script{segments: [][]SeqRange{{run(0, 9)}}, end: ended(10, 4)},
			[]string{"counters: 4 events lost by ring_full by the counters, 0 by the gap records"}, 4},
		{"a segment header that does not say what the rows say", script{segments: [][]SeqRange{{run(0, 9)}},
			header: func(m *SegmentMeta) { m.Ranges[0].Last = 12 }, end: ended(10, 0)}, []string{"segment at offset"}, 0},
		{"a recording without an end", script{segments: [][]SeqRange{{run(0, 9)}}}, []string{"incomplete: the recording has no end"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.s.write(t)
			for _, rd := range readers {
				r, err := rd.open(b)
				if err != nil {
					t.Fatal(err)
				}
				calls := 0
				report, err := Verify(r, func(done, total int64) { calls++ })
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range report.Problems {
					got = append(got, report.Problems[i].String())
				}
				if !slices.EqualFunc(got, c.problems, strings.HasPrefix) {
					t.Errorf("%s: problems are %q", rd.name, got)
				}
				if report.Summary.Lost != c.lost || report.OK() != (c.lost == 0 && len(c.problems) == 0) {
					t.Errorf("%s: %d lost, OK is %v", rd.name, report.Summary.Lost, report.OK())
				}
				if calls == 0 || report.Events != report.Summary.Events {
					t.Errorf("%s: %d events decoded of %d, %d calls of progress", rd.name, report.Events, report.Summary.Events, calls)
				}
			}
		})
	}
}

func TestVerifyComparesTheIndex(t *testing.T) {
	b, _ := manySegments(t, 5)
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	tr, _, err := r.trailer()
	if err != nil {
		t.Fatal(err)
	}
	root, _, err := r.index(tr.root, KindRoot)
	if err != nil {
		t.Fatal(err)
	}
	refill := func(at uint64, change func(payload []byte)) []byte {
		b := bytes.Clone(b)
		env, err := parseEnvelope(b[at:], nil)
		if err != nil {
			t.Fatal(err)
		}
		rec := b[at : at+EnvelopeSize+uint64(env.payload)]
		change(rec[EnvelopeSize:])
		fillRecord(rec, &r.id, env.kind, env.version, env.number, env.data)
		return b
	}
	for _, c := range []struct {
		name, problem string
		b             []byte
	}{
		{"an index record with a wrong offset", "does not list", refill(root[0].offset, func(p []byte) { p[4]++ })},
		{"a root with a wrong time", "as the root says", refill(tr.root, func(p []byte) { p[12]++ })},
		{"a trailer with a wrong count", "trailer says", refill(uint64(len(b)-TrailerSize), func(p []byte) { p[16]++ })},
		{"a trailer with a wrong root", "no root index", refill(uint64(len(b)-TrailerSize), func(p []byte) { p[0]++ })},
		{"no trailer", "does not end with a trailer", b[:len(b)-TrailerSize]},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := open(c.b)
			if err != nil {
				t.Fatal(err)
			}
			report, err := Verify(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, p := range report.Problems {
				found = found || p.Kind == ProblemIndex && strings.Contains(fmt.Sprint(p.Err), c.problem)
			}
			if !found {
				t.Errorf("problems are %v", report.Problems)
			}
		})
	}
}

// TestVerifyTakesBoundedMemory feeds segments of a few bytes that claim very
// many rows, each with a hole in front of it.
func TestVerifyTakesBoundedMemory(t *testing.T) {
	const segments = 4
	var records []crafted
	for i := range uint64(segments) {
		first := i * 3 * colblock.MaxRows
		p := binary.AppendUvarint([]byte{1}, colblock.MaxRows)
		p = append(p, make([]byte, 16)...)
		p = append(p, 0, 0, 2)
		p = appendColumn(p, schema.ColCPU, []byte{byte(schema.KindInt), colblock.EncodingConstant, 0}, nil, 0)
		seq := binary.AppendVarint([]byte{byte(schema.KindInt), colblock.EncodingDeltas}, int64(first))
		p = appendColumn(p, schema.ColSeq, append(seq, 4), nil, 0) // every second
		records = append(records, crafted{kind: KindSegment, version: 1, payload: p})
	}
	r, err := open(file(t, records...))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Verify(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) != MaxProblems || report.More < maxRuns-MaxProblems || report.More > maxRuns+10 {
		t.Errorf("%d problems and %d more", len(report.Problems), report.More)
	}
	// All that is missing is still counted.
	total := int64(0)
	r, err = open(file(t, records...))
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(r)
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = v.item(item)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range v.exact.missing(nil) {
		total += h.count
	}
	want := int64((segments-1)*3*colblock.MaxRows + 2*(colblock.MaxRows-1) + 1 - segments*colblock.MaxRows)
	if total != want {
		t.Errorf("%d events missing instead of %d", total, want)
	}
}
