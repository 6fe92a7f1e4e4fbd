package main

import (
	"golang.org/x/sys/unix"
)

// flagCases are about the third argument.
func flagCases() []scripted {
	stream := func(flags uint64, want int64) func(*thread) error {
		return func(t *thread) error { return t.stream(message{flags: flags, iov: t.one(5)}, want) }
	}
	return []scripted{
		{"MSG_DONTWAIT and MSG_NOSIGNAL", stream(unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 5)},
		{"MSG_CMSG_COMPAT from a 64-bit caller", stream(0x80000000, errno(unix.EINVAL))},
		{"MSG_CMSG_COMPAT with other flags", stream(0x80000040, errno(unix.EINVAL))},
		{"flags that nobody knows", stream(0x01100000|unix.MSG_DONTWAIT, whatever)},
		{"every flag but MSG_CMSG_COMPAT and MSG_OOB", stream(0x7ffffffe, whatever)},
		{"MSG_SPLICE_PAGES, which is the kernel's own", stream(0x8000000, whatever)},
		{"MSG_CMSG_CLOEXEC", stream(0x40000000, 5)},
		{"MSG_MORE holds back a UDP datagram", func(t *thread) error {
			fd, port := t.udp()
			unix.Connect(fd, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}})
			if err := t.send(message{fd: uint64(fd), flags: unix.MSG_MORE, iov: t.one(4)}, 4); err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), iov: t.one(6)}, 6)
		}},
		{"MSG_CONFIRM and MSG_DONTROUTE on UDP", func(t *thread) error {
			fd, port := t.udp()
			return t.send(message{fd: uint64(fd), flags: unix.MSG_CONFIRM | unix.MSG_DONTROUTE,
				name: nameInet(port, 127, 0, 0, 1), iov: t.one(6)}, 6)
		}},
		{"MSG_OOB on TCP", func(t *thread) error {
			fd, _, err := t.tcp(unix.AF_INET, 0)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), flags: unix.MSG_OOB, iov: t.one(1)}, 1)
		}},
		{"MSG_OOB on a Unix datagram", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.send(message{fd: uint64(fd), flags: unix.MSG_OOB, iov: t.one(1)}, errno(unix.EOPNOTSUPP))
		}},
	}
}

// resultCases are errors that the protocol decides about.
func resultCases() []scripted {
	return []scripted{
		{"EPIPE with MSG_NOSIGNAL after the peer has closed", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			unix.Shutdown(peer, unix.SHUT_RDWR)
			return t.send(message{fd: uint64(fd), flags: unix.MSG_NOSIGNAL, iov: t.one(5)}, errno(unix.EPIPE))
		}},
		{"EPIPE with SIGPIPE", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			unix.Shutdown(peer, unix.SHUT_RDWR)
			return t.send(message{fd: uint64(fd), iov: t.one(5)}, errno(unix.EPIPE))
		}},
		{"UDP without any destination", func(t *thread) error {
			fd, _ := t.udp()
			return t.send(message{fd: uint64(fd), iov: t.one(5)}, errno(unix.EDESTADDRREQ))
		}},
		{"a UDP datagram of 70000 bytes", func(t *thread) error {
			return t.udpControl(70000, errno(unix.EMSGSIZE))
		}},
		{"ECONNREFUSED by an earlier datagram", func(t *thread) error {
			fd, _ := t.udp()
			unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}})
			if err := t.send(message{fd: uint64(fd), iov: t.one(5)}, 5); err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), iov: t.one(5)}, errno(unix.ECONNREFUSED))
		}},
		{"TCP that is not connected", func(t *thread) error {
			fd, err := t.open(unix.AF_INET, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), flags: unix.MSG_NOSIGNAL, iov: t.one(5)}, errno(unix.EPIPE))
		}},
		{"a Unix stream that is not connected", func(t *thread) error {
			fd, err := t.open(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), iov: t.one(5)}, errno(unix.ENOTCONN))
		}},
		{"EAGAIN when the buffer is full", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			return t.send(message{fd: uint64(fd), flags: unix.MSG_DONTWAIT, iov: t.one(5)}, errno(unix.EAGAIN))
		}},
		{"a Unix datagram larger than the send buffer", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
			return t.send(message{fd: uint64(fd), iov: t.one(1 << 19)}, errno(unix.EMSGSIZE))
		}},
		{"a megabyte on TCP that nobody reads is cut short by MSG_DONTWAIT", func(t *thread) error {
			fd, _, err := t.tcp(unix.AF_INET, 0)
			if err != nil {
				return err
			}
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
			return t.send(message{fd: uint64(fd), flags: unix.MSG_DONTWAIT, iov: t.one(1 << 20)}, partOfIt)
		}},
		{"ten calls of one thread in a row", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			for n := range 10 {
				if err := t.send(message{fd: uint64(fd), iov: t.one(n)}, int64(n)); err != nil {
					return err
				}
			}
			return nil
		}},
	}
}
