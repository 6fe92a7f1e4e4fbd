package traffic

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// socket is one of ours. It is opened by the planner, used by the threads and,
// when they have sent all that is to be sent on it, retired.
type socket struct {
	fd    int
	errno unix.Errno // why it could not be made; then fd is -1
	left  atomic.Int64
	// connection: not SOCK_DGRAM.
	connection bool
	// The drainer's: the other side has ended; retire was called.
	ended, retired bool
}

// connectTimeout is how long a connection may take.
const connectTimeout = 5 * time.Second

// open makes a socket to the target; named ones are not connected.
func open(k *socketKey, u *use, t *target) *socket {
	typ := int(k.socketType)
	if t.protocol == protocolUDP {
		typ = unix.SOCK_DGRAM
	}
	s := &socket{fd: -1, connection: typ != unix.SOCK_DGRAM}
	s.left.Store(u.sends)
	fd, err := unix.Socket(t.family(), typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		s.errno = asErrno(err)
		return s
	}
	if !k.named {
		if s.errno = dial(fd, t.raw); s.errno != 0 {
			unix.Close(fd)
			return s
		}
	}
	if !u.nonblock {
		if err := unix.SetNonblock(fd, false); err != nil {
			s.errno = asErrno(err)
			unix.Close(fd)
			return s
		}
	}
	s.fd = fd
	return s
}

// dial connects a non-blocking socket.
func dial(fd int, address []byte) unix.Errno {
	deadline := time.Now().Add(connectTimeout)
	for {
		errno := connect(fd, address)
		switch {
		case errno == unix.EINPROGRESS:
			return connected(fd, deadline)
		case errno == unix.EAGAIN && time.Now().Before(deadline):
			// A Unix socket whose listener's queue is full.
			time.Sleep(time.Millisecond)
		case errno != unix.EINTR:
			return errno
		}
	}
}

// connected waits for the end of a connect that is under way.
func connected(fd int, deadline time.Time) unix.Errno {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(poll, int(max(0, time.Until(deadline).Milliseconds())))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return asErrno(err)
		case n == 0:
			return unix.ETIMEDOUT
		default:
			v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err != nil {
				return asErrno(err)
			}
			return unix.Errno(v)
		}
	}
}

func asErrno(err error) unix.Errno {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.EIO
}
