package gen

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Plan is everything about a segment that depends on the segments before it.
type Plan struct {
	Index  int64
	Events int
	// FirstSeq is the first sequence number of each CPU in the segment.
	FirstSeq []int64
	// StartNS and EndNS bound the times of return: StartNS <= t < EndNS.
	StartNS, EndNS int64
	// Gap follows the segment when Gap.Count > 0.
	Gap segment.Gap
	// Lost is the number of events lost so far, this segment's gap included,
	// per CPU.
	Lost []int64
}

// planner makes the plans of a recording one after the other.
type planner struct {
	o         Options
	next      int64
	remaining int64
	seq       []int64
	lost      []int64
	timeNS    int64
}

func newPlanner(o Options) *planner {
	return &planner{
		o: o, remaining: o.Events, timeNS: startBoottimeNS + 1_000_000,
		seq: make([]int64, o.CPUs), lost: make([]int64, o.CPUs),
	}
}

// plan returns the next segment's plan, or nil after the last.
func (p *planner) plan() *Plan {
	if p.remaining <= 0 {
		return nil
	}
	s := &Plan{Index: p.next, Events: int(min(p.remaining, int64(p.o.SegmentEvents)))}
	s.FirstSeq = append(s.FirstSeq, p.seq...)
	s.StartNS = p.timeNS
	s.EndNS = s.StartNS + max(int64(s.Events)*1_000_000_000/p.o.RateHz, 1)
	for cpu := range p.seq {
		p.seq[cpu] += int64(rowsOf(cpu, s.Events, p.o.CPUs))
	}
	p.timeNS = s.EndNS
	p.remaining -= int64(s.Events)
	p.next++
	if p.o.GapEvery > 0 && p.next%int64(p.o.GapEvery) == 0 {
		p.addGap(s)
	}
	s.Lost = append(s.Lost, p.lost...)
	return s
}

// addGap ends the segment with a hole of up to 1,000 events on one CPU.
func (p *planner) addGap(s *Plan) {
	cpu := int(s.Index) % p.o.CPUs
	count := 1 + int64(hash(p.o.Seed, uint64(s.Index))%1000)
	s.Gap = segment.Gap{
		CPU: cpu, FirstSeq: p.seq[cpu], Count: count, Cause: segment.CauseRingFull,
		FirstNS: s.EndNS, LastNS: s.EndNS + 1_000_000,
	}
	p.seq[cpu] += count
	p.lost[cpu] += count
	p.timeNS += 1_000_000
}

// rowsOf returns how many of a segment's events return on cpu: they are dealt
// to the CPUs in turn.
func rowsOf(cpu, events, cpus int) int {
	n := events / cpus
	if cpu < events%cpus {
		n++
	}
	return n
}

// hash mixes a seed and an index into 64 bits (the finalizer of SplitMix64).
func hash(seed, index uint64) uint64 {
	x := seed ^ index*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func recordingID(seed uint64) string {
	a, b := hash(seed, 1), hash(seed, 2)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}
