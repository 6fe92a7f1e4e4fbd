package segment

import "slices"

// counters checks the identity and that nothing runs backwards.
func (v *verifier) counters(n *Counters, offset int64) {
	for _, p := range n.CPUs {
		lost := int64(0)
		for _, l := range p.Lost {
			lost += l
		}
		if p.Seen != p.Filtered+p.Recorded+lost+p.InFlight {
			v.problem(ProblemCounters, offset, "CPU %d: seen %d is not filtered %d + recorded %d + lost %d + in flight %d",
				p.CPU, p.Seen, p.Filtered, p.Recorded, lost, p.InFlight).CPU = p.CPU
		}
		if old := v.previous[p.CPU]; p.Recorded < old.Recorded || p.Filtered < old.Filtered {
			v.problem(ProblemCounters, offset, "CPU %d: recorded %d after %d, filtered %d after %d",
				p.CPU, p.Recorded, old.Recorded, p.Filtered, old.Filtered).CPU = p.CPU
		}
		v.previous[p.CPU] = p
	}
}

// totals compares the final counters with the rows.
func (v *verifier) totals(s *Summary) {
	if len(s.Damages) > 0 {
		return
	}
	for _, p := range s.End.Counters.CPUs {
		if rows := v.cpuRows[p.CPU]; p.Recorded != rows {
			q := v.problem(ProblemCounters, -1, "CPU %d: %d events recorded by the counters, %d in the segments", p.CPU, p.Recorded, rows)
			q.CPU, q.Count = p.CPU, p.Recorded-rows
		}
	}
	v.gapTotals(s)
	if len(s.PerCPU) > 0 && s.Seen != s.Filtered+s.Events+s.Lost+s.InFlight {
		v.problem(ProblemCounters, -1, "seen %d is not filtered %d + events %d + lost %d + in flight %d",
			s.Seen, s.Filtered, s.Events, s.Lost, s.InFlight)
	}
}

// gapTotals compares the lost events of the counters with the gap records, by
// cause.
func (v *verifier) gapTotals(s *Summary) {
	var gaps [NumCauses]int64
	for _, g := range s.Gaps {
		if g.Cause < NumCauses {
			gaps[g.Cause] += g.Count
		}
	}
	for cause := Cause(1); cause < NumCauses; cause++ {
		if lost := s.LostByCause[cause]; lost != gaps[cause] {
			v.problem(ProblemCounters, -1, "%d events lost by %v by the counters, %d by the gap records", lost, cause, gaps[cause]).Count = lost - gaps[cause]
		}
	}
}

// index compares the index with the segments that were read.
func (v *verifier) index(s *Summary) error {
	if v.r.at == nil || len(s.Damages) > 0 {
		return nil
	}
	t, ok, err := v.r.trailer()
	if !ok {
		if err == nil {
			v.problem(ProblemIndex, v.r.at.n, "the file does not end with a trailer")
		}
		return err
	}
	if t.segments != uint64(s.Segments) || t.events != uint64(s.Events) {
		v.problem(ProblemIndex, v.r.at.n-TrailerSize, "trailer says %d segments with %d events, there are %d with %d",
			t.segments, t.events, s.Segments, s.Events)
	}
	if t.root == noOffset {
		return nil
	}
	root, ok, err := v.r.index(t.root, KindRoot)
	if err != nil {
		return err
	}
	if !ok {
		v.problem(ProblemIndex, int64(t.root), "no root index where the trailer says")
		return nil
	}
	var all []indexEntry
	for _, e := range root {
		block, ok, err := v.r.index(e.offset, KindIndex)
		if err != nil {
			return err
		}
		if !ok || len(block) == 0 || block[len(block)-1].maxSoFar != e.maxSoFar {
			v.problem(ProblemIndex, int64(e.offset), "no index record as the root says")
			return nil
		}
		all = append(all, block...)
	}
	if !slices.Equal(all, v.segments) {
		v.problem(ProblemIndex, int64(t.root), "the index does not list the segments that are there")
	}
	return nil
}
