package stats

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// naiveGroup is what a group should be, counted row by row with Block's
// accessors and kept whole.
type naiveGroup struct {
	count, requested, sent int64
	durations              []int64
	errors                 map[string]int64
}

// selects says which events are counted; nil: all.
type selects func(b *segment.Block, row int) bool

// within selects by the time of entry; 0 is no bound.
func within(fromNS, toNS int64) selects {
	return func(b *segment.Block, row int) bool {
		time, _ := b.Int(schema.ColTimeNS, row)
		return time >= fromNS && (toNS == 0 || time < toNS)
	}
}

// naive groups all events of the file in the simplest way.
func naive(t *testing.T, file []byte, by []Field, keep selects) map[string]*naiveGroup {
	t.Helper()
	groups := map[string]*naiveGroup{}
	addNaive(t, groups, file, by, keep)
	return groups
}

// addNaive groups the events of another file with those of groups. Segments
// that do not decode are left out.
func addNaive(t *testing.T, groups map[string]*naiveGroup, file []byte, by []Field, keep selects) {
	t.Helper()
	r := open(t, file)
	d := r.NewDecoder()
	var b segment.Block
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		var corrupt *segment.CorruptError
		if err := d.ReadBlock(s, nil, &b); errors.As(err, &corrupt) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		for row := range s.Rows {
			if keep != nil && !keep(&b, row) {
				continue
			}
			key := naiveKey(&b, by, row)
			g := groups[key]
			if g == nil {
				g = &naiveGroup{errors: map[string]int64{}}
				groups[key] = g
			}
			g.count++
			if v, ok := b.Int(schema.ColRequestedBytes, row); ok {
				g.requested += v
			}
			if v, ok := b.Int(schema.ColDurationNS, row); ok {
				g.durations = append(g.durations, v)
			}
			if v, ok := b.Int(schema.ColRet, row); ok && v >= 0 {
				g.sent += v
			} else if ok {
				g.errors[schema.ErrnoName(-v)]++
			}
		}
	}
}

func naiveKey(b *segment.Block, by []Field, row int) string {
	var key []string
	for i := range by {
		f := &by[i]
		var v Value
		switch f.column.Kind {
		case schema.KindInt:
			if n, ok := b.Int(f.column.ID, row); ok {
				if v = n; f.errno {
					if v = -n; n >= 0 {
						v = nil
					}
				}
			}
		case schema.KindBytes:
			if s, ok := b.Bytes(f.column.ID, row); ok {
				v = s
			}
		case schema.KindIntList:
			if l, ok := b.List(f.column.ID, row); ok {
				v = l
			}
		}
		key = append(key, fmt.Sprintf("%#v", v))
	}
	return strings.Join(key, "|")
}

func TestGroupsAreThoseOfCountingRowByRow(t *testing.T) {
	file := record(t, gen.Options{Events: 60_000, SegmentEvents: 5000, GapEvery: 5})
	for _, by := range [][]string{
		nil, {"comm"}, {"errno"}, {"cpu"}, {"comm", "errno"}, {"remote_address"},
		{"remote_port", "comm", "remote_address"}, {"socket_family", "call", "tid", "cpu", "errno"},
		{"name"}, {"control", "toctou"}, {"iov_len"}, {"ret", "attempt_of"}, {"local_path", "requested_bytes"},
	} {
		t.Run("by "+strings.Join(by, ","), func(t *testing.T) {
			o := Options{By: fieldsOf(t, by...), MemoryBytes: 1 << 30}
			got := run(t, o, Input{Reader: open(t, file)})
			compare(t, got, naive(t, file, o.By, nil))
		})
	}
}

func compare(t *testing.T, got *Result, want map[string]*naiveGroup) {
	t.Helper()
	if got.GroupCount() != len(want) && len(got.By) > 0 {
		t.Errorf("%d groups, expected %d", got.GroupCount(), len(want))
	}
	last := int64(math.MaxInt64)
	for g := range got.Groups() {
		key := keyOf(g)
		w := want[key]
		if w == nil {
			t.Fatalf("unexpected group %s", key)
		}
		if g.Count > last {
			t.Errorf("group of %d after one of %d", g.Count, last)
		}
		last = g.Count
		compareGroup(t, key, g, w)
	}
}

// keyOf is the key of a group as naiveKey makes it.
func keyOf(g *Group) string {
	var key []string
	for _, v := range g.Key {
		key = append(key, fmt.Sprintf("%#v", v))
	}
	return strings.Join(key, "|")
}

func compareGroup(t *testing.T, key string, g *Group, w *naiveGroup) {
	t.Helper()
	errs := map[string]int64{}
	for _, e := range g.Errors {
		errs[e.Name()] = e.Count
	}
	if g.Count != w.count || g.Timed != int64(len(w.durations)) || !maps.Equal(errs, w.errors) ||
		g.RequestedBytes.Int64() != w.requested || g.SentBytes.Int64() != w.sent {
		t.Errorf("%s: %+v, expected %+v", key, g, w)
	}
	if g.Timed == 0 {
		return
	}
	slices.Sort(w.durations)
	sum := 0.0
	for _, v := range w.durations {
		sum += float64(v)
	}
	n := int64(len(w.durations))
	mean := sum / float64(n)
	if g.MinNS != w.durations[0] || g.MaxNS != w.durations[n-1] || math.Abs(g.MeanNS-mean) > 1e-9*mean {
		t.Errorf("%s: min %d max %d mean %g, expected %d %d %g", key, g.MinNS, g.MaxNS, g.MeanNS, w.durations[0], w.durations[n-1], mean)
	}
	for i, q := range Quantiles {
		truth := w.durations[q.Q.Rank(n)-1]
		v := g.Quantiles[i]
		if off := math.Abs(float64(v.NS - truth)); off > g.RelativeError*float64(truth) {
			t.Errorf("%s: %s is %d, expected %d within %g", key, q.Name, v.NS, truth, g.RelativeError)
		}
		lowest, highest := int64(0), int64(Unbounded)
		lo, hi := q.Q.shifted(n, g.Missing)
		if lo >= 1 {
			lowest = w.durations[lo-1]
		}
		if hi <= n {
			highest = w.durations[hi-1]
		}
		// A bound is the edge of a bucket, and a bucket is twice its error wide.
		wide := func(v int64) int64 { return int64(math.Ceil(2 * g.RelativeError * float64(v))) }
		if v.LowNS > lowest || v.LowNS < lowest-wide(lowest) {
			t.Errorf("%s: %s is at least %d, expected %d", key, q.Name, v.LowNS, lowest)
		}
		if (v.HighNS == Unbounded) != (highest == Unbounded) || v.HighNS < highest || v.HighNS > highest+wide(highest) {
			t.Errorf("%s: %s is at most %d, expected %d", key, q.Name, v.HighNS, highest)
		}
	}
}

func TestATimeRangeSelectsByTimeOfEntry(t *testing.T) {
	file := record(t, gen.Options{Events: 40_000, SegmentEvents: 4000, GapEvery: 3})
	s, err := segment.Summarize(open(t, file))
	if err != nil {
		t.Fatal(err)
	}
	middle := (s.FirstTimeNS + s.LastTimeNS) / 2
	for _, c := range []struct {
		name     string
		from, to int64
	}{
		{"from the middle", middle, 0},
		{"to the middle", 0, middle},
		{"a millisecond", s.LastTimeNS - 31_000_000, s.LastTimeNS - 30_000_000},
		{"nothing", s.LastTimeNS + 1, 0},
		{"between a moment and itself", middle, middle},
		{"everything", s.FirstTimeNS, s.LastTimeNS + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{By: fieldsOf(t, "comm", "cpu")}
			got := run(t, o, Input{Reader: open(t, file), FromNS: c.from, ToNS: c.to})
			want := naive(t, file, o.By, within(c.from, c.to))
			compare(t, got, want)
			total := int64(0)
			for _, g := range want {
				total += g.count
			}
			if got.Total().Count != total {
				t.Errorf("%d events in all, expected %d", got.Total().Count, total)
			}
		})
	}
}
