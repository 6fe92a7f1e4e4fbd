package record

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ChangesAllThreads reports whether this process can change all its threads, as
// RelaxTimers and DropPrivileges do. A program with cgo cannot.
func ChangesAllThreads() bool {
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_GETPID, 0, 0, 0)
	return errno == 0
}

// DropPrivileges gives up all capabilities, on all threads and for good. Call
// it when the probes are attached, the output is open and the drain has its
// priority (Options.Started): draining, writing and detaching need none. A build
// with cgo (the race detector's, not the released one) keeps them, as doctor says.
func DropPrivileges() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	if errno == 0 {
		_, _, errno = syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	}
	if errno != 0 && !errors.Is(errno, syscall.ENOTSUP) {
		return fmt.Errorf("drop capabilities: %w", errno)
	}
	return nil
}
