package record

import (
	"time"

	"github.com/sendmsgrec/sendmsgrec/bpf"
)

// Source is where events come from: a probe in the kernel, or a script in
// tests and benchmarks. Its methods are called by one goroutine at a time, but
// for rings and counters, which are read while Detach is under way.
type Source interface {
	// CPUs is the number of CPUs, each with a ring and counters of its own.
	CPUs() int
	// Ring returns the ring of one CPU, always the same.
	Ring(cpu int) Ring
	// Counters returns what the kernel has counted on one CPU. It may be torn:
	// the kernel goes on counting while it is read.
	Counters(cpu int) bpf.Counters
	// SkippedEntry returns how many calls the entry hooks have not seen since they
	// were attached, on the whole host.
	SkippedEntry() (bpf.Skipped, error)
	// Ways says what is watched and what is not.
	Ways() []bpf.Way
	// Sends accounts for the sends that no recorded call made.
	Sends() bpf.Sends
	// Wait returns when a ring is filled to its watermark or after timeout.
	Wait(timeout time.Duration) error
	// Detach stops new events; what is in the rings can still be taken. No
	// other method that is not about a ring is called after it, but for
	// SkippedEntry, Ways and Sends.
	Detach() error
}

// Ring is one CPU's log of events.
type Ring interface {
	// Next returns the oldest event that it has not returned yet, or nil. The
	// event and what follows it in memory are valid until Release.
	Next() *bpf.Event
	// Release gives the room of all events that Next returned back to the kernel.
	Release()
}

// FromProbe returns the source that drains p. The caller closes p after
// Recorder.Run has returned.
func FromProbe(p *bpf.Probe) Source { return probeSource{p} }

type probeSource struct{ *bpf.Probe }

func (s probeSource) Ring(cpu int) Ring { return s.Probe.Ring(cpu) }

func (s probeSource) Counters(cpu int) bpf.Counters { return s.Probe.Ring(cpu).Counters() }

// stableCounters returns a snapshot of one CPU's counters that is consistent
// unless the CPU counts faster than we read: two equal readings in a row have
// nothing torn between them.
func stableCounters(s Source, cpu int) bpf.Counters {
	c := s.Counters(cpu)
	for range 16 {
		again := s.Counters(cpu)
		if again == c {
			break
		}
		c = again
	}
	return c
}
