package bpf

import (
	"testing"
	"unsafe"
)

// Events that a program gave up have their numbers when the next one is
// written; until then the counters must not say that there are fewer.
func TestTheCountersNumberPreemptedEvents(t *testing.T) {
	memory := make([]uint64, (ringHeaderSize+MinRingBytes+ringSlack)/8)
	ring := newRing(unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), 8*len(memory)), MinRingBytes, true)
	c := (*Counters)(unsafe.Pointer(&ring.memory[countersOffset]))
	c.Returned, c.Seq, c.LostPreempted, c.PreemptedNumbered = 10, 8, 3, 1
	got := ring.Counters()
	if got.Seq != 10 || got.LostPreempted != 3 {
		t.Errorf("seq %d, preempted %d", got.Seq, got.LostPreempted)
	}
}
