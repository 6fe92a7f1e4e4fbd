package bpf

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// As in event.h.
const (
	ringHeaderSize = 4096
	ringSlack      = 8192
	tailOffset     = 0
	headOffset     = 64
	countersOffset = 128
)

// Ring is one CPU's ring of records, mapped from the kernel: the CPU is the
// only producer, the caller the only consumer. A record stands in one piece.
// Next, Release and Pending must not be called concurrently on one ring.
type Ring struct {
	memory []byte // header, records, slack
	size   uint64 // of the records' part, a power of two
	fenced bool   // the producer orders its stores; see Next
	next   uint64 // of the record that Next returns
	head   uint64 // as last seen
}

func newRing(memory []byte, size uint64, fenced bool) *Ring {
	return &Ring{memory: memory, size: size, fenced: fenced}
}

func (r *Ring) word(offset int) *uint64 {
	return (*uint64)(unsafe.Pointer(&r.memory[offset]))
}

// Next returns the next record, or nil when the ring is empty. The record
// stands in memory shared with the kernel and is valid until Release.
func (r *Ring) Next() *Event {
	if r.next == r.head {
		// Ordered after the producer's release of the record's bytes.
		r.head = atomic.LoadUint64(r.word(headOffset))
		if r.next == r.head {
			return nil
		}
		if !r.fenced {
			// The portable build has no barrier between a record and the
			// head behind it, and arm64 may show them the other way round.
			// When all CPUs have passed through one, what the head stands
			// for is there.
			_ = membarrier() // tried when the ring was made
		}
	}
	e := (*Event)(unsafe.Pointer(&r.memory[ringHeaderSize+r.next&(r.size-1)]))
	r.next += uint64(e.Size)
	return e
}

// membarrier returns when every CPU has executed a full barrier: behind an RCU
// grace period (MEMBARRIER_CMD_GLOBAL).
func membarrier() error {
	const global = 1
	if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0); errno != 0 {
		return fmt.Errorf("membarrier: %w", errno)
	}
	return nil
}

// Release gives the memory of all records that Next returned back to the
// kernel.
func (r *Ring) Release() {
	atomic.StoreUint64(r.word(tailOffset), r.next)
}

// Pending returns the number of bytes that wait to be read.
func (r *Ring) Pending() uint64 {
	return atomic.LoadUint64(r.word(headOffset)) - r.next
}

// reset empties the ring and sets the counters to 0, while no program writes.
func (r *Ring) reset() {
	clear(r.memory[:ringHeaderSize])
	r.next, r.head = 0, 0
}

// Counters returns the CPU's counters as they stand. Each is exact; calls that
// go on meanwhile can make them differ by those calls. Seq counts all events
// that were given up to another program, though they may have their numbers
// only when the next event is written.
func (r *Ring) Counters() Counters {
	var c Counters
	words := (*[unsafe.Sizeof(c) / 8]uint64)(unsafe.Pointer(&c))
	for i := range words {
		words[i] = atomic.LoadUint64(r.word(countersOffset + 8*i))
	}
	c.Seq += c.LostPreempted - c.PreemptedNumbered
	c.PreemptedNumbered = c.LostPreempted
	return c
}
