package main

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Control message types that x/sys does not name.
const (
	scmTSOptID = 0x51
)

// streamControl sends 5 bytes with a control buffer on a Unix stream pair,
// where only SOL_SOCKET messages mean anything.
func (t *thread) streamControl(want int64, parts ...[]byte) error {
	return t.stream(message{iov: t.one(5), control: slices.Concat(parts...)}, want)
}

// udpControl sends 5 bytes with a control buffer on a connected UDP socket.
func (t *thread) udpControl(size int, want int64, parts ...[]byte) error {
	fd, port := t.udp()
	unix.Connect(fd, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}})
	return t.send(message{fd: uint64(fd), iov: t.one(size), control: slices.Concat(parts...)}, want)
}

func (t *thread) udp6Control(want int64, parts ...[]byte) error {
	fd, err := t.open(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	unix.Bind(fd, &unix.SockaddrInet6{Addr: loopback6})
	m := message{fd: uint64(fd), name: nameInet6(9, 0, loopback6, 0), iov: t.one(5), control: slices.Concat(parts...)}
	return t.send(m, want)
}

func gso(size uint16) []byte { return binary.NativeEndian.AppendUint16(nil, size) }

// controlCases are about msg_control, but for the passing of descriptors.
func controlCases() []scripted {
	credentials := func(pid int) []byte {
		return cmsg(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, -1, ints(int32(pid), 0, 0))
	}
	null := cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, nil)
	return []scripted{
		{"the caller's own credentials", func(t *thread) error {
			return t.streamControl(5, credentials(unix.Getpid()))
		}},
		{"credentials of a process that is dead", func(t *thread) error {
			pid := 32767
			for unix.Kill(pid, 0) != unix.ESRCH {
				pid--
			}
			return t.streamControl(errno(unix.ESRCH), credentials(pid))
		}},
		{"credentials that are too short", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, -1, ints(1, 0)))
		}},
		{"descriptors and credentials in one list", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			return t.streamControl(5, cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, ints(int32(fd), 0)), credentials(unix.Getpid()))
		}},
		{"UDP_SEGMENT cuts a datagram in three", func(t *thread) error {
			return t.udpControl(3000, 3000, cmsg(unix.SOL_UDP, unix.UDP_SEGMENT, -1, gso(1000)))
		}},
		{"UDP_SEGMENT of size 0 with a wrong length", func(t *thread) error {
			return t.udpControl(300, errno(unix.EINVAL), cmsg(unix.SOL_UDP, unix.UDP_SEGMENT, -1, ints(1)))
		}},
		{"IP_PKTINFO chooses the source", func(t *thread) error {
			return t.udpControl(5, 5, cmsg(unix.SOL_IP, unix.IP_PKTINFO, -1, append(ints(0), 127, 0, 0, 1, 0, 0, 0, 0)))
		}},
		{"IP_TTL and IP_TOS", func(t *thread) error {
			return t.udpControl(5, 5, cmsg(unix.SOL_IP, unix.IP_TTL, -1, ints(7)), cmsg(unix.SOL_IP, unix.IP_TOS, -1, ints(16)))
		}},
		{"IPV6_PKTINFO, IPV6_HOPLIMIT and IPV6_TCLASS", func(t *thread) error {
			info := append(loopback6[:], ints(0)...)
			return t.udp6Control(5, cmsg(unix.SOL_IPV6, unix.IPV6_PKTINFO, -1, info),
				cmsg(unix.SOL_IPV6, unix.IPV6_HOPLIMIT, -1, ints(3)), cmsg(unix.SOL_IPV6, unix.IPV6_TCLASS, -1, ints(32)))
		}},
		{"SO_MARK", func(t *thread) error {
			return t.udpControl(5, 5, cmsg(unix.SOL_SOCKET, unix.SO_MARK, -1, ints(0x77)))
		}},
		{"SO_PRIORITY", func(t *thread) error {
			return t.udpControl(5, whatever, cmsg(unix.SOL_SOCKET, unix.SO_PRIORITY, -1, ints(6)))
		}},
		{"SO_TIMESTAMPING asks for transmit time stamps", func(t *thread) error {
			return t.udpControl(5, 5, cmsg(unix.SOL_SOCKET, unix.SO_TIMESTAMPING, -1, ints(unix.SOF_TIMESTAMPING_TX_SOFTWARE)))
		}},
		{"SCM_TS_OPT_ID", func(t *thread) error {
			return t.udpControl(5, whatever, cmsg(unix.SOL_SOCKET, scmTSOptID, -1, ints(99)))
		}},
		{"SO_TXTIME on a socket without it", func(t *thread) error {
			when := binary.NativeEndian.AppendUint64(nil, 123456789)
			return t.udpControl(5, errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SO_TXTIME, -1, when))
		}},
		{"a level and a type that nobody knows", func(t *thread) error {
			return t.streamControl(5, cmsg(4711, 42, -1, []byte("seven b")))
		}},
		{"an unknown type of SOL_SOCKET", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, 4711, -1, ints(1)))
		}},
		{"cmsg_len 0", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, 0, ints(0)))
		}},
		{"cmsg_len 8, less than its header", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, 8, ints(0)))
		}},
		{"cmsg_len past msg_controllen", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, 100, ints(0)))
		}},
		{"cmsg_len of 2^62", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, 1<<62, ints(0)))
		}},
		{"a good control message and then a broken one", func(t *thread) error {
			return t.streamControl(errno(unix.EINVAL), cmsg(4711, 42, -1, ints(1)), cmsg(unix.SOL_SOCKET, 1, 8, nil))
		}},
		{"a good control message and 8 bytes left over", func(t *thread) error {
			return t.streamControl(5, cmsg(4711, 42, -1, ints(1)), []byte{1, 2, 3, 4, 5, 6, 7, 8})
		}},
		{"a control buffer smaller than a header", func(t *thread) error {
			return t.streamControl(5, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		}},
		{"msg_control is null and msg_controllen is 4", func(t *thread) error {
			return t.stream(message{iov: t.one(5), controlLen: to[uint64](4)}, errno(unix.EFAULT))
		}},
		{"msg_control is address 8", func(t *thread) error {
			return t.stream(message{iov: t.one(5), controlPtr: to[uint64](badAddress), controlLen: to[uint64](24)}, errno(unix.EFAULT))
		}},
		{"msg_control points somewhere and msg_controllen is 0", func(t *thread) error {
			return t.stream(message{iov: t.one(5), control: null, controlLen: to[uint64](0)}, 5)
		}},
		{"msg_controllen of 1 MiB", func(t *thread) error {
			return t.stream(message{iov: t.one(5), control: make([]byte, 1<<20)}, errno(unix.ENOBUFS))
		}},
		{"msg_controllen above INT_MAX", func(t *thread) error {
			return t.stream(message{iov: t.one(5), control: null, controlLen: to[uint64](1 << 31)}, errno(unix.ENOBUFS))
		}},
		{"5000 bytes of control, more than a recording keeps", func(t *thread) error {
			return t.streamControl(5, cmsg(4711, 42, -1, make([]byte, 4984)))
		}},
		{"4096 bytes of control, all that a recording keeps", func(t *thread) error {
			return t.streamControl(5, cmsg(4711, 42, -1, make([]byte, 4080)))
		}},
		{"a hundred control messages", func(t *thread) error {
			var parts [][]byte
			for i := range int32(100) {
				parts = append(parts, cmsg(4711, i, -1, ints(i)))
			}
			return t.streamControl(5, parts...)
		}},
	}
}
