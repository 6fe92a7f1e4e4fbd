package segment

import (
	"bytes"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// times compares the header's time bounds with the rows.
func (v *verifier) times(s *Segment) {
	times := v.block.Cols[schema.ColTimeNS].Ints
	if len(times) != s.Rows || s.Rows == 0 {
		return
	}
	if lo, hi := slices.Min(times), slices.Max(times); lo != s.MinTimeNS || hi != s.MaxTimeNS {
		v.problem(ProblemSegment, s.Offset, "times %d to %d in the header, %d to %d in the rows",
			s.MinTimeNS, s.MaxTimeNS, lo, hi)
	}
}

// statistics compares the header's statistics of columns with the rows.
func (v *verifier) statistics(s *Segment) {
	s.eachBounds(func(b columnBounds) {
		c := schema.ByID(b.id)
		if c == nil || c.Kind != schema.KindInt || !v.block.Has(b.id) {
			return
		}
		if lo, hi, ok := v.block.Cols[b.id].Bounds(v.block.Rows[c.Table]); !ok || lo != b.min || hi != b.max {
			v.problem(ProblemSegment, s.Offset, "column %s is from %d to %d in the header, from %d to %d in the rows", c.Name, b.min, b.max, lo, hi)
		}
	})
}

// otherStatistics compares the header's errors and statistics of bytes with the
// rows.
func (v *verifier) otherStatistics(s *Segment) {
	if s.hasErrors && v.block.Has(schema.ColRet) {
		got := colblock.Cursor{Rest: appendErrors(nil, &v.block.Cols[schema.ColRet])}
		if errnos, err := parseErrors(&got); err != nil || !slices.Equal(errnos, s.errors) {
			v.problem(ProblemSegment, s.Offset, "errors %v in the header, %v in the rows", s.errors, errnos)
		}
	}
	for _, b := range s.byteBounds {
		if !v.block.Has(b.id) {
			continue
		}
		c := schema.ByID(b.id)
		rows, _ := byteBoundsOf(&v.block.Cols[b.id], v.block.Rows[c.Table])
		if got := rows[len(b.Min)]; !bytes.Equal(got.Min, b.Min) || !bytes.Equal(got.Max, b.Max) {
			v.problem(ProblemSegment, s.Offset, "column %s is from %x to %x in the header, from %x to %x in the rows", c.Name, b.Min, b.Max, got.Min, got.Max)
		}
	}
}

// rows compares the header's sequence ranges with the rows and follows the
// sequence numbers.
func (v *verifier) rows(s *Segment) {
	cpus, seqs := v.block.Cols[schema.ColCPU].Ints, v.block.Cols[schema.ColSeq].Ints
	if len(cpus) != s.Rows || len(seqs) != s.Rows || s.Rows == 0 {
		return
	}
	if lo, hi := slices.Min(cpus), slices.Max(cpus); lo < 0 || hi >= MaxCPUs || slices.Min(seqs) < 0 || slices.Max(seqs) >= 1<<62 {
		v.problem(ProblemSegment, s.Offset, "CPUs %d to %d or a sequence number out of range", lo, hi)
		return
	}
	// Runs of consecutive seq by CPU: exact ranges for the account.
	v.ranges = v.ranges[:0]
	open := map[int64]int{} // CPU to its last run
	whole := map[int]SeqRange{}
	for i, cpu := range cpus {
		seq := seqs[i]
		if at, ok := open[cpu]; ok && v.ranges[at].Last+1 == seq {
			v.ranges[at].Last = seq
			v.ranges[at].Count++
		} else {
			open[cpu] = len(v.ranges)
			v.ranges = append(v.ranges, SeqRange{int(cpu), seq, seq, 1})
		}
	}
	for _, r := range v.ranges {
		v.exact.addRange(r)
		v.cpuRows[r.CPU] += r.Count
		w, ok := whole[r.CPU]
		if !ok {
			w = SeqRange{r.CPU, r.First, r.Last, 0}
		}
		w.First, w.Last, w.Count = min(w.First, r.First), max(w.Last, r.Last), w.Count+r.Count
		whole[r.CPU] = w
	}
	if len(whole) != len(s.Ranges) {
		v.problem(ProblemSegment, s.Offset, "%d CPUs in the header, %d in the rows", len(s.Ranges), len(whole))
		return
	}
	for _, r := range s.Ranges {
		if whole[r.CPU] != r {
			v.problem(ProblemSegment, s.Offset, "sequence range %+v in the header, %+v in the rows", r, whole[r.CPU])
		}
	}
}

// sequences reports what is missing or there twice by the rows themselves.
func (v *verifier) sequences(s *Summary) {
	for _, h := range v.exact.missing(nil) {
		if h.damage < h.damageEnd {
			continue // the damage says it
		}
		p := v.problem(ProblemHole, -1, "CPU %d: %d events from seq %d on are missing without a gap record", h.cpu, h.count, h.first)
		p.CPU, p.FirstSeq, p.Count = h.cpu, h.first, h.count
	}
	for cpu, c := range v.exact.cpus {
		for _, h := range c.overlaps {
			p := v.problem(ProblemOverlap, -1, "CPU %d: %d events from seq %d on are behind later ones or there twice", cpu, h.count, h.first)
			p.CPU, p.FirstSeq, p.Count = cpu, h.first, h.count
		}
		for i := 1; i < len(c.gaps); i++ { // sorted by missing
			a, b := c.gaps[i-1], c.gaps[i]
			if a.FirstSeq+a.Count > b.FirstSeq {
				p := v.problem(ProblemOverlap, -1, "CPU %d: gap records overlap at seq %d", cpu, b.FirstSeq)
				p.CPU, p.FirstSeq, p.Count = cpu, b.FirstSeq, a.FirstSeq+a.Count-b.FirstSeq
			}
		}
		if n := c.gapsOverEvents(); n > 0 && !v.unread {
			p := v.problem(ProblemOverlap, -1, "CPU %d: %d events are there although gap records say that they are lost", cpu, n)
			p.CPU, p.Count = cpu, n
		}
	}
}

// gapsOverEvents counts the sequence numbers that gap records and segments
// both claim, for exact ranges.
func (c *cpuAccount) gapsOverEvents() (n int64) {
	for _, g := range c.gaps {
		n += max(0, min(g.FirstSeq+g.Count, c.next)-g.FirstSeq)
	}
	// Both lists are sorted.
	gaps := c.gaps
	for _, h := range c.holes {
		for len(gaps) > 0 && gaps[0].FirstSeq+gaps[0].Count <= h.first {
			gaps = gaps[1:]
		}
		for _, g := range gaps {
			if g.FirstSeq >= h.first+h.count {
				break
			}
			n -= max(0, min(h.first+h.count, g.FirstSeq+g.Count)-max(h.first, g.FirstSeq))
		}
	}
	return n
}
