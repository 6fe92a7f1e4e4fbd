package segment

import (
	"cmp"
	"slices"
)

// account follows the sequence numbers of each CPU through the file and finds
// which are missing: a sequence number that neither a segment nor a gap record
// has was in a damaged part, or is missing without a word.
type account struct {
	cpus    map[int]*cpuAccount
	damages int // seen so far
	runs    int // holes and overlaps that are kept
}

// maxRuns bounds the holes and overlaps that are kept with their place: a few
// bytes of a hostile file can say that every second event is missing. Beyond
// it they are only counted.
const maxRuns = 1 << 17

type cpuAccount struct {
	next     int64 // behind the largest seq of a segment
	present  int64 // events in segments
	within   int64 // missing within ranges that are not exact
	damages  int   // account.damages when next was set
	holes    []hole
	overlaps []hole
	gaps     []Gap
}

// hole is a run of seq. The damages first to last-1 stand where it was
// noticed; there is none when they are equal.
type hole struct {
	cpu               int
	first, count      int64
	damage, damageEnd int
}

func newAccount() *account { return &account{cpus: map[int]*cpuAccount{}} }

func (a *account) cpu(n int) *cpuAccount {
	c := a.cpus[n]
	if c == nil {
		c = &cpuAccount{}
		a.cpus[n] = c
	}
	return c
}

// addRange notes events of a segment. Ranges of a CPU come in file order.
func (a *account) addRange(r SeqRange) {
	c := a.cpu(r.CPU)
	switch {
	case r.First == c.next:
	case a.runs == maxRuns:
		c.within += max(0, r.First-c.next)
	case r.First > c.next:
		a.runs++
		c.holes = append(c.holes, hole{r.CPU, c.next, r.First - c.next, c.damages, a.damages})
	default:
		a.runs++
		c.overlaps = append(c.overlaps, hole{cpu: r.CPU, first: r.First, count: min(c.next, r.Last+1) - r.First})
	}
	c.present += r.Count
	c.within += r.Last - r.First + 1 - r.Count
	c.next = max(c.next, r.Last+1)
	c.damages = a.damages
}

// addGap notes a gap that says which sequence numbers are missing.
func (a *account) addGap(g *Gap) {
	if g.CPU != AllCPUs && g.FirstSeq >= 0 && g.Count > 0 {
		c := a.cpu(g.CPU)
		c.gaps = append(c.gaps, *g)
	}
}

// missing returns the runs of seq that neither a segment nor a gap has, by
// CPU. Runs within inexact ranges have no place: first is -1. end is nil or
// says how many events each CPU recorded, which tells of missing ones behind
// the last segment.
func (a *account) missing(end *Counters) []hole {
	var runs []hole
	recorded := map[int]int64{}
	if end != nil {
		for _, p := range end.CPUs {
			recorded[p.CPU] = p.Recorded
			if p.CPU != AllCPUs {
				a.cpu(p.CPU)
			}
		}
	}
	numbers := make([]int, 0, len(a.cpus))
	for n := range a.cpus {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		c := a.cpus[n]
		found := c.missing(n, a.damages)
		lost := c.present
		for _, h := range found {
			lost += h.count
		}
		if rest := recorded[n] - lost; rest > 0 {
			found = append(found, hole{n, -1, rest, c.damages, a.damages})
		}
		runs = append(runs, found...)
	}
	return runs
}

func (c *cpuAccount) missing(cpu, damages int) []hole {
	slices.SortFunc(c.gaps, func(x, y Gap) int { return cmp.Compare(x.FirstSeq, y.FirstSeq) })
	holes := slices.Clone(c.holes)
	end, explained := c.next, int64(0)
	for _, g := range c.gaps {
		end = max(end, g.FirstSeq+g.Count)
		explained += g.Count
	}
	if end > c.next {
		holes = append(holes, hole{cpu, c.next, end - c.next, c.damages, damages})
	}
	var found []hole
	gaps := c.gaps
	for _, h := range holes {
		from, to := h.first, h.first+h.count
		for len(gaps) > 0 && gaps[0].FirstSeq+gaps[0].Count <= from {
			gaps = gaps[1:]
		}
		for _, g := range gaps {
			if g.FirstSeq >= to {
				break
			}
			if g.FirstSeq > from {
				found = append(found, hole{cpu, from, g.FirstSeq - from, h.damage, h.damageEnd})
			}
			explained -= min(to, g.FirstSeq+g.Count) - max(from, g.FirstSeq)
			from = max(from, g.FirstSeq+g.Count)
		}
		if from < to {
			found = append(found, hole{cpu, from, to - from, h.damage, h.damageEnd})
		}
	}
	// What gaps explain outside of holes they explain within ranges.
	if rest := c.within - explained; c.within > 0 && rest > 0 {
		found = append(found, hole{cpu: cpu, first: -1, count: rest})
	}
	return found
}

// attribute writes to the damages how many events they cost and returns how
// many are missing in damaged parts, and how many without a word. exact says
// that nothing more can be missing, so that a damage without a hole cost none.
func attribute(damages []Damage, missing []hole, exact bool) (damaged, unexplained int64) {
	vague := make([]bool, len(damages))
	for _, h := range missing {
		switch h.damageEnd - h.damage {
		case 0:
			unexplained += h.count
			continue
		case 1:
			d := &damages[h.damage]
			d.Events = max(d.Events, 0) + h.count
		default:
			for i := h.damage; i < h.damageEnd; i++ {
				vague[i] = true
			}
		}
		damaged += h.count
	}
	for i := range damages {
		if vague[i] {
			damages[i].Events = -1
		} else if exact {
			damages[i].Events = max(damages[i].Events, 0)
		}
	}
	return damaged, unexplained
}
