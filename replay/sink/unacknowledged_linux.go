package sink

import (
	"crypto/tls"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged returns how many bytes of what was written the other host's
// kernel (TCP) or the other process (Unix sockets) does not have yet, and the
// error that the connection has met.
func unacknowledged(c net.Conn) (int, error) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	left, pending := 0, 0
	cerr := raw.Control(func(fd uintptr) {
		// The number first: what it says holds only if there is no error after.
		if left, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			pending, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		}
	})
	switch {
	case cerr != nil:
		return 0, cerr
	case err != nil:
		return 0, os.NewSyscallError("look at the socket", err)
	case pending != 0:
		return 0, os.NewSyscallError("write", syscall.Errno(pending))
	}
	return left, nil
}
