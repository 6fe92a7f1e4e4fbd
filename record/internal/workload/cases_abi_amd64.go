package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// msgCmsgCompat is the kernel's own flag for callers of other ABIs.
const msgCmsgCompat = 0x80000000

// otherABICases are calls that look like those of another ABI, or like none.
func otherABICases() []scripted {
	by := func(name string, f func(*thread) error) func(*thread) error {
		for _, a := range foreignABIs() {
			if a.name == name {
				return a.run(f)
			}
		}
		panic("no ABI " + name)
	}
	flagged := func(t *thread) error {
		return t.stream(message{flags: msgCmsgCompat | unix.MSG_DONTWAIT, iov: t.one(5)}, 5)
	}
	return []scripted{
		{"MSG_CMSG_COMPAT among the flags of a 64-bit call", func(t *thread) error {
			return t.stream(message{flags: msgCmsgCompat, iov: t.one(5)}, errno(unix.EINVAL))
		}},
		{"MSG_CMSG_COMPAT among the flags of a 32-bit call", by("by a 32-bit call", flagged)},
		{"MSG_DONTWAIT among the flags of a socketcall", by("by socketcall", func(t *thread) error {
			return t.stream(message{flags: unix.MSG_DONTWAIT, iov: t.one(5)}, 5)
		})},
		{"setgid by int 0x80, with the number that sendmsg has elsewhere, is no event", by("by a 32-bit call", func(*thread) error {
			return expectResult(int80(i386Setgid, uint64(os.Getgid())), 0)
		})},
		{"x32 with a number that only 64-bit programs have is no event", by("by an x32 call", func(*thread) error {
			return expectResult(invoke(x32Bit|unix.SYS_SENDMSG), errno(unix.ENOSYS))
		})},
		{"socketcall of another call is no event", by("by socketcall", func(t *thread) error {
			fd := socketcallArray(1, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			if fd < 0 {
				return expectResult(fd, 0)
			}
			return unix.Close(int(fd))
		})},
		{"socketcall with an array that cannot be read is no event", by("by socketcall", func(*thread) error {
			return expectResult(int80(i386Socketcall, 16, badAddress), errno(unix.EFAULT))
		})},
	}
}
