package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// logger appends what the workload did to a file, one write a call: the
// processes of one run share it.
type logger struct{ f *os.File }

func openLog(path string) (*logger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &logger{f}, nil
}

func (l *logger) write(c *truth.Call) error {
	if l == nil {
		return nil
	}
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode log line: %w", err)
	}
	if _, err := l.f.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// describe says what the kernel tells this process about a socket; nil when fd
// is none.
func describe(fd int) *truth.Socket {
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return nil
	}
	s := &truth.Socket{Family: int64(family), SndbufLimit: -1, PeerPID: -1}
	if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err == nil {
		s.Type = int64(v)
	}
	if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err == nil {
		s.Protocol = int64(v)
	}
	if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF); err == nil {
		s.SndbufLimit = int64(v)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err == nil {
		s.Inode = int64(st.Ino)
	}
	if sa, err := unix.Getsockname(fd); err == nil {
		s.LocalAddress, s.LocalPort = address(sa)
		s.LocalPath = path(sa)
	}
	if sa, err := unix.Getpeername(fd); err == nil {
		s.HasPeer = true
		s.RemoteAddress, s.RemotePort = address(sa)
		s.RemotePath = path(sa)
	}
	if family == unix.AF_UNIX {
		if c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			s.PeerPID = int64(c.Pid)
		}
	}
	return s
}

func address(sa unix.Sockaddr) ([]byte, int64) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return sa.Addr[:], int64(sa.Port)
	case *unix.SockaddrInet6:
		return sa.Addr[:], int64(sa.Port)
	}
	return nil, 0
}

// path returns sun_path; x/sys shows an abstract address's NUL as '@'.
func path(sa unix.Sockaddr) []byte {
	u, ok := sa.(*unix.SockaddrUnix)
	if !ok {
		return nil
	}
	b := []byte(u.Name)
	if len(b) > 0 && b[0] == '@' {
		b[0] = 0
	}
	return b
}
