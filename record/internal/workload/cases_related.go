package main

import (
	"os"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// relatedCases make the calls beside sendmsg; record --calls all sees them.
func relatedCases() []scripted {
	return slices.Concat(nativeCases(ownRelatedCases()), foreignCases(ownRelatedCases()))
}

// ownRelatedCases are those cases for the ABI that the thread has.
func ownRelatedCases() []scripted {
	return slices.Concat(sendtoCases(), recvfromCases(), recvmsgCases(), sendmmsgCases(), recvmmsgCases(), sendfileCases())
}

func runRelated(args []string) error { return runScripted("related", relatedCases(), args) }

// udpPair returns two UDP sockets on loopback, and the second one's address.
func (t *thread) udpPair() (fd, peer int, to []byte) {
	fd, _ = t.udp()
	peer, _ = t.udp()
	sa, _ := unix.Getsockname(peer)
	return fd, peer, nameInet(uint16(sa.(*unix.SockaddrInet4).Port), 127, 0, 0, 1)
}

// datagrams returns a socket in which messages of these sizes wait.
func (t *thread) datagrams(sizes ...int) uint64 {
	fd, peer := t.pair(unix.SOCK_DGRAM)
	for _, n := range sizes {
		unix.Write(peer, make([]byte, n))
	}
	return uint64(fd)
}

// addressed returns a UDP socket to which a message of 8 bytes was sent.
func (t *thread) addressed() (uint64, error) {
	fd, peer, to := t.udpPair()
	return uint64(peer), t.sendto(message{fd: uint64(fd), name: to, iov: t.one(8)}, 8)
}

func sendtoCases() []scripted {
	udp := func(m message, want int64) func(*thread) error {
		return func(t *thread) error {
			fd, _, to := t.udpPair()
			m := m
			m.fd, m.name = uint64(fd), append(to, make([]byte, 200)...)
			if m.iov == nil {
				m.iov = t.one(8)
			}
			return t.sendto(m, want)
		}
	}
	return []scripted{
		{"sendto with an address", udp(message{nameLen: to[int32](16)}, 8)},
		{"sendto with an address of length 0", udp(message{nameLen: to[int32](0)}, errno(unix.EINVAL))},
		{"sendto with an address of length 128", udp(message{nameLen: to[int32](128)}, 8)},
		{"sendto with an address of length 129", udp(message{nameLen: to[int32](129)}, errno(unix.EINVAL))},
		{"sendto with an address of length -1", udp(message{nameLen: to[int32](-1)}, errno(unix.EINVAL))},
		{"sendto with an address that cannot be read", udp(message{namePtr: to[uint64](badAddress), nameLen: to[int32](16)}, errno(unix.EFAULT))},
		{"sendto from a buffer that cannot be read", udp(message{nameLen: to[int32](16), iov: []iovec{{badAddress, 8}}}, errno(unix.EFAULT))},
		{"sendto without an address and with flags", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			return t.sendto(message{fd: uint64(fd), flags: unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT, iov: t.one(100)}, 100)
		}},
		{"send of nothing", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.sendto(message{fd: uint64(fd), iov: t.one(0)}, 0)
		}},
		{"sendto through a descriptor that is not open", func(t *thread) error {
			return t.sendto(message{fd: 9999, iov: t.one(8)}, errno(unix.EBADF))
		}},
	}
}

func recvfromCases() []scripted {
	address := func(room int32) func(*thread) error {
		return func(t *thread) error {
			fd, err := t.addressed()
			if err != nil {
				return err
			}
			return t.recvfrom(message{fd: fd, name: make([]byte, 32), nameLen: &room, iov: t.one(8)}, 8)
		}
	}
	return []scripted{
		{"recvfrom with room for the address", address(32)},
		{"recvfrom with too little room for the address", address(5)},
		{"recvfrom with no room for the address", address(0)},
		{"recvfrom with no place for the address", func(t *thread) error {
			return t.recvfrom(message{fd: t.datagrams(8), iov: t.one(64)}, 8)
		}},
		{"recv of a message that was cut", func(t *thread) error {
			return t.recvfrom(message{fd: t.datagrams(8), iov: t.one(3)}, 3)
		}},
		{"recv with MSG_TRUNC of a message that was cut", func(t *thread) error {
			return t.recvfrom(message{fd: t.datagrams(8), flags: unix.MSG_TRUNC, iov: t.one(3)}, 8)
		}},
		{"recvfrom of nothing that waits", func(t *thread) error {
			return t.recvfrom(message{fd: t.datagrams(), flags: unix.MSG_DONTWAIT, name: make([]byte, 32), iov: t.one(8)}, errno(unix.EAGAIN))
		}},
		{"recvfrom into a buffer that cannot be written", func(t *thread) error {
			return t.recvfrom(message{fd: t.datagrams(8), iov: []iovec{{badAddress, 8}}}, errno(unix.EFAULT))
		}},
	}
}

func recvmsgCases() []scripted {
	passed := func(room int) func(*thread) error {
		return func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_DGRAM)
			if err := t.send(message{fd: uint64(peer), iov: t.one(4), control: t.rights(0, 1)}, 4); err != nil {
				return err
			}
			return t.recvmsg(message{fd: uint64(fd), flags: unix.MSG_CMSG_CLOEXEC, iov: t.one(16), control: make([]byte, room)}, 4)
		}
	}
	return []scripted{
		{"recvmsg of two descriptors", passed(64)},
		{"recvmsg of two descriptors with room for one", passed(cmsghdrSize + 4)},
		{"recvmsg of two descriptors with room for none", passed(8)},
		{"recvmsg with an address", func(t *thread) error {
			fd, err := t.addressed()
			if err != nil {
				return err
			}
			return t.recvmsg(message{fd: fd, name: make([]byte, 128), iov: []iovec{t.bytes(3), t.bytes(5)}}, 8)
		}},
		{"recvmsg with too little room for the address", func(t *thread) error {
			fd, err := t.addressed()
			if err != nil {
				return err
			}
			return t.recvmsg(message{fd: fd, name: make([]byte, 32), nameLen: to[int32](6), iov: t.one(8), msgFlags: 77}, 8)
		}},
		{"recvmsg of a message that was cut", func(t *thread) error {
			return t.recvmsg(message{fd: t.datagrams(8), iov: t.one(3)}, 3)
		}},
		{"recvmsg with a msghdr that cannot be read", func(t *thread) error {
			return t.recvmsg(message{fd: t.datagrams(8), ptr: to[uint64](badAddress)}, errno(unix.EFAULT))
		}},
		{"recvmsg of nothing that waits", func(t *thread) error {
			return t.recvmsg(message{fd: t.datagrams(), flags: unix.MSG_DONTWAIT, name: make([]byte, 32), iov: t.one(8), control: make([]byte, 64)}, errno(unix.EAGAIN))
		}},
	}
}

func sendmmsgCases() []scripted {
	// n messages to one address, the one with this index to a place that cannot
	// be read.
	several := func(n, bad int, want int64) func(*thread) error {
		return func(t *thread) error {
			fd, _, name := t.udpPair()
			at := t.arena.put(name)
			iov := t.one(8)
			v := vector{call: schema.CallSendmmsg, fd: uint64(fd), flags: unix.MSG_DONTWAIT}
			for i := range n {
				m := message{namePtr: to(at), nameLen: to(int32(16)), iov: []iovec{{iov[0].base, uint64(i % 9)}}}
				if i == bad {
					m.namePtr = to(uint64(badAddress))
				}
				v.messages = append(v.messages, m)
			}
			return t.vector(v, want)
		}
	}
	return []scripted{
		{"sendmmsg of no message", several(0, -1, 0)},
		{"sendmmsg of one message", several(1, -1, 1)},
		{"sendmmsg of three messages to one destination", several(3, -1, 3)},
		{"sendmmsg of 1024 messages", several(1024, -1, 1024)},
		{"sendmmsg of 1025 messages sends 1024", several(1025, -1, 1024)},
		{"sendmmsg with an error at the first message", several(3, 0, errno(unix.EFAULT))},
		{"sendmmsg with an error in the middle", several(3, 1, 1)},
		{"sendmmsg of descriptors", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.vector(vector{call: schema.CallSendmmsg, fd: uint64(fd), messages: []message{
				{iov: t.one(1), control: t.rights(0)}, {iov: []iovec{t.bytes(2), t.bytes(3)}, control: t.rights(0, 1)}}}, 2)
		}},
		{"sendmmsg through a descriptor that is not open", func(t *thread) error {
			return t.vector(vector{call: schema.CallSendmmsg, fd: 9999, messages: []message{{iov: t.one(1)}}}, errno(unix.EBADF))
		}},
	}
}

func recvmmsgCases() []scripted {
	receive := func(t *thread, fd, flags uint64, timeout *unix.Timespec, m message, want int64) error {
		v := vector{call: schema.CallRecvmmsg, fd: fd, flags: flags, timeout: timeout}
		for range 3 {
			m.iov = t.one(8)
			v.messages = append(v.messages, m)
		}
		return t.vector(v, want)
	}
	return []scripted{
		{"recvmmsg of three messages", func(t *thread) error {
			return receive(t, t.datagrams(1, 2, 3), 0, nil, message{control: make([]byte, 32)}, 3)
		}},
		{"recvmmsg of three messages with MSG_WAITFORONE when two wait", func(t *thread) error {
			return receive(t, t.datagrams(1, 20), unix.MSG_WAITFORONE, nil, message{}, 2)
		}},
		{"recvmmsg with a timeout", func(t *thread) error {
			return receive(t, t.datagrams(4, 5, 6), 0, &unix.Timespec{Sec: 5, Nsec: 7}, message{}, 3)
		}},
		{"recvmmsg of nothing that waits", func(t *thread) error {
			return receive(t, t.datagrams(), unix.MSG_DONTWAIT, &unix.Timespec{}, message{name: make([]byte, 32)}, errno(unix.EAGAIN))
		}},
		{"recvmmsg with an address", func(t *thread) error {
			fd, err := t.addressed()
			if err != nil {
				return err
			}
			return receive(t, fd, unix.MSG_WAITFORONE, nil, message{name: make([]byte, 64)}, 1)
		}},
		{"recvmmsg with too little room for the address", func(t *thread) error {
			fd, err := t.addressed()
			if err != nil {
				return err
			}
			return receive(t, fd, unix.MSG_WAITFORONE, nil, message{name: make([]byte, 64), nameLen: to[int32](6)}, 1)
		}},
		{"recvmmsg of descriptors", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_DGRAM)
			if err := t.send(message{fd: uint64(peer), iov: t.one(4), control: t.rights(0, 1)}, 4); err != nil {
				return err
			}
			return receive(t, uint64(fd), unix.MSG_WAITFORONE, nil, message{control: make([]byte, 64)}, 1)
		}},
	}
}

func sendfileCases() []scripted {
	// From a file of 100 bytes.
	from := func(offset *int64, count uint64, want int64, out func(*thread) int) func(*thread) error {
		return func(t *thread) error {
			f, err := os.CreateTemp("", "related")
			if err != nil {
				return err
			}
			defer f.Close()
			os.Remove(f.Name())
			f.Write(make([]byte, 100))
			f.Seek(0, 0)
			return t.sendfile(out(t), int(f.Fd()), offset, count, want)
		}
	}
	socket := func(t *thread) int { fd, _ := t.pair(unix.SOCK_STREAM); return fd }
	null := func(t *thread) int {
		fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return t.own(fd, err)
	}
	return []scripted{
		{"sendfile to a socket without an offset", from(nil, 60, 60, socket)},
		{"sendfile to a socket with an offset", from(to[int64](90), 60, 10, socket)},
		{"sendfile to a file", from(to[int64](0), 1000, 100, null)},
		{"sendfile from a negative offset", from(to[int64](-5), 8, errno(unix.EINVAL), socket)},
		{"sendfile from a descriptor that is not open", func(t *thread) error {
			return t.sendfile(socket(t), 9999, nil, 8, errno(unix.EBADF))
		}},
		{"sendfile to a descriptor that is not open", from(nil, 8, errno(unix.EBADF), func(*thread) int { return 9998 })},
	}
}
