package pace

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// OwnThread gives the calling goroutine a thread of its own, with exact
// sleeps, until release is called: another goroutine on its thread would make
// waits late, and so does the kernel, which may end a thread's sleeps 50 µs
// late to end several with one interrupt (PR_SET_TIMERSLACK in prctl(2)).
func OwnThread() (release func()) {
	runtime.LockOSThread()
	// Neither call can fail with these arguments; with another slack waits are
	// just less exact.
	slackNS, _ := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slackNS), 0, 0, 0)
		runtime.UnlockOSThread()
	}
}

// sleep waits in the kernel: a timer of the Go runtime is a millisecond late,
// because the runtime waits for it in epoll.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	// A signal ends the sleep early; the caller looks at the clock again.
	_ = unix.Nanosleep(&ts, nil)
}
