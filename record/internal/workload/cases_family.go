package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

var loopback6 = [16]byte{15: 1}

// etherTypeLocal is IEEE's ethertype for local experiments: nobody listens.
const etherTypeLocal = 0x88b5

// unixDgram returns a datagram socket, bound unless the path is empty.
func (t *thread) unixDgram(path string) int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	t.own(fd, err)
	if path == "" {
		return fd
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		panic(fmt.Sprintf("%s: bind %q: %v", t.name, path, err))
	}
	return fd
}

// tcp returns both ends of a connection over loopback.
func (t *thread) tcp(family, protocol int) (fd, peer int, err error) {
	var any unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if family == unix.AF_INET6 {
		any = &unix.SockaddrInet6{Addr: loopback6}
	}
	listener, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errAbsent, err)
	}
	defer unix.Close(listener)
	unix.Bind(listener, any)
	unix.Listen(listener, 1)
	to, _ := unix.Getsockname(listener)
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol)
	t.own(fd, err)
	if err := unix.Connect(fd, to); err != nil {
		return 0, 0, err
	}
	peer, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	t.own(peer, err)
	return fd, peer, nil
}

func (t *thread) tcpSend(family, protocol, n int) error {
	fd, _, err := t.tcp(family, protocol)
	if err != nil {
		return err
	}
	return t.send(message{fd: uint64(fd), iov: t.one(n)}, int64(n))
}

// open returns a socket of the family, errAbsent when the kernel has none.
func (t *thread) open(family, typ, protocol int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errAbsent, err)
	}
	return t.own(fd, nil), nil
}

// familyCases send to every address family that the kernel has.
func familyCases() []scripted {
	return []scripted{
		{"UDP over IPv4 to a named address", func(t *thread) error {
			fd, port := t.udp()
			return t.send(message{fd: uint64(fd), name: nameInet(port, 127, 0, 0, 1), iov: t.one(100)}, 100)
		}},
		{"UDP over IPv4, connected", func(t *thread) error {
			fd, port := t.udp()
			unix.Connect(fd, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}})
			return t.send(message{fd: uint64(fd), iov: t.one(100)}, 100)
		}},
		{"UDP over IPv6 to a named address with a flow label", func(t *thread) error {
			fd, err := t.open(unix.AF_INET6, unix.SOCK_DGRAM, 0)
			if err != nil {
				return err
			}
			unix.Bind(fd, &unix.SockaddrInet6{Addr: loopback6})
			return t.send(message{fd: uint64(fd), name: nameInet6(9, 0x12345, loopback6, 0), iov: t.one(10)}, 10)
		}},
		{"UDP over IPv6 to an IPv4-mapped address with a scope", func(t *thread) error {
			fd, err := t.open(unix.AF_INET6, unix.SOCK_DGRAM, 0)
			if err != nil {
				return err
			}
			mapped := [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}
			unix.Bind(fd, &unix.SockaddrInet6{Addr: mapped})
			return t.send(message{fd: uint64(fd), name: nameInet6(9, 0, mapped, 1), iov: t.one(10)}, whatever)
		}},
		{"TCP over IPv4", func(t *thread) error { return t.tcpSend(unix.AF_INET, 0, 1000) }},
		{"TCP over IPv6", func(t *thread) error { return t.tcpSend(unix.AF_INET6, 0, 1000) }},
		{"MPTCP over IPv4", func(t *thread) error { return t.tcpSend(unix.AF_INET, unix.IPPROTO_MPTCP, 1000) }},
		{"ICMP over a raw IPv4 socket", func(t *thread) error {
			fd, err := t.open(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), name: nameInet(0, 127, 0, 0, 1), iov: t.one(16)}, 16)
		}},
		{"a Unix datagram to a path", func(t *thread) error {
			dir, err := os.MkdirTemp("", "workload")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			t.unixDgram(filepath.Join(dir, "to"))
			fd := t.unixDgram(filepath.Join(dir, "from"))
			return t.send(message{fd: uint64(fd), name: nameUnix(filepath.Join(dir, "to") + "\x00"), iov: t.one(9)}, 9)
		}},
		{"a Unix datagram to an abstract address", func(t *thread) error {
			name := fmt.Sprintf("workload-%d", unix.Gettid())
			t.unixDgram("@" + name)
			fd := t.unixDgram("@" + name + "-from")
			return t.send(message{fd: uint64(fd), name: nameUnix("\x00" + name), iov: t.one(9)}, 9)
		}},
		{"a Unix datagram from a socket connected to an abstract address", func(t *thread) error {
			name := fmt.Sprintf("workload-%d", unix.Gettid())
			t.unixDgram("@" + name)
			fd := t.unixDgram("")
			unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + name})
			return t.send(message{fd: uint64(fd), iov: t.one(9)}, 9)
		}},
		{"a Unix datagram to an unnamed address", func(t *thread) error {
			return t.send(message{fd: uint64(t.unixDgram("")), name: nameUnix(""), iov: t.one(9)}, errno(unix.EINVAL))
		}},
		{"a Unix datagram to a path that is not there", func(t *thread) error {
			return t.send(message{fd: uint64(t.unixDgram("")), name: nameUnix("/nowhere\x00"), iov: t.one(9)}, errno(unix.ENOENT))
		}},
		{"a Unix record on a sequenced-packet pair", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_SEQPACKET)
			return t.send(message{fd: uint64(fd), flags: unix.MSG_EOR, iov: t.one(33)}, 33)
		}},
		{"a netlink request for the list of links", func(t *thread) error {
			fd, err := t.open(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			e := binary.NativeEndian
			request := t.bytes(32) // nlmsghdr and ifinfomsg
			b := t.arena.mem[request.base-addressOf(t.arena.mem):][:32]
			clear(b)
			e.PutUint32(b[0:], 32)
			e.PutUint16(b[4:], unix.RTM_GETLINK)
			e.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
			e.PutUint32(b[8:], 1)
			name := e.AppendUint16(nil, unix.AF_NETLINK)
			name = append(name, make([]byte, 10)...) // nl_pid 0 is the kernel
			return t.send(message{fd: uint64(fd), name: name, iov: []iovec{request}}, 32)
		}},
		{"a frame through a packet socket", func(t *thread) error {
			fd, err := t.open(unix.AF_PACKET, unix.SOCK_DGRAM, 0)
			if err != nil {
				return err
			}
			name := binary.NativeEndian.AppendUint16(nil, unix.AF_PACKET)
			name = binary.BigEndian.AppendUint16(name, etherTypeLocal)
			name = binary.NativeEndian.AppendUint32(name, 1) // lo
			name = append(name, 0, 0, 0, 6)                  // hatype, pkttype, halen
			name = append(name, make([]byte, 8)...)
			return t.send(message{fd: uint64(fd), name: name, iov: t.one(46)}, whatever)
		}},
		{"a vsock address on an unconnected stream", func(t *thread) error {
			fd, err := t.open(unix.AF_VSOCK, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), name: nameVsock(1234, 2), iov: t.one(12)}, whatever)
		}},
		{"a vsock datagram to the host", func(t *thread) error {
			fd, err := t.open(unix.AF_VSOCK, unix.SOCK_DGRAM, 0)
			if err != nil {
				return err
			}
			return t.send(message{fd: uint64(fd), name: nameVsock(1234, 2), iov: t.one(12)}, whatever)
		}},
	}
}

func nameVsock(port, cid uint32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_VSOCK)
	b = append(b, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, port)
	b = binary.NativeEndian.AppendUint32(b, cid)
	return append(b, 0, 0, 0, 0)
}
