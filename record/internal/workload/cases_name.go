package main

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Socket addresses as bytes.

func nameInet(port uint16, addr ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET)
	b = binary.BigEndian.AppendUint16(b, port)
	b = append(b, addr...)
	return append(b, make([]byte, 16-len(b))...)
}

func nameInet6(port uint16, flow uint32, addr [16]byte, scope uint32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET6)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint32(b, flow)
	b = append(b, addr[:]...)
	return binary.NativeEndian.AppendUint32(b, scope)
}

func nameUnix(path string) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path...)
}

// udp returns a UDP socket bound to a port of loopback, and a second one's
// port to send to.
func (t *thread) udp() (fd int, port uint16) {
	bound := func() (int, uint16) {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		t.own(fd, err)
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
		sa, _ := unix.Getsockname(fd)
		return fd, uint16(sa.(*unix.SockaddrInet4).Port)
	}
	fd, _ = bound()
	_, port = bound()
	return fd, port
}

// udpNamed sends a datagram whose msg_namelen is not that of its address.
func (t *thread) udpNamed(nameLen int32, want int64) error {
	fd, port := t.udp()
	name := append(nameInet(port, 127, 0, 0, 1), make([]byte, 300)...)
	return t.send(message{fd: uint64(fd), name: name, nameLen: &nameLen, iov: t.one(8)}, want)
}

// nameCases are about msg_name and msg_namelen.
func nameCases() []scripted {
	return []scripted{
		{"msg_namelen 0 on an unconnected UDP socket", func(t *thread) error {
			return t.udpNamed(0, errno(unix.EDESTADDRREQ))
		}},
		{"msg_namelen 3 on a UDP socket", func(t *thread) error { return t.udpNamed(3, errno(unix.EINVAL)) }},
		{"msg_namelen 16 on a UDP socket", func(t *thread) error { return t.udpNamed(16, 8) }},
		{"msg_namelen 128 on a UDP socket", func(t *thread) error { return t.udpNamed(128, 8) }},
		{"msg_namelen 129 on a UDP socket is clamped to 128", func(t *thread) error { return t.udpNamed(129, 8) }},
		{"msg_namelen 300 on a UDP socket is clamped to 128", func(t *thread) error { return t.udpNamed(300, 8) }},
		{"msg_namelen -1 on a UDP socket", func(t *thread) error { return t.udpNamed(-1, errno(unix.EINVAL)) }},
		{"msg_name is null and msg_namelen is 16", func(t *thread) error {
			fd, _ := t.udp()
			return t.send(message{fd: uint64(fd), nameLen: to[int32](16), iov: t.one(8)}, errno(unix.EDESTADDRREQ))
		}},
		{"msg_name is null and msg_namelen is -1", func(t *thread) error {
			fd, _ := t.udp()
			return t.send(message{fd: uint64(fd), nameLen: to[int32](-1), iov: t.one(8)}, whatever)
		}},
		{"msg_name is address 8", func(t *thread) error {
			fd, _ := t.udp()
			return t.send(message{fd: uint64(fd), namePtr: to[uint64](badAddress), nameLen: to[int32](16), iov: t.one(8)}, errno(unix.EFAULT))
		}},
		{"msg_name runs into an unmapped page", func(t *thread) error {
			fd, _ := t.udp()
			at := addressOf(t.arena.mem) + uint64(len(t.arena.mem)) - 8
			return t.send(message{fd: uint64(fd), namePtr: &at, nameLen: to[int32](16), iov: t.one(8)}, errno(unix.EFAULT))
		}},
		{"msg_name of an unknown family on a UDP socket", func(t *thread) error {
			fd, _ := t.udp()
			name := nameInet(9, 127, 0, 0, 1)
			name[0] = 200
			return t.send(message{fd: uint64(fd), name: name, iov: t.one(8)}, errno(unix.EAFNOSUPPORT))
		}},
		{"msg_name on a connected stream", func(t *thread) error {
			return t.stream(message{name: nameUnix("/nowhere\x00"), iov: t.one(8)}, errno(unix.EISCONN))
		}},
		{"a Unix path of full length without a NUL", func(t *thread) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			t.own(fd, err)
			path := make([]byte, 108)
			for i := range path {
				path[i] = 'p'
			}
			path[0] = '/'
			return t.send(message{fd: uint64(fd), name: nameUnix(string(path)), iov: t.one(8)}, whatever)
		}},
	}
}
