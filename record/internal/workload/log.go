package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"unsafe"

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
	if sa, ok := socketName(unix.SYS_GETSOCKNAME, fd); ok {
		s.LocalAddress, s.LocalPort, s.LocalPath = address(sa)
	}
	if sa, ok := socketName(unix.SYS_GETPEERNAME, fd); ok {
		s.HasPeer = true
		s.RemoteAddress, s.RemotePort, s.RemotePath = address(sa)
	}
	if family == unix.AF_UNIX {
		if c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			s.PeerPID = int64(c.Pid)
		}
	}
	return s
}

// socketName asks for a name by hand: x/sys does not tell an unnamed Unix
// address from an abstract one.
func socketName(call uintptr, fd int) ([]byte, bool) {
	b := make([]byte, 128)
	n := uint32(len(b))
	_, _, e := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)))
	return b[:n], e == 0 && n >= 2
}

// address returns the parts of a raw address; of a path, what stands before
// its NUL.
func address(b []byte) (addr []byte, port int64, path []byte) {
	switch family := binary.NativeEndian.Uint16(b); {
	case family == unix.AF_INET && len(b) >= 8:
		return b[4:8], int64(binary.BigEndian.Uint16(b[2:])), nil
	case family == unix.AF_INET6 && len(b) >= 24:
		return b[8:24], int64(binary.BigEndian.Uint16(b[2:])), nil
	case family == unix.AF_UNIX && len(b) > 2 && b[2] == 0:
		return nil, 0, b[2:]
	case family == unix.AF_UNIX:
		return nil, 0, bytes.TrimRight(b[2:], "\x00")
	}
	return nil, 0, nil
}
