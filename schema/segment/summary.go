package segment

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Summary is what a recording holds and what it lost, from its record headers.
// When Accounted, it adds up exactly:
//
//	Seen = Filtered + Events + Lost + InFlight
type Summary struct {
	// Events is the number of events in the readable segment headers.
	Events, Filtered, InFlight, Seen int64
	Lost                             int64 // sum of LostByCause
	LostByCause                      [NumCauses]int64
	// LostUpperBound: LostByCause[CauseSkippedEntry] may include events that
	// the filter would have dropped.
	LostUpperBound bool
	// Unexplained is the number of events that are missing by their sequence
	// numbers, without a gap record or damage to explain it. It is not part of
	// Lost: an intact recording has 0, a recording without an end may lack the
	// gap record.
	Unexplained int64
	// Accounted: the newest counters add up with the events that are there.
	Accounted bool
	// UnderWay and Self are those of Counters.
	UnderWay, Self int64
	// PerCPU is the newest account of each CPU, ascending.
	PerCPU []CPUCounters
	Gaps   []Gap
	// Segments counts the readable segment headers.
	Segments int
	// FileBytes is the file's length, RawBytes the memory of all columns.
	FileBytes, RawBytes int64
	// FirstTimeNS and LastTimeNS bound time_ns; 0 without events.
	FirstTimeNS, LastTimeNS int64
	// Complete: the file has its end record and nothing in it is damaged.
	Complete bool
	End      *End // nil when there is none
	Damages  []Damage
	Clocks   []Clock // of clock records and the end record
	// Coverage says what was watched, by ascending FromNS; the newest record of
	// each time, at most MaxCoverages. None in recordings that do not tell.
	Coverage []Coverage
	// MaxDisorderNS bounds by how much an event's time_ns may be before that of
	// an event in front of it in the file.
	MaxDisorderNS int64
	// UnknownTail says what a crash may have cost; empty when the recording has
	// its end.
	UnknownTail string
}

// Summarize reads all record headers of r, from the start of the file when it
// is no stream, and decompresses nothing. Damaged columns are not noticed:
// Verify does.
func Summarize(r *Reader) (*Summary, error) {
	if err := r.rewind(); err != nil {
		return nil, err
	}
	s := NewSummarizer()
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return s.Finish(r), nil
		}
		if err != nil {
			return nil, err
		}
		s.Add(item)
	}
}

// Summarizer builds a Summary from the items of a recording that its caller
// reads for another purpose too. All items must be added, in file order, from
// the first on. The zero value is not usable.
type Summarizer struct {
	s       Summary
	account *account
	newest  map[int]CPUCounters
	last    *Counters
	latest  int64
}

// NewSummarizer returns a Summarizer without items.
func NewSummarizer() *Summarizer {
	return &Summarizer{account: newAccount(), newest: map[int]CPUCounters{}, latest: math.MinInt64}
}

// Add adds the next item of Reader.Next. The summary refers to an *End.
func (m *Summarizer) Add(item Item) {
	switch v := item.(type) {
	case *Segment:
		m.segment(v)
	case *Gap:
		m.s.Gaps = append(m.s.Gaps, *v)
		m.account.addGap(v)
	case *Clock:
		m.s.Clocks = append(m.s.Clocks, *v)
	case *Counters:
		m.counters(v)
	case *Coverage:
		m.s.Coverage = addCoverage(m.s.Coverage, v)
	case *End:
		m.s.End = v
		m.s.Clocks = append(m.s.Clocks, v.Clock)
		m.counters(&v.Counters)
	case *Damage:
		m.s.Damages = append(m.s.Damages, *v)
		m.account.damages++
	}
}

func (m *Summarizer) segment(v *Segment) {
	s := &m.s
	s.Segments++
	s.RawBytes += v.RawBytes
	if v.Rows > 0 {
		if s.Events == 0 {
			s.FirstTimeNS, s.LastTimeNS = v.MinTimeNS, v.MaxTimeNS
		}
		s.FirstTimeNS, s.LastTimeNS = min(s.FirstTimeNS, v.MinTimeNS), max(s.LastTimeNS, v.MaxTimeNS)
		m.latest = max(m.latest, v.MaxTimeNS)
		s.MaxDisorderNS = max(s.MaxDisorderNS, m.latest-v.MinTimeNS)
	}
	s.Events += int64(v.Rows)
	for _, r := range v.Ranges {
		m.account.addRange(r)
	}
	if v.Counters != nil {
		m.counters(v.Counters)
	}
}

func (m *Summarizer) counters(n *Counters) {
	for _, p := range n.CPUs {
		m.newest[p.CPU] = p
	}
	m.last = n
}

// Finish returns the summary, once Next has returned io.EOF. Add must not
// follow it. Like Summarize it does not notice damaged columns.
func (m *Summarizer) Finish(r *Reader) *Summary {
	s := &m.s
	for _, p := range m.newest {
		s.PerCPU = append(s.PerCPU, p)
		s.Seen += p.Seen
		s.Filtered += p.Filtered
		s.InFlight += p.InFlight
		for cause, n := range p.Lost {
			s.LostByCause[cause] += n
		}
	}
	slices.SortFunc(s.PerCPU, func(x, y CPUCounters) int { return x.CPU - y.CPU })
	if m.last != nil {
		s.LostUpperBound, s.UnderWay, s.Self = m.last.UpperBound, m.last.UnderWay, m.last.Self
	}
	var end *Counters
	if s.End != nil {
		end = &s.End.Counters
	} else {
		// The gap records may be newer than the last counters.
		var gaps [NumCauses]int64
		for _, g := range s.Gaps {
			if g.Cause < NumCauses {
				gaps[g.Cause] += g.Count
			}
		}
		for cause, n := range gaps {
			s.LostByCause[cause] = max(s.LostByCause[cause], n)
		}
	}
	var damaged int64
	damaged, s.Unexplained = attribute(s.Damages, m.account.missing(end), end != nil)
	s.LostByCause[CauseDamaged] += damaged
	for _, n := range s.LostByCause {
		s.Lost += n
	}
	s.FileBytes = r.Size()
	s.Complete = s.End != nil && len(s.Damages) == 0
	s.Accounted = m.last != nil && s.Unexplained == 0 && s.Seen == s.Filtered+s.Events+s.Lost+s.InFlight
	s.UnknownTail = unknownTail(s, r.Header())
	return s
}

func unknownTail(s *Summary, h *Header) string {
	if s.End != nil {
		return ""
	}
	within := "since the last segment"
	if h.Limits.FlushInterval > 0 {
		within = fmt.Sprintf("of the last flush interval (%v)", h.Limits.FlushInterval)
	}
	cut := ""
	if n := len(s.Damages); n > 0 && s.Damages[n-1].Tail {
		cut = fmt.Sprintf("; the last %d bytes are a record that is cut", s.Damages[n-1].Size)
	}
	return fmt.Sprintf("the recording has no end: events %s may be missing%s", within, cut)
}
