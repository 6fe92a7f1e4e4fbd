package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep waits in the kernel: a timer of the Go runtime is a millisecond late,
// because the runtime waits for it in epoll.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	// A signal ends the sleep early; the caller looks at the clock again.
	_ = unix.Nanosleep(&ts, nil)
}
