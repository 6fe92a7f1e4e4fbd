package bpf

// sendfile has no function that serves callers of all ABIs, and that of recvmmsg
// not always the 64-bit ones (bpf/function.h).
const (
	sendfileFunction = "__arm64_sys_sendfile64"
	recvmmsgFunction = "__arm64_sys_recvmmsg"
)

var recvmmsgCompat = []hook{{name: "recvmmsg_compat", place: "__sys_recvmmsg"}}

var sendfileCompat = []hook{{name: "sendfile_compat_32", place: "__arm64_compat_sys_sendfile"}}

// compat32Function is one that kernels with 32-bit system calls have.
const compat32Function = "__arm64_compat_sys_sendmsg"

// hasSocketcall says that 32-bit callers have socketcall().
const hasSocketcall = false

// takesX32 reports whether the kernel takes x32 calls.
func takesX32() bool { return false }
