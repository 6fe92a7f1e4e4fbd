package segment

import (
	"fmt"
	"io"
	"slices"
)

// Summary is what a recording holds and what it lost, from its record headers.
type Summary struct {
	// Events is the number of events in readable segment headers. With the
	// counters it adds up exactly:
	//
	//	Seen = Filtered + Events + Lost + InFlight
	//
	// as far as Accounted says so.
	Events, Filtered, InFlight, Seen int64
	Lost                             int64 // sum of LostByCause
	LostByCause                      [NumCauses]int64
	// LostUpperBound: LostByCause[CauseSkippedEntry] may include events that
	// the filter would have dropped.
	LostUpperBound bool
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
	// MaxDisorderNS is the largest difference by which an event may come
	// behind a later one in file order.
	MaxDisorderNS int64
	// UnknownTail says what a crash may have cost; empty when the file is
	// complete.
	UnknownTail string
}

// Summarize reads all record headers of r, from the start of the file when it
// is seekable, and decompresses nothing.
func Summarize(r *Reader) (*Summary, error) {
	if err := r.rewind(); err != nil {
		return nil, err
	}
	s := &Summary{}
	a := newAccount()
	var latest int64 = minTime
	for {
		item, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch v := item.(type) {
		case *Segment:
			s.Segments++
			s.Events += int64(v.Rows)
			s.RawBytes += v.RawBytes
			if v.Rows > 0 {
				if s.Events == int64(v.Rows) {
					s.FirstTimeNS, s.LastTimeNS = v.MinTimeNS, v.MaxTimeNS
				}
				s.FirstTimeNS, s.LastTimeNS = min(s.FirstTimeNS, v.MinTimeNS), max(s.LastTimeNS, v.MaxTimeNS)
				latest = max(latest, v.MaxTimeNS)
				s.MaxDisorderNS = max(s.MaxDisorderNS, latest-v.MinTimeNS)
			}
			a.segment(v)
		case *Gap:
			s.Gaps = append(s.Gaps, *v)
			a.gap(v)
		case *Clock:
			s.Clocks = append(s.Clocks, *v)
		case *Counters:
			a.counters(v)
		case *End:
			s.End = v
			s.Clocks = append(s.Clocks, v.Clock)
			a.counters(&v.Counters)
		case *Damage:
			s.Damages = append(s.Damages, *v)
			a.damage(len(s.Damages) - 1)
		}
	}
	s.FileBytes = r.Size()
	a.finish(s)
	s.Complete = s.End != nil && len(s.Damages) == 0
	s.UnknownTail = unknownTail(s, r.Header())
	return s, nil
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
		cut = fmt.Sprintf(" and %d bytes of a record that is cut", s.Damages[n-1].Size)
	}
	return fmt.Sprintf("the recording has no end: events %s may be missing%s", within, cut)
}

// account adds up counters and sequence numbers by CPU.
type account struct {
	newest map[int]CPUCounters
	last   *Counters
	cpus   map[int]*cpuAccount
	known  []Gap
}

// cpuAccount follows the sequence numbers of a CPU.
type cpuAccount struct {
	next    int64 // behind the largest seq seen
	present int64 // events in segments
	gaps    int64 // events in gap records
	holes   []hole
}

// hole is a range of seq that no segment holds; damage is the damage in front
// of which it was noticed, -1 without one.
type hole struct {
	first, count int64
	damage       int
}

func newAccount() *account {
	return &account{newest: map[int]CPUCounters{}, cpus: map[int]*cpuAccount{}}
}

func (a *account) cpu(n int) *cpuAccount {
	c := a.cpus[n]
	if c == nil {
		c = &cpuAccount{}
		a.cpus[n] = c
	}
	return c
}

func (a *account) segment(s *Segment) {
	for _, r := range s.Ranges {
		c := a.cpu(r.CPU)
		c.present += r.Count
		c.next = max(c.next, r.Last+1)
	}
	if s.Counters != nil {
		a.counters(s.Counters)
	}
}

func (a *account) gap(g *Gap) {
	if g.CPU == AllCPUs || g.FirstSeq < 0 {
		return
	}
	c := a.cpu(g.CPU)
	c.gaps += g.Count
	c.next = max(c.next, g.FirstSeq+g.Count)
}

func (a *account) counters(n *Counters) {
	for _, p := range n.CPUs {
		a.newest[p.CPU] = p
	}
	a.last = n
}

func (a *account) damage(int) {}

// finish fills the summary's account.
func (a *account) finish(s *Summary) {
	for _, p := range a.newest {
		s.PerCPU = append(s.PerCPU, p)
		s.Seen += p.Seen
		s.Filtered += p.Filtered
		s.InFlight += p.InFlight
		for cause, n := range p.Lost {
			s.LostByCause[cause] += n
		}
	}
	slices.SortFunc(s.PerCPU, func(x, y CPUCounters) int { return x.CPU - y.CPU })
	if a.last != nil {
		s.LostUpperBound, s.UnderWay, s.Self = a.last.UpperBound, a.last.UnderWay, a.last.Self
	}
	for _, c := range a.cpus {
		if missing := c.next - c.present - c.gaps; missing > 0 && len(s.Damages) > 0 {
			s.LostByCause[CauseDamaged] += missing
		}
	}
	for _, n := range s.LostByCause {
		s.Lost += n
	}
}
