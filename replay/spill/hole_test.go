package spill

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// TestHolesTellEveryNumberOnce leaves out random jobs, with losses of several
// causes between their events, and requires that the gaps cover each number
// once and have the sums of each cause.
func TestHolesTellEveryNumberOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var h holes
		next := map[int]int64{0: rnd.Int64N(100), 7: 0}
		start := map[int]int64{0: next[0], 7: 0}
		var want [segment.NumCauses]int64
		for range rnd.IntN(20) {
			j := &job{e: &segment.Encoded{MinTimeNS: 5, MaxTimeNS: 9}}
			for cpu := range next {
				r := segment.SeqRange{CPU: cpu, First: -1}
				for range rnd.IntN(5) {
					n := 1 + rnd.Int64N(50)
					if cause := segment.Cause(rnd.IntN(3)); cause != 0 {
						j.gaps = append(j.gaps, segment.Gap{CPU: cpu, FirstSeq: next[cpu], Count: n, Cause: cause, FirstNS: 1, LastNS: 20})
						want[cause] += n
					} else {
						if r.First < 0 {
							r.First = next[cpu]
						}
						r.Last, r.Count = next[cpu]+n-1, r.Count+n
						want[segment.CauseSpillFull] += n
					}
					next[cpu] += n
				}
				if r.Count > 0 {
					j.ranges = append(j.ranges, r)
				}
			}
			h.add(j)
		}
		var b bytes.Buffer
		w, err := segment.NewWriter(&b, &segment.Header{})
		if err == nil {
			_, err = h.write(w)
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := segment.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		s, err := segment.Summarize(r)
		if err != nil {
			t.Fatal(err)
		}
		var got [segment.NumCauses]int64
		at := map[int]int64{0: start[0], 7: 0}
		for _, g := range s.Gaps {
			if g.FirstSeq != at[g.CPU] {
				t.Fatalf("round %d: %+v, expected to begin at %d", round, g, at[g.CPU])
			}
			at[g.CPU] += g.Count
			got[g.Cause] += g.Count
		}
		if got != want || fmt.Sprint(at) != fmt.Sprint(next) {
			t.Fatalf("round %d: %v up to %v, want %v up to %v", round, got, at, want, next)
		}
		if n := len(h.byCPU[0]) + len(h.byCPU[7]); n > 2 {
			t.Fatalf("round %d: %d runs", round, n)
		}
	}
}

func TestLossesWithoutNumbersAreAddedUp(t *testing.T) {
	var h holes
	for i := range int64(3) {
		h.add(&job{gaps: []segment.Gap{{CPU: segment.AllCPUs, FirstSeq: -1, Count: 2, Cause: segment.CauseSkippedEntry, FirstNS: 10 * i, LastNS: 10*i + 5, UpperBound: i == 1}}})
	}
	want := segment.Gap{CPU: segment.AllCPUs, FirstSeq: -1, Count: 6, Cause: segment.CauseSkippedEntry, LastNS: 25, UpperBound: true}
	if got := h.unnumbered[segment.CauseSkippedEntry]; got != want {
		t.Errorf("%+v", got)
	}
}
