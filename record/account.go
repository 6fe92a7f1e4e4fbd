package record

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// account is one CPU's account of what became of its calls, each number from
// where it is counted.
type account struct {
	kernel  bpf.Counters // the kernel's counters
	taken   int64        // events that the drain took out of the ring
	beyond  int64        // of these, left out because of Options.MaxEvents
	gaps    losses       // events of the gaps that the drain found, by cause
	written int64        // events that the writer has written
	failed  int64        // events that the writer could not write
}

// idle reports whether nothing has happened on the CPU: of many possible CPUs
// few may exist, and only those that have something to say are written.
func (a *account) idle() bool {
	return a.taken == 0 && a.gaps == losses{} && seen(a.kernel) == 0 && inFlight(a.kernel) == 0
}

// inFlight is the number of calls that have entered and not returned, see
// event.h.
func inFlight(c bpf.Counters) int64 {
	return int64(c.Entered - c.Filtered - c.LostNoState - c.MovedOut - (c.Returned - c.MovedIn))
}

// seen is the number of calls accounted on the CPU, see event.h.
func seen(c bpf.Counters) int64 { return int64(c.Entered - c.MovedOut + c.MovedIn) }

// final is the account when everything is detached, drained and written.
func (a *account) final(cpu int) segment.CPUCounters {
	c := segment.CPUCounters{
		CPU:      cpu,
		Seen:     seen(a.kernel),
		Filtered: int64(a.kernel.Filtered) + a.beyond,
		Recorded: a.written,
		InFlight: inFlight(a.kernel),
		Lost:     kernelLosses(a.kernel),
	}
	c.Lost[segment.CauseNotWritten] = a.failed
	return c
}

// snapshot is the account while the recording goes on, as if everything that
// the drain has taken were written. Events in the ring count as in flight.
func (a *account) snapshot(cpu int) segment.CPUCounters {
	c := segment.CPUCounters{
		CPU:      cpu,
		Filtered: int64(a.kernel.Filtered) + a.beyond,
		Recorded: a.taken - a.beyond,
		Lost:     kernelLosses(a.kernel),
	}
	lost := losses(c.Lost)
	inRing := int64(a.kernel.Seq) - a.taken - lost.total()
	c.InFlight = inFlight(a.kernel) + inRing
	c.Seen = c.Filtered + c.Recorded + c.InFlight + lost.total()
	return c
}

// check returns what does not balance in the final account, one sentence
// each: nothing unless the recorder or the probe has a defect.
func (a *account) check(cpu int) (wrong []string) {
	differ := func(what string, got int64, how string, want int64) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("CPU %d: %s is %d, but %s is %d", cpu, what, got, how, want))
		}
	}
	c := a.final(cpu)
	lost := losses(c.Lost)
	differ("seen", c.Seen, "filtered + recorded + lost + in flight", c.Filtered+c.Recorded+lost.total()+c.InFlight)
	counted := kernelLosses(a.kernel)
	differ("the number of the next event", int64(a.kernel.Seq), "taken from the ring + lost in the kernel", a.taken+counted.total())
	differ("taken from the ring", a.taken, "written + not written + beyond the limit", a.written+a.failed+a.beyond)
	for _, cause := range kernelCauses {
		differ("lost by "+cause.String(), counted[cause], "the sum of its gaps", a.gaps[cause])
	}
	return wrong
}
