package traffic

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	len uint32
	_   [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// The calls themselves, because what is made again is the call: the wrappers
// of x/sys know no iovecs of length 0, and no sendmmsg.

func connect(fd int, address []byte) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&address[0])), uintptr(len(address)))
	return errno
}

func sendmsg(fd int, h *unix.Msghdr, flags int64) (int64, unix.Errno) {
	n, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(uint32(flags)))
	runtime.KeepAlive(h)
	return int64(n), errno
}

// sendmmsg returns how many messages were sent.
func sendmmsg(fd int, h []mmsghdr, flags int64) (int, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&h[0])), uintptr(len(h)), uintptr(uint32(flags)), 0, 0)
	runtime.KeepAlive(h)
	return int(n), errno
}

func sendto(fd int, message []byte, flags int64, to []byte) (int64, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(message))), uintptr(len(message)),
		uintptr(uint32(flags)), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
	return int64(n), errno
}
