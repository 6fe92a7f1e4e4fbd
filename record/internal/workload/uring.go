package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// Numbers of <linux/io_uring.h>.
const (
	opSendmsg   = 9
	opSendmsgZC = 48

	sqeAsync = 1 << 4

	cqeNotification = 1 << 3

	enterGetEvents = 1

	offsetSQRing = 0
	offsetCQRing = 0x8000000
	offsetSQEs   = 0x10000000
)

type uringParams struct {
	sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32
	_                                                                  [3]uint32
	sq, cq                                                             struct {
		head, tail, mask, entries, a, b, c, _ uint32
		_                                     uint64
	}
}

// uring is an io_uring without a library: requests go one at a time.
type uring struct {
	fd             int
	params         uringParams
	sq, cq, sqes   []byte
	sqTail, cqHead uint32
}

func newURing() (*uring, error) {
	u := &uring{}
	fd, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 8, uintptr(unsafe.Pointer(&u.params)), 0)
	if e != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", e)
	}
	u.fd = int(fd)
	// With 8 entries each part fits a page.
	for _, m := range []struct {
		to     *[]byte
		offset int64
	}{{&u.sq, offsetSQRing}, {&u.cq, offsetCQRing}, {&u.sqes, offsetSQEs}} {
		mem, err := unix.Mmap(u.fd, m.offset, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return nil, fmt.Errorf("map the ring: %w", err)
		}
		*m.to = mem
	}
	return u, nil
}

func word(b []byte, offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&b[offset])) }

// submit submits one sendmsg.
func (u *uring) submit(opcode, flags uint8, fd int, msg uint64, userData uint64) error {
	sqe := u.sqes[:64]
	clear(sqe)
	sqe[0], sqe[1] = opcode, flags
	*word(sqe, 4) = uint32(fd)
	*(*uint64)(unsafe.Pointer(&sqe[16])) = msg
	*word(sqe, 24) = 1
	*(*uint64)(unsafe.Pointer(&sqe[32])) = userData
	// The array behind the ring names entry 0 in each place.
	u.sqTail++
	atomic.StoreUint32(word(u.sq, u.params.sq.tail), u.sqTail)
	if n, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), 1, 0, 0, 0, 0); e != 0 || n != 1 {
		return fmt.Errorf("submit: %d, %w", n, e)
	}
	return nil
}

// wait returns the result of the next request; notifications are no results.
func (u *uring) wait() (int32, error) {
	for {
		if _, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(u.fd), 0, 1, enterGetEvents, 0, 0); e != 0 {
			return 0, fmt.Errorf("wait: %w", e)
		}
		for u.cqHead != atomic.LoadUint32(word(u.cq, u.params.cq.tail)) {
			at := u.params.cq.b + (u.cqHead&(u.params.cqEntries-1))*16
			res, flags := int32(*word(u.cq, at+8)), *word(u.cq, at+12)
			u.cqHead++
			atomic.StoreUint32(word(u.cq, u.params.cq.head), u.cqHead)
			if flags&cqeNotification == 0 {
				return res, nil
			}
		}
	}
}

// runURing sends through io_uring, inline, in a worker thread and without a
// copy, and leaves one request that blocks until the process ends.
func runURing([]string) error {
	runtime.LockOSThread()
	u, err := newURing()
	if err != nil {
		return err
	}
	a, err := newArena(1 << 20)
	if err != nil {
		return err
	}
	t := &thread{arena: a, name: "io_uring"}
	fd, _ := t.pair(unix.SOCK_STREAM)
	udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(udp, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	rights := cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, ints(0))
	var sent []truth.Request
	for i, r := range []struct {
		opcode, flags uint8
		m             message
	}{
		{opSendmsg, 0, message{fd: uint64(fd), iov: t.one(5)}},
		{opSendmsg, sqeAsync, message{fd: uint64(fd), iov: t.one(7), control: rights}},
		{opSendmsgZC, 0, message{fd: uint64(udp), iov: t.one(100)}},
		{opSendmsg, 0, message{fd: 1 << 20, iov: t.one(3)}},
	} {
		p := t.prepare(&r.m)
		data := uint64(1000 + i)
		if err := u.submit(r.opcode, r.flags, int(p.fd), p.truth.MsgPtr, data); err != nil {
			return err
		}
		res, err := u.wait()
		if err != nil {
			return err
		}
		sent = append(sent, truth.Request{UserData: data, Call: p.truth, Ret: int64(res)})
	}
	fillUp(fd)
	p := t.prepare(&message{fd: uint64(fd), iov: t.one(11)})
	if err := u.submit(opSendmsg, 0, int(p.fd), p.truth.MsgPtr, 2000); err != nil {
		return err
	}
	sent = append(sent, truth.Request{UserData: 2000, Call: p.truth, Blocked: true})
	if err := json.NewEncoder(os.Stdout).Encode(sent); err != nil {
		return err
	}
	// Until the reader has seen enough.
	_, err = syscall.Read(0, make([]byte, 1))
	return err
}
