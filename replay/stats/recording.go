package stats

import (
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Recording is one of the recordings that were counted.
type Recording struct {
	Name                 string // Input.Name
	ID                   string // UUID
	Host, Kernel, BootID string // empty when the header does not say
	Start                segment.Clock
	Filter               string
	FromNS, ToNS         int64
	// Count is the number of its events that were counted.
	Count int64
	// Summary is of the whole recording. PerCPU and Clocks are left out.
	Summary *segment.Summary
	Loss    Loss
}

// Loss is what the statistics lack.
type Loss struct {
	// Missing is the number of events that are missing in the time range, an
	// upper bound when the gaps do not tell exactly when they were.
	Missing int64
	// Unknown: there may be more, because a damaged part, or the tail of a
	// recording without an end, does not say how many events it had.
	Unknown bool
	// Corrupt are segments with a column that does not decode; their events
	// are part of Missing.
	Corrupt []segment.Damage
}

// Any reports whether anything is missing.
func (l *Loss) Any() bool { return l.Missing > 0 || l.Unknown }

func newRecording(p *pass, count int64) Recording {
	h, s := p.in.Reader.Header(), p.summary.Finish(p.in.Reader)
	// They grow with the host and with time, and nothing here is made of them.
	s.PerCPU, s.Clocks = nil, nil
	return Recording{
		Name: p.in.Name, ID: h.RecordingID, Host: h.Host, Kernel: h.Kernel, BootID: h.BootID, Start: h.Start,
		Filter: p.in.Program.String(), FromNS: p.in.FromNS, ToNS: p.in.ToNS,
		Count: count, Summary: s, Loss: lossOf(s, p.corrupt, p.in.FromNS),
	}
}

// lossOf sums up what is missing in the time range from fromNS on. A call that
// returned before the range cannot have been entered in it; any other may.
func lossOf(s *segment.Summary, corrupt []segment.Damage, fromNS int64) Loss {
	l := Loss{Missing: s.Lost + s.Unexplained, Unknown: s.UnknownTail != "", Corrupt: corrupt}
	for _, g := range s.Gaps {
		if fromNS != 0 && g.LastNS < fromNS {
			l.Missing -= g.Count
		}
	}
	for _, d := range s.Damages {
		l.Unknown = l.Unknown || d.Events < 0
	}
	for _, d := range corrupt {
		l.Missing += d.Events
	}
	l.Missing = max(l.Missing, 0)
	return l
}

// together returns the summary and the loss of recordings as if they were one.
// Of one they are its own. Of several, what counts is added up, lists are those
// of one behind those of the other, and what must hold holds for each; times
// are 0 unless all recordings with events are of one boot, for moments of two
// have no order.
func together(recordings []Recording) (*segment.Summary, Loss) {
	if len(recordings) == 1 {
		return recordings[0].Summary, recordings[0].Loss
	}
	sum, loss := &segment.Summary{Accounted: true, Complete: true}, Loss{}
	var tails []string
	for i := range recordings {
		r := &recordings[i]
		s := r.Summary
		sum.Events += s.Events
		sum.Filtered += s.Filtered
		sum.InFlight += s.InFlight
		sum.Seen += s.Seen
		sum.Lost += s.Lost
		for cause, n := range s.LostByCause {
			sum.LostByCause[cause] += n
		}
		sum.Unexplained += s.Unexplained
		sum.UnderWay += s.UnderWay
		sum.Self += s.Self
		sum.Segments += s.Segments
		sum.FileBytes += s.FileBytes
		sum.RawBytes += s.RawBytes
		sum.LostUpperBound = sum.LostUpperBound || s.LostUpperBound
		sum.Accounted = sum.Accounted && s.Accounted
		sum.Complete = sum.Complete && s.Complete
		sum.MaxDisorderNS = max(sum.MaxDisorderNS, s.MaxDisorderNS)
		sum.Gaps = append(sum.Gaps, s.Gaps...)
		sum.Damages = append(sum.Damages, s.Damages...)
		sum.Coverage = append(sum.Coverage, s.Coverage...)
		if s.UnknownTail != "" {
			tails = append(tails, r.Name+": "+s.UnknownTail)
		}
		loss.Missing += r.Loss.Missing
		loss.Unknown = loss.Unknown || r.Loss.Unknown
		loss.Corrupt = append(loss.Corrupt, r.Loss.Corrupt...)
	}
	sum.UnknownTail = strings.Join(tails, "; ")
	sum.FirstTimeNS, sum.LastTimeNS = timesOf(recordings)
	return sum, loss
}

// timesOf returns the first and the last time of recordings of one boot, else 0.
func timesOf(recordings []Recording) (first, last int64) {
	boot := ""
	for i := range recordings {
		r := &recordings[i]
		switch s := r.Summary; {
		case s.Events == 0:
		case r.BootID == "" || boot != "" && r.BootID != boot:
			return 0, 0
		case boot == "":
			boot, first, last = r.BootID, s.FirstTimeNS, s.LastTimeNS
		default:
			first, last = min(first, s.FirstTimeNS), max(last, s.LastTimeNS)
		}
	}
	return first, last
}

// shared returns what all recordings have, the zero value when they differ.
func shared[T comparable](recordings []Recording, of func(*Recording) T) T {
	var zero T
	for i := range recordings {
		if of(&recordings[i]) != of(&recordings[0]) {
			return zero
		}
	}
	if len(recordings) == 0 {
		return zero
	}
	return of(&recordings[0])
}
