package record

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how late the kernel may wake a thread of a recorder that waits
// for a time. Half of the time after which Go's scheduler preempts.
const timerSlack = 5 * time.Millisecond

// RelaxTimers lets all threads of the process, and those to come, be woken up to
// timerSlack late, so that the kernel does it when it is at it anyway. When a
// thread sleeps in the kernel, as the drain does most of the time, Go's monitor
// thread looks every 20 us, and some fifty times, for something to do, which took
// a ninth to a sixth of a recorder's CPU (docs/benchmarks.md). The drain's own
// waiting stays exact where it has real-time priority, which knows no slack.
// Processes that are started after it inherit it. A build with cgo keeps its
// timers (ChangesAllThreads).
func RelaxTimers() error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, uintptr(timerSlack.Nanoseconds()), 0, 0, 0, 0)
	if errno != 0 && !errors.Is(errno, syscall.ENOTSUP) {
		return fmt.Errorf("relax timers: %w", errno)
	}
	return nil
}
