package segment

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// Verify reads all of a recording, from the start when it is no stream: every
// record, every column of every segment with every checksum, the sequence
// numbers of each CPU against the gap records, the counters against the rows,
// and the index against the segments. progress, which may be nil, is called
// after each record with the bytes done and the bytes in all (-1 when
// unknown). The error is one of reading; what is wrong is in the report.
func Verify(r *Reader, progress func(done, total int64)) (*VerifyReport, error) {
	if err := r.rewind(); err != nil {
		return nil, err
	}
	v := &verifier{r: r, dec: r.NewDecoder(), report: &VerifyReport{}, exact: newAccount(),
		sum: NewSummarizer(), cpuRows: map[int]int64{}, maxSoFar: math.MinInt64}
	for {
		item, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		v.sum.Add(item)
		if err := v.item(item); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(r.pos, r.Size())
		}
	}
	if err := v.finish(); err != nil {
		return nil, err
	}
	return v.report, nil
}

type verifier struct {
	r        *Reader
	dec      *Decoder
	block    Block
	report   *VerifyReport
	sum      *Summarizer
	exact    *account // of the sequence numbers in the rows themselves
	cpuRows  map[int]int64
	previous map[int]CPUCounters
	segments []indexEntry
	maxSoFar int64
	ranges   []SeqRange
	unread   bool // rows of a segment could not be decoded
}

func (v *verifier) problem(kind ProblemKind, offset int64, format string, args ...any) *Problem {
	v.report.Problems = append(v.report.Problems, Problem{Kind: kind, Offset: offset,
		CPU: AllCPUs, FirstSeq: -1, Count: -1, Err: fmt.Errorf(format, args...)})
	return &v.report.Problems[len(v.report.Problems)-1]
}

func (v *verifier) item(item Item) error {
	switch it := item.(type) {
	case *Segment:
		return v.segment(it)
	case *Gap:
		v.exact.addGap(it)
	case *Damage:
		v.exact.damages++
	case *Counters:
		v.counters(it, -1)
	case *End:
		v.counters(&it.Counters, -1)
	}
	return nil
}

// segment decodes each column by itself, so that each damaged one is named.
func (v *verifier) segment(s *Segment) error {
	b := &v.block
	b.Reset()
	b.Rows = s.TableRows
	bad := false
	for _, list := range [][]column{s.columns, s.skipped} {
		for i := range list {
			err := v.column(s, &list[i], b)
			var corrupt *CorruptError
			if errors.As(err, &corrupt) {
				v.problem(ProblemColumn, corrupt.Offset, "column %s: %w", corrupt.Column, corrupt.Err).Size = int64(list[i].size)
				bad = bad || list[i].id == schema.ColCPU || list[i].id == schema.ColSeq
			} else if err != nil {
				return err
			}
			v.report.Columns++
		}
	}
	v.report.Events += int64(s.Rows)
	if s.Rows > 0 {
		v.maxSoFar = max(v.maxSoFar, s.MaxTimeNS)
	}
	v.segments = append(v.segments, indexEntry{uint64(s.Offset), v.maxSoFar})
	v.times(s)
	if bad {
		// The header's ranges stand in for the rows.
		v.unread = true
		for _, r := range s.Ranges {
			v.exact.addRange(r)
			v.cpuRows[r.CPU] += r.Count
		}
	} else {
		v.rows(s)
	}
	if s.Counters != nil {
		v.counters(s.Counters, s.Offset)
	}
	return nil
}

func (v *verifier) column(s *Segment, c *column, b *Block) error {
	if schema.ByID(c.id) != nil && c.chunk.Rows > 0 {
		return v.dec.readColumn(s, c, b)
	}
	// Of an unknown column the checksum is all that can be checked.
	data, err := v.dec.columnData(s, c)
	if err == nil && c.size > 0 && crcOf(data) != c.crc {
		err = &CorruptError{v.r.path, c.offset, fmt.Sprintf("id %d", c.id), colblock.ErrCorrupt}
	}
	return err
}

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

// rows compares the header's sequence ranges with the rows and follows the
// sequence numbers.
func (v *verifier) rows(s *Segment) {
	cpus, seqs := v.block.Cols[schema.ColCPU].Ints, v.block.Cols[schema.ColSeq].Ints
	if len(cpus) != s.Rows || len(seqs) != s.Rows {
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

// counters checks the identity and that nothing runs backwards.
func (v *verifier) counters(n *Counters, offset int64) {
	if v.previous == nil {
		v.previous = map[int]CPUCounters{}
	}
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

func (v *verifier) finish() error {
	s := v.sum.Finish(v.r)
	v.report.Summary = s
	v.sequences(s)
	for i := range s.Damages {
		d := &s.Damages[i]
		p := v.problem(ProblemDamage, d.Offset, "%w", d.Err)
		p.Size, p.Count = d.Size, d.Events
	}
	if s.End == nil {
		v.problem(ProblemIncomplete, -1, "%s", s.UnknownTail)
		return nil
	}
	v.totals(s)
	return v.index(s)
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
	if len(s.PerCPU) > 0 && s.Seen != s.Filtered+s.Events+s.Lost+s.InFlight {
		v.problem(ProblemCounters, -1, "seen %d is not filtered %d + events %d + lost %d + in flight %d",
			s.Seen, s.Filtered, s.Events, s.Lost, s.InFlight)
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
