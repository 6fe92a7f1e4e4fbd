package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// scmMaxFD is the kernel's SCM_MAX_FD.
const scmMaxFD = 253

func (t *thread) rights(fds ...int32) []byte {
	return t.abi.cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, ints(fds...))
}

// rightsCases pass descriptors.
func rightsCases() []scripted {
	var cases []scripted
	for _, c := range []struct {
		n    int
		want int64
	}{{0, 5}, {1, 5}, {2, 5}, {3, 5}, {scmMaxFD, 5}, {scmMaxFD + 1, errno(unix.EINVAL)}} {
		cases = append(cases, scripted{fmt.Sprintf("SCM_RIGHTS with %d descriptors", c.n), func(t *thread) error {
			null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
			t.own(null, err)
			fds := make([]int32, c.n)
			for i := range fds {
				fds[i] = int32(null)
			}
			return t.streamControl(c.want, t.rights(fds...))
		}})
	}
	return append(cases, []scripted{
		{"SCM_RIGHTS with a descriptor that is not open", func(t *thread) error {
			return t.streamControl(errno(unix.EBADF), t.rights(9999))
		}},
		{"SCM_RIGHTS with descriptor -1", func(t *thread) error {
			return t.streamControl(errno(unix.EBADF), t.rights(-1))
		}},
		{"SCM_RIGHTS with a good and a bad descriptor", func(t *thread) error {
			return t.streamControl(errno(unix.EBADF), t.rights(0, 9999))
		}},
		{"SCM_RIGHTS with a length that is no multiple of a descriptor", func(t *thread) error {
			return t.streamControl(5, t.abi.cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, int64(t.abi.cmsghdrSize()+6), ints(0, 0)))
		}},
		{"two SCM_RIGHTS in one list", func(t *thread) error {
			return t.streamControl(5, t.rights(0), t.rights(1, 2))
		}},
		{"SCM_RIGHTS on a stream without a byte of data", func(t *thread) error {
			return t.stream(message{control: t.rights(0)}, 0)
		}},
		{"SCM_RIGHTS on a datagram", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.send(message{fd: uint64(fd), iov: t.one(1), control: t.rights(0)}, 1)
		}},
		{"a socket passes itself", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.send(message{fd: uint64(fd), iov: t.one(1), control: t.rights(int32(fd))}, 1)
		}},
		{"SCM_RIGHTS on a UDP socket means nothing there", func(t *thread) error {
			return t.udpControl(5, 5, t.rights(0))
		}},
	}...)
}
