package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const badAddress = 0x8

// pair returns a Unix socket pair; the first is what the case sends from.
func (t *thread) pair(typ int) (fd, peer int) {
	p, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
	t.own(p[0], err)
	t.own(p[1], err)
	return p[0], p[1]
}

// stream sends m on a fresh Unix stream pair.
func (t *thread) stream(m message, want int64) error {
	fd, _ := t.pair(unix.SOCK_STREAM)
	m.fd = uint64(fd)
	return t.send(m, want)
}

// mapFile maps a file that holds the bytes, untouched in this process.
func (t *thread) mapFile(b []byte) ([]byte, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("workload-%d", unix.Gettid()))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(path)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return unix.Mmap(int(f.Fd()), 0, len(b), unix.PROT_READ, unix.MAP_PRIVATE)
}

// headerCases are about the descriptor, the msghdr itself and where it lies.
func headerCases() []scripted {
	return []scripted{
		{"a descriptor that is not open", func(t *thread) error {
			return t.send(message{fd: 1<<64 - 1, iov: t.one(5)}, errno(unix.EBADF))
		}},
		{"a descriptor that was never open", func(t *thread) error {
			return t.send(message{fd: 19999, iov: t.one(5)}, errno(unix.EBADF))
		}},
		{"a descriptor that is no socket", func(t *thread) error {
			fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
			return t.send(message{fd: uint64(t.own(fd, err)), iov: t.one(5)}, errno(unix.ENOTSOCK))
		}},
		{"a descriptor opened with O_PATH", func(t *thread) error {
			fd, err := unix.Open("/dev/null", unix.O_PATH|unix.O_CLOEXEC, 0)
			return t.send(message{fd: uint64(t.own(fd, err)), iov: t.one(5)}, errno(unix.EBADF))
		}},
		{"the upper halves of the fd and flags registers are not zero", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			return t.send(message{fd: uint64(fd) | 0xdead<<48, flags: 0xbeef<<32 | unix.MSG_DONTWAIT, iov: t.one(5)}, 5)
		}},
		{"a msghdr at address 0", func(t *thread) error {
			return t.stream(message{ptr: to[uint64](0)}, errno(unix.EFAULT))
		}},
		{"a msghdr at address 8", func(t *thread) error {
			return t.stream(message{ptr: to[uint64](badAddress)}, errno(unix.EFAULT))
		}},
		{"a msghdr at a kernel address", func(t *thread) error {
			return t.stream(message{ptr: to[uint64](0xffffffff81000000)}, errno(unix.EFAULT))
		}},
		{"a msghdr at a non-canonical address", func(t *thread) error {
			return t.stream(message{ptr: to[uint64](0xdead000000000000)}, errno(unix.EFAULT))
		}},
		{"a msghdr that runs into an unmapped page", func(t *thread) error {
			last := addressOf(t.arena.mem) + uint64(len(t.arena.mem)) - 24
			return t.stream(message{ptr: &last}, errno(unix.EFAULT))
		}},
		{"a msghdr that crosses a page boundary", func(t *thread) error {
			page := addressOf(t.arena.alloc(3*4096))&^4095 + 4096
			m := message{iov: t.one(7)}
			h := m.layOut(t.arena)
			at := page + 4096 - 20
			h.encode(t.arena.mem[at-addressOf(t.arena.mem):])
			return t.streamAt(at, h, 7)
		}},
		{"a msghdr in a page that was never touched", func(t *thread) error {
			m := message{iov: t.one(7)}
			h := m.layOut(t.arena)
			b := make([]byte, 4096)
			h.encode(b)
			mem, err := t.mapFile(b)
			if err != nil {
				return err
			}
			defer unix.Munmap(mem)
			return t.coldAt(addressOf(mem), h, 7)
		}},
		{"msg_flags inside the msghdr is ignored", func(t *thread) error {
			return t.stream(message{iov: t.one(6), msgFlags: 0x80000041}, 6)
		}},
	}
}

// streamAt sends the header that stands at the address.
func (t *thread) streamAt(at uint64, h header, want int64) error {
	fd, _ := t.pair(unix.SOCK_STREAM)
	p := t.prepare(&message{fd: uint64(fd), ptr: &at})
	t.fill(&p.truth, &h)
	return t.finish(p, p.call(), want)
}

// coldAt does the same without touching the address before the call.
func (t *thread) coldAt(at uint64, h header, want int64) error {
	fd, _ := t.pair(unix.SOCK_STREAM)
	p := t.prepare(&message{fd: uint64(fd), ptr: &at})
	p.truth.Readable, p.truth.Cold = true, true
	t.fill(&p.truth, &h)
	return t.finish(p, p.call(), want)
}
