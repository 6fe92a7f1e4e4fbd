package spill

import (
	"cmp"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// holes is what was left out and not told yet. Its size depends on the number
// of CPUs, not on how much was left out.
type holes struct {
	byCPU map[int][]hole // more than one only where numbers were left out that nobody lost
	// Of losses that leave no hole in the numbers, by cause.
	unnumbered [segment.NumCauses]segment.Gap
	coverage   []segment.Coverage // what has no other place meanwhile
	clock      *segment.Clock     // the newest
}

// hole is a run of numbers of one CPU.
type hole struct {
	first           int64
	counts          [segment.NumCauses]int64
	upperBound      bool
	firstNS, lastNS int64
}

func (h *hole) total() (n int64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// job is what travels together: a segment, and what stands before it.
type job struct {
	gaps   []segment.Gap
	clock  *segment.Clock
	e      *segment.Encoded // nil: none
	ranges []segment.SeqRange
}

// events is the number of events of the segment.
func (j *job) events() (n int64) {
	if j.e != nil {
		n = int64(j.e.Rows)
	}
	return n
}

// add adds a job.
func (h *holes) add(j *job) {
	if j.clock != nil {
		k := *j.clock
		h.clock = &k
	}
	// Gaps of a CPU lie between the numbers of its range: together they are one
	// run.
	runs := map[int]*hole{}
	run := func(cpu int, first, firstNS, lastNS int64) *hole {
		r := runs[cpu]
		if r == nil {
			r = &hole{first: first, firstNS: firstNS, lastNS: lastNS}
			runs[cpu] = r
		}
		r.first, r.firstNS, r.lastNS = min(r.first, first), min(r.firstNS, firstNS), max(r.lastNS, lastNS)
		return r
	}
	for _, g := range j.gaps {
		if g.CPU == segment.AllCPUs || g.FirstSeq < 0 {
			h.addUnnumbered(g)
			continue
		}
		r := run(g.CPU, g.FirstSeq, g.FirstNS, g.LastNS)
		r.counts[g.Cause] += g.Count
		r.upperBound = r.upperBound || g.UpperBound
	}
	if j.e != nil {
		for _, s := range j.ranges {
			run(s.CPU, s.First, j.e.MinTimeNS, j.e.MaxTimeNS).counts[segment.CauseSpillFull] += s.Count
		}
	}
	if h.byCPU == nil {
		h.byCPU = map[int][]hole{}
	}
	for cpu, r := range runs {
		h.byCPU[cpu] = appendRun(h.byCPU[cpu], *r)
	}
}

// appendRun appends a run, to the last one where it continues that.
func appendRun(list []hole, r hole) []hole {
	if n := len(list); n > 0 && list[n-1].first+list[n-1].total() == r.first {
		last := &list[n-1]
		for cause, c := range r.counts {
			last.counts[cause] += c
		}
		last.upperBound = last.upperBound || r.upperBound
		last.firstNS, last.lastNS = min(last.firstNS, r.firstNS), max(last.lastNS, r.lastNS)
		return list
	}
	return append(list, r)
}

func (h *holes) addUnnumbered(g segment.Gap) {
	u := &h.unnumbered[g.Cause]
	if u.Count == 0 {
		*u = g
		return
	}
	u.Count += g.Count
	u.UpperBound = u.UpperBound || g.UpperBound
	u.FirstNS, u.LastNS = min(u.FirstNS, g.FirstNS), max(u.LastNS, g.LastNS)
	if u.CPU != g.CPU {
		u.CPU = segment.AllCPUs
	}
}

// write writes everything to w. Which number of a hole fell to which cause is
// not told apart: the gaps share them out, spill_full first.
func (h *holes) write(w *segment.Writer) (items int64, err error) {
	if h.clock != nil {
		items++
		err = w.WriteClock(*h.clock)
	}
	var gaps []segment.Gap
	for cpu, list := range h.byCPU {
		for _, r := range list {
			gaps = r.appendGaps(gaps, cpu)
		}
	}
	for _, u := range h.unnumbered {
		if u.Count > 0 {
			gaps = append(gaps, u)
		}
	}
	slices.SortFunc(gaps, func(a, b segment.Gap) int {
		return cmp.Or(cmp.Compare(a.CPU, b.CPU), cmp.Compare(a.FirstSeq, b.FirstSeq), cmp.Compare(a.Cause, b.Cause))
	})
	for i := 0; i < len(gaps) && err == nil; i++ {
		items++
		err = w.WriteGap(gaps[i])
	}
	for i := 0; i < len(h.coverage) && err == nil; i++ {
		items++
		err = w.WriteCoverage(&h.coverage[i])
	}
	return items, err
}

func (h *hole) appendGaps(gaps []segment.Gap, cpu int) []segment.Gap {
	first := h.first
	for i := range h.counts {
		cause := segment.Cause((int(segment.CauseSpillFull) + i) % segment.NumCauses)
		if n := h.counts[cause]; n > 0 {
			gaps = append(gaps, segment.Gap{CPU: cpu, FirstSeq: first, Count: n, Cause: cause,
				FirstNS: h.firstNS, LastNS: h.lastNS, UpperBound: h.upperBound})
			first += n
		}
	}
	return gaps
}
