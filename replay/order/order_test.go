package order_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// written is a recording in memory, with the times of its events by segment.
type written struct {
	file     []byte
	segments [][]int64
}

// write makes a recording whose events have these times; the i-th event of the
// file has seq i. With gaps there is one at the start of each segment.
func write(t testing.TB, id int, boot string, segments [][]int64, gaps bool) written {
	t.Helper()
	var buf bytes.Buffer
	h := &segment.Header{RecordingID: fmt.Sprintf("00000000-0000-4000-8000-%012d", id), BootID: boot,
		Start: segment.Clock{BoottimeNS: 1, RealtimeNS: int64(id)*1000 + 1}}
	w, err := segment.NewWriter(&buf, h)
	if err != nil {
		t.Fatal(err)
	}
	enc := segment.NewEncoder(w.FileID())
	seq := int64(0)
	for _, times := range segments {
		if gaps {
			if err := w.WriteGap(segment.Gap{CPU: segment.AllCPUs, FirstSeq: -1, Count: 1, Cause: segment.CauseSkippedEntry, FirstNS: slices.Min(times), LastNS: slices.Max(times)}); err != nil {
				t.Fatal(err)
			}
		}
		var b segment.Block
		var e segment.Encoded
		b.Rows[schema.TableEvent] = len(times)
		for table := schema.TableTask; table < schema.NumTables; table++ {
			b.Rows[table] = 1
		}
		for i := range schema.All() {
			c := &schema.All()[i]
			v := &b.Cols[c.ID]
			for row := range b.Rows[c.Table] {
				switch {
				case c.ID == schema.ColTimeNS:
					v.Ints = append(v.Ints, times[row])
				case c.ID == schema.ColSeq:
					v.Ints = append(v.Ints, seq+int64(row))
				case c.Kind == schema.KindBytes:
					v.AppendBytes([]byte("x"))
				case c.Kind == schema.KindIntList:
					v.EndList()
				default:
					v.Ints = append(v.Ints, 0)
				}
			}
		}
		r := segment.SeqRange{CPU: 0, First: seq, Last: seq + int64(len(times)) - 1, Count: int64(len(times))}
		if err := enc.Encode(&e, &b, segment.SegmentMeta{Ranges: []segment.SeqRange{r}}); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteSegment(&e); err != nil {
			t.Fatal(err)
		}
		seq += int64(len(times))
	}
	if err := w.Close(&segment.End{}); err != nil {
		t.Fatal(err)
	}
	return written{buf.Bytes(), segments}
}

func (w *written) input(t testing.TB) order.Input {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(w.file), int64(len(w.file)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		t.Fatal(err)
	}
	return order.Input{Reader: r, Directory: d}
}

func (w *written) stream(t testing.TB) order.Input {
	t.Helper()
	r, err := segment.NewStreamReader(bytes.NewReader(w.file))
	if err != nil {
		t.Fatal(err)
	}
	return order.Input{Reader: r}
}

// place is an event of the merged stream.
type place struct {
	key   int64
	input int
	seq   int64
}

func drain(t testing.TB, m *order.Merger) (events []place, notices int) {
	t.Helper()
	for {
		b, err := m.Next()
		if errors.Is(err, io.EOF) {
			return events, notices
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Block == nil {
			notices++
			continue
		}
		for i, row := range b.Rows {
			events = append(events, place{b.Keys[i], b.Input, b.Block.Cols[schema.ColSeq].Ints[row]})
		}
	}
}

// naive is the order by definition.
func naive(offsets []int64, files ...written) []place {
	var all []place
	for i, f := range files {
		seq := int64(0)
		for _, times := range f.segments {
			for _, ns := range times {
				all = append(all, place{ns + offsets[i], i, seq})
				seq++
			}
		}
	}
	slices.SortStableFunc(all, func(x, y place) int { return cmp.Compare(x.key, y.key) })
	return all
}

// randomSegments makes segments that overlap in time; a few events of each
// entered long before the others.
func randomSegments(r *rand.Rand) [][]int64 {
	var segments [][]int64
	for i := range 1 + r.IntN(30) {
		times := make([]int64, 1+r.IntN(60))
		for j := range times {
			times[j] = int64(i)*100 + r.Int64N(130) + 2
			if r.IntN(20) == 0 {
				times[j] = 2 + r.Int64N(int64(i)*100+100)
			}
		}
		segments = append(segments, times)
	}
	return segments
}

func TestTheOrderIsThatOfAStableSort(t *testing.T) {
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 1))
		var files []written
		var inputs []order.Input
		for i := range 1 + r.IntN(4) {
			files = append(files, write(t, i, "boot", randomSegments(r), r.IntN(2) == 0))
			inputs = append(inputs, files[i].input(t))
		}
		want := naive(make([]int64, len(files)), files...)
		cols := []schema.ColumnID{schema.ColSeq}
		if seed%2 == 0 {
			cols = nil
		}
		for _, memory := range []int64{0, 4096} {
			m, err := order.New(inputs, order.Options{Columns: cols, MemoryBytes: memory})
			if err != nil {
				t.Fatal(err)
			}
			for loop := range 2 {
				got, _ := drain(t, m)
				c := m.Counts()
				if c.Late > 0 {
					if memory == 0 || m.Exact() {
						t.Fatalf("seed %d: %+v, exact: %v", seed, c, m.Exact())
					}
					slices.SortFunc(got, func(x, y place) int { return cmp.Or(cmp.Compare(x.input, y.input), cmp.Compare(x.seq, y.seq)) })
					all := slices.Clone(want)
					slices.SortFunc(all, func(x, y place) int { return cmp.Or(cmp.Compare(x.input, y.input), cmp.Compare(x.seq, y.seq)) })
					if len(got) != len(all) {
						t.Fatalf("seed %d: %d events, want %d", seed, len(got), len(all))
					}
					for i := range got {
						if got[i].seq != all[i].seq || got[i].input != all[i].input {
							t.Fatalf("seed %d: event %v is missing", seed, all[i])
						}
					}
				} else if !slices.Equal(got, want) {
					t.Fatalf("seed %d, memory %d, loop %d: got %v\nwant %v", seed, memory, loop, got, want)
				}
				m.Rewind()
			}
		}
	}
}

func TestRecordingsOfDifferentBootsAreMergedByWallTime(t *testing.T) {
	a := write(t, 0, "one", [][]int64{{10, 2000, 2600}, {2500}}, false)
	b := write(t, 1, "two", [][]int64{{15, 900}, {1000, 1600}}, false)
	m, err := order.New([]order.Input{a.input(t), b.input(t)}, order.Options{Columns: []schema.ColumnID{schema.ColSeq}})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := drain(t, m)
	if want := naive([]int64{0, 1000}, a, b); !m.ByWall() || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSkippingToAKeyLeavesTheRest(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	a, b := write(t, 0, "boot", randomSegments(r), false), write(t, 1, "boot", randomSegments(r), false)
	want := naive([]int64{0, 0}, a, b)
	inputs := []order.Input{a.input(t), b.input(t)}
	for i := 0; i < len(want); i += 7 {
		m, err := order.New(inputs, order.Options{Columns: []schema.ColumnID{schema.ColSeq}})
		if err != nil {
			t.Fatal(err)
		}
		m.SkipTo(want[i].key)
		first := i
		for first > 0 && want[first-1].key == want[i].key {
			first--
		}
		if got, _ := drain(t, m); !slices.Equal(got, want[first:]) {
			t.Fatalf("from %d: %v, want %v", first, got, want[first:])
		}
	}
}

func TestAStreamIsOrderedWithinItsWindow(t *testing.T) {
	a := write(t, 0, "boot", [][]int64{{100, 300, 200}, {250, 400}, {120, 500}, {490, 600}}, true)
	run := func(window time.Duration) ([]place, order.Counts) {
		m, err := order.New([]order.Input{a.stream(t)}, order.Options{Columns: []schema.ColumnID{schema.ColSeq}, Window: window})
		if err != nil {
			t.Fatal(err)
		}
		got, notices := drain(t, m)
		if notices != 4 || m.Summary(0) == nil || m.Summary(0).Events != 9 {
			t.Errorf("%d notices, summary %+v", notices, m.Summary(0))
		}
		return got, m.Counts()
	}
	want := naive([]int64{0}, a)
	if got, c := run(1000); !slices.Equal(got, want) || c.Late != 0 {
		t.Errorf("a window larger than the disorder: %v, %+v", got, c)
	}
	got, c := run(60)
	if c.Late != 1 || c.LateMaxNS <= 0 || len(got) != len(want) {
		t.Errorf("a small window: %v, %+v", got, c)
	}
}

func TestBoundsAndFilterLeaveOutEvents(t *testing.T) {
	a := write(t, 0, "boot", [][]int64{{100, 300, 200}, {250, 400}, {500, 600}}, false)
	in := a.input(t)
	in.FromNS, in.ToNS = 200, 500
	f, err := filter.Parse("seq in (0, 2, 4, 6)")
	if err != nil {
		t.Fatal(err)
	}
	if in.Filter, err = f.Bind(filter.Recording{Header: in.Reader.Header(), Summary: in.Directory.Summary}); err != nil {
		t.Fatal(err)
	}
	m, err := order.New([]order.Input{in}, order.Options{Columns: []schema.ColumnID{schema.ColSeq}})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := drain(t, m)
	if want := []place{{200, 0, 2}, {400, 0, 4}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := m.Counts(); c.Filtered != 5 || c.Skipped != 1 {
		t.Errorf("%+v", c)
	}
}

// A call that blocks for long is recorded far behind its time. With one such
// event in each segment all segments begin at the start; the few are taken out
// and memory stays small.
func TestEventsThatEnteredLongBeforeDoNotKeepTheirSegmentsOpen(t *testing.T) {
	var segments [][]int64
	for i := range 200 {
		times := []int64{int64(i) + 2}
		for j := range 499 {
			times = append(times, int64(i+1)*1_000_000+int64(j))
		}
		segments = append(segments, times)
	}
	a := write(t, 0, "boot", segments, false)
	in := a.input(t)
	// All 200 would take 200 × 500 × 16 bytes; a tenth of that is allowed.
	m, err := order.New([]order.Input{in}, order.Options{Columns: []schema.ColumnID{schema.ColSeq}, MemoryBytes: 160_000})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := drain(t, m)
	if want := naive([]int64{0}, a); !slices.Equal(got, want) {
		t.Errorf("%d events, not in order", len(got))
	}
	if c := m.Counts(); c.Late != 0 || !m.Exact() || c.Reopened < 150 || c.Events != 100_000 || c.Filtered != 0 {
		t.Errorf("%+v", c)
	}
}
