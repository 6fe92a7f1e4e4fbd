//go:build !linux

package pace

import (
	"runtime"
	"time"
)

// OwnThread gives the calling goroutine a thread of its own until release is
// called: another goroutine on it would make waits late.
func OwnThread() (release func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

func sleep(d time.Duration) { time.Sleep(d) }
