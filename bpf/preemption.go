package bpf

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// preemptedError says that this kernel lets a task be preempted while it runs a
// program of a trampoline. Until it goes on, the kernel skips the program for all
// other tasks on that processor: each of their calls is a lost event. No other build
// of the tier can do better; the programs of kprobes are not preempted.
type preemptedError struct{ skipped, calls uint64 }

func (e preemptedError) Error() string {
	return fmt.Sprintf("this kernel preempts the tier's programs, and skips them for other tasks meanwhile: %d of %d calls of a test", e.skipped, e.calls)
}

const (
	// preemptions is how often one thread is to preempt the other.
	preemptions = 24
	// preemptEveryNS is the time between them. The other thread spends most of it in
	// our programs.
	preemptEveryNS = 500_000
	// settlingCalls are made by each thread when the other makes none: an exit that
	// was skipped leaves a call open, which the next one ends.
	settlingCalls = 3
)

// trialCalls are the numbers of the calls, by name. All of them fail with the
// descriptor -1, whatever the other arguments are.
var trialCalls = map[string]uintptr{
	"sendmsg": unix.SYS_SENDMSG, "sendmmsg": unix.SYS_SENDMMSG, "sendto": unix.SYS_SENDTO, "sendfile": unix.SYS_SENDFILE,
	"recvmsg": unix.SYS_RECVMSG, "recvmmsg": unix.SYS_RECVMMSG, "recvfrom": unix.SYS_RECVFROM,
}

// testPreemption has a thread make calls without a pause, and another one make a
// call on the same processor whenever it wakes, with real-time priority where that
// is permitted, as the drain of a recorder has it. Where programs are not preempted,
// the second never runs while the first is in one, and all calls are seen to enter.
// Where threads may not be bound to a processor there is nothing to find out.
func (p *Probe) testPreemption() error {
	number := trialCalls[p.calls[0].name]
	// For Go, both threads run while they are in the kernel, so that the second makes its
	// call as soon as it wakes.
	if n := runtime.GOMAXPROCS(0); n < 2 {
		runtime.GOMAXPROCS(2)
		defer runtime.GOMAXPROCS(n)
	}
	before := p.entered()
	var calls atomic.Uint64
	made := func(n int) {
		for range n {
			_, _, _ = unix.RawSyscall(number, ^uintptr(0), 0, 0) // EBADF
			calls.Add(1)
		}
	}
	var ended atomic.Bool
	processor, settled, failed := make(chan int, 1), make(chan struct{}), make(chan error, 2)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		cpu, err := stay()
		processor <- cpu
		for err == nil && !ended.Load() {
			made(1)
		}
		made(settlingCalls)
		close(settled)
		failed <- err
	}()
	go func() {
		runtime.LockOSThread()
		err := bindTo(<-processor)
		if err == nil {
			_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
			for range preemptions {
				pause(preemptEveryNS)
				made(1)
			}
		}
		ended.Store(true)
		<-settled
		made(settlingCalls)
		failed <- err
	}()
	if first, second := <-failed, <-failed; first != nil || second != nil {
		return nil
	}
	if n := calls.Load(); p.entered()-before < n {
		return preemptedError{n - (p.entered() - before), n}
	}
	return nil
}

// entered returns how many calls were seen to enter.
func (p *Probe) entered() (n uint64) {
	for _, ring := range p.rings {
		n += ring.Counters().Entered
	}
	return n
}

// pause lets the calling thread sleep.
func pause(ns int64) {
	t := unix.NsecToTimespec(ns)
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}

// stay binds the calling thread to the processor that it is on.
func stay() (cpu int, err error) {
	var n uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&n)), 0, 0); errno != 0 {
		return 0, errno
	}
	return int(n), bindTo(int(n))
}

// bindTo binds the calling thread to a processor.
func bindTo(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}
