package segment

import (
	"errors"
	"fmt"
	"io"
	"math"

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
	v := newVerifier(r)
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
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

func newVerifier(r *Reader) *verifier {
	return &verifier{r: r, dec: r.NewDecoder(), report: &VerifyReport{}, exact: newAccount(),
		sum: NewSummarizer(), cpuRows: map[int]int64{}, previous: map[int]CPUCounters{}, maxSoFar: math.MinInt64}
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
	if len(v.report.Problems) == MaxProblems {
		v.report.More++
		return &Problem{}
	}
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
	case *Coverage:
		if err := it.Check(); err != nil {
			v.problem(ProblemCoverage, -1, "%w", err)
		}
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
				p := v.problem(ProblemColumn, corrupt.Offset, "column %s: %w", corrupt.Column, corrupt.Err)
				p.Size, p.Count = int64(list[i].size), int64(s.Rows)
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
	v.statistics(s)
	v.otherStatistics(s)
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
	if c.rows > 0 {
		return v.dec.readColumn(s, c, b)
	}
	// Of an unknown column the checksum is all that can be checked.
	data, err := v.dec.columnData(s, c)
	if err == nil && c.size > 0 && crcOf(data) != c.crc {
		err = &CorruptError{v.r.path, c.offset, fmt.Sprintf("id %d", c.id), colblock.ErrCorrupt}
	}
	return err
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
