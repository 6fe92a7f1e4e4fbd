package record

import (
	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// kernelCauses are the causes of loss that take a sequence number, in the
// order in which a hole is split over them.
var kernelCauses = [...]segment.Cause{segment.CauseRingFull, segment.CauseNoState, segment.CauseSkippedExit, segment.CausePreempted}

// losses counts events by cause.
type losses [segment.NumCauses]int64

func (l *losses) total() (n int64) {
	for _, v := range l {
		n += v
	}
	return n
}

func (l *losses) add(o losses) {
	for cause, n := range o {
		l[cause] += n
	}
}

// kernelLosses is what the kernel counts as lost with a sequence number.
func kernelLosses(c bpf.Counters) losses {
	var l losses
	l[segment.CauseRingFull] = int64(c.LostRingFull)
	l[segment.CauseNoState] = int64(c.LostNoState)
	l[segment.CauseSkippedExit] = int64(c.LostSkippedExit)
	l[segment.CausePreempted] = int64(c.LostPreempted)
	return l
}

// attribute splits a hole of count events over the causes: counted is what
// the kernel has counted since the start, used what earlier holes of the CPU
// have taken of it. It is exact when the kernel has lost for one cause only,
// or nothing after the hole; otherwise the causes are used up in their order,
// which keeps their sums exact. What no counter explains comes back as
// unexplained: a defect in the probe.
func attribute(count int64, counted, used losses) (split losses, unexplained int64) {
	for _, cause := range kernelCauses {
		n := min(count, max(0, counted[cause]-used[cause]))
		split[cause] = n
		count -= n
	}
	return split, count
}

// appendGaps appends a gap for each cause of a hole that begins at firstSeq.
// Which number of the hole fell to which cause is not known; the gaps share
// them out in the order of the causes.
func appendGaps(gaps []segment.Gap, cpu int, firstSeq int64, split losses, firstNS, lastNS int64) []segment.Gap {
	for _, cause := range kernelCauses {
		if n := split[cause]; n > 0 {
			gaps = append(gaps, segment.Gap{CPU: cpu, FirstSeq: firstSeq, Count: n, Cause: cause, FirstNS: firstNS, LastNS: lastNS})
			firstSeq += n
		}
	}
	return gaps
}
