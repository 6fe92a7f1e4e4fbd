package record

import "github.com/sendmsgrec/sendmsgrec/schema/segment"

// Spill takes what is recorded on its way to a sink, besides or instead of the
// output. Calls come from one goroutine at a time; they write to a disk at
// most, and never wait for the sink. What is given is valid during the call.
type Spill interface {
	// Begin comes first, with the header.
	Begin(h *segment.Header) error
	// Write takes gaps, a clock (or nil) and a segment (or nil) with its ranges,
	// and reports whether it had room for all of it. If not, it takes none of it
	// and tells the sink so, with gaps of CauseSpillFull.
	Write(gaps []segment.Gap, clock *segment.Clock, e *segment.Encoded, ranges []segment.SeqRange) bool
	// Coverage takes what was watched.
	Coverage(c *segment.Coverage)
	// End comes last.
	End()
}

// spillJob gives a job to the spill, and books its events as dropped when that has
// no room.
func (p *pipeline) spillJob(j *job) {
	e := &j.encoded
	if j.rows == 0 {
		e = nil
	}
	if !p.spill.Write(j.gaps, j.clock, e, j.meta.Ranges) {
		for _, r := range j.meta.Ranges {
			p.dropped[r.CPU] += r.Count
		}
	}
}

// withoutDropped returns an account in which what the spill dropped is lost:
// that of the sink, or of a recording without a file.
func withoutDropped(c segment.Counters, dropped []int64) segment.Counters {
	cpus := make([]segment.CPUCounters, len(c.CPUs))
	for i, n := range c.CPUs {
		if n.CPU >= 0 {
			n.Recorded -= dropped[n.CPU]
			n.Lost[segment.CauseSpillFull] += dropped[n.CPU]
		}
		cpus[i] = n
	}
	c.CPUs = cpus
	return c
}
