package bpf

import "golang.org/x/sys/unix"

// sendfile has no function that serves callers of all ABIs, and that of recvmmsg
// not always the 64-bit ones (bpf/function.h).
const (
	sendfileFunction = "__x64_sys_sendfile64"
	recvmmsgFunction = "__x64_sys_recvmmsg"
)

var recvmmsgCompat = []hook{{name: "recvmmsg_compat", place: "__sys_recvmmsg"}}

var sendfileCompat = []hook{
	{name: "sendfile_compat", place: "__ia32_sys_sendfile64"},
	{name: "sendfile_compat_32", place: "__ia32_compat_sys_sendfile"},
}

// compat32Function is one that kernels with 32-bit system calls have.
const compat32Function = "__ia32_compat_sys_sendmsg"

// hasSocketcall says that 32-bit callers have socketcall().
const hasSocketcall = true

// x32Bit marks the number of a system call as one of the x32 ABI.
const x32Bit = 1 << 30

// takesX32 reports whether the kernel takes x32 calls: it makes one. A kernel
// that has them can have been booted without.
func takesX32() bool {
	_, _, err := unix.RawSyscall(x32Bit|unix.SYS_GETPID, 0, 0, 0)
	return err == 0
}
