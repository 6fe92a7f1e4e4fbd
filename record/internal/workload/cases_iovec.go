package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// iovecCases are about msg_iov.
func iovecCases() []scripted {
	cases := []scripted{
		{"no iovec at all", func(t *thread) error { return t.stream(message{}, 0) }},
		{"one iovec", func(t *thread) error { return t.stream(message{iov: t.one(64)}, 64) }},
		{"one iovec of length zero", func(t *thread) error { return t.stream(message{iov: t.one(0)}, 0) }},
		{"an empty datagram", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_DGRAM)
			return t.send(message{fd: uint64(fd), iov: t.one(0)}, 0)
		}},
		{"empty iovecs between full ones", func(t *thread) error {
			return t.stream(message{iov: []iovec{t.bytes(3), {0, 0}, t.bytes(5), {badAddress, 0}}}, 8)
		}},
		{"iov_len is -1", func(t *thread) error {
			return t.stream(message{iov: []iovec{{t.bytes(8).base, 1<<64 - 1}}}, errno(unix.EINVAL))
		}},
		{"iov_len of the second iovec is -1", func(t *thread) error {
			return t.stream(message{iov: []iovec{t.bytes(8), {t.bytes(8).base, 1<<64 - 1}}}, errno(unix.EINVAL))
		}},
		{"iov_base is address 8", func(t *thread) error {
			return t.stream(message{iov: []iovec{{badAddress, 8}}}, errno(unix.EFAULT))
		}},
		{"iov_base of the second iovec is address 8", func(t *thread) error {
			return t.stream(message{iov: []iovec{t.bytes(8), {badAddress, 8}}}, whatever)
		}},
		{"msg_iov is null and msg_iovlen is 1", func(t *thread) error {
			return t.stream(message{iovLen: to[uint64](1)}, errno(unix.EFAULT))
		}},
		{"msg_iov is address 8", func(t *thread) error {
			return t.stream(message{iovPtr: to[uint64](badAddress), iovLen: to[uint64](2)}, errno(unix.EFAULT))
		}},
		{"msg_iov runs into an unmapped page after two entries", func(t *thread) error {
			at := addressOf(t.arena.mem) + uint64(len(t.arena.mem)) - uint64(2*2*t.arena.word)
			return t.stream(message{iovPtr: &at, iovLen: to[uint64](3)}, errno(unix.EFAULT))
		}},
		{"msg_iov crosses a page boundary inside an entry", func(t *thread) error {
			page := addressOf(t.arena.alloc(3*4096))&^4095 + 4096
			v := message{iov: []iovec{t.bytes(1), t.bytes(2), t.bytes(3)}}
			h := v.layOut(t.arena)
			at := page + 4096 - 24
			copy(t.arena.mem[at-addressOf(t.arena.mem):], t.peek(h.iovPtr, 3*2*t.arena.word))
			return t.stream(message{iovPtr: &at, iovLen: to[uint64](3)}, 6)
		}},
		{"msg_iovlen is 2^63", func(t *thread) error {
			return t.stream(message{iov: t.one(4), iovLen: to[uint64](1 << 63)}, errno(unix.EMSGSIZE))
		}},
		{"the same buffer in eight iovecs of different length", func(t *thread) error {
			v := t.bytes(16)
			var iov []iovec
			for n := range uint64(8) {
				iov = append(iov, iovec{v.base, n})
			}
			return t.stream(message{iov: iov}, 28)
		}},
	}
	for _, n := range []int{2, 7, 8, 9, 16, 100, 1023, 1024} {
		cases = append(cases, scripted{fmt.Sprintf("%d iovecs", n), func(t *thread) error {
			iov, sum := t.many(n)
			return t.stream(message{iov: iov}, sum)
		}})
	}
	for _, n := range []int{1025, 2000} {
		cases = append(cases, scripted{fmt.Sprintf("%d iovecs, more than the kernel takes", n), func(t *thread) error {
			iov, _ := t.many(n)
			return t.stream(message{iov: iov}, errno(unix.EMSGSIZE))
		}}, scripted{fmt.Sprintf("msg_iovlen %d with a single iovec behind it", n), func(t *thread) error {
			return t.stream(message{iov: t.one(4), iovLen: to(uint64(n))}, errno(unix.EMSGSIZE))
		}})
	}
	return cases
}

// many returns n iovecs of lengths 0 to 6 and their sum.
func (t *thread) many(n int) ([]iovec, int64) {
	v := t.bytes(8)
	var sum int64
	iov := make([]iovec, n)
	for i := range iov {
		iov[i] = iovec{v.base, uint64(i % 7)}
		sum += int64(i % 7)
	}
	return iov, sum
}
