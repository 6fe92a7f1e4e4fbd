package main

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of <linux/io_uring.h>.
const (
	opSendmsg     = 9
	opAsyncCancel = 14
	opSendmsgZC   = 48

	sqeFixedFile   = 1 << 0
	sqeLink        = 1 << 2
	sqeAsync       = 1 << 4
	sqeSkipSuccess = 1 << 6

	cqeNotification = 1 << 3

	setupSQPoll = 1 << 1

	featureSkipSuccess = 1 << 11
	// A request's file is looked up when it is executed, not when it is submitted.
	featureLinkedFile = 1 << 12

	enterGetEvents = 1 << 0
	enterWakeup    = 1 << 1
	needWakeup     = 1 << 0

	registerFiles = 2

	offsetSQRing = 0
	offsetCQRing = 0x8000000
	offsetSQEs   = 0x10000000

	uringEntries = 8 // each part fits a page
)

type uringParams struct {
	sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32
	_                                                                  [3]uint32
	sq                                                                 struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// uring is an io_uring without a library.
type uring struct {
	abi            *callerABI
	fd             int
	params         uringParams
	sq, cq, sqes   []byte
	sqTail, cqHead uint32
	done           map[uint64]int32 // results that nobody has waited for yet
}

// request is what an entry of the submission queue says.
type request struct {
	opcode, flags uint8
	fd            int32
	address       uint64 // of the msghdr, or user_data of what is to be cancelled
	userData      uint64
}

// newURing makes a ring as programs of the ABI do, which is theirs for ever.
func newURing(abi *callerABI, a *arena, flags uint32) (*uring, error) {
	params := (*uringParams)(unsafe.Pointer(unsafe.SliceData(a.alloc(int(unsafe.Sizeof(uringParams{}))))))
	params.flags = flags
	fd := abi.uring(unix.SYS_IO_URING_SETUP, uringEntries, uint64(uintptr(unsafe.Pointer(params))))
	if fd < 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", unix.Errno(-fd))
	}
	u := &uring{abi: abi, fd: int(fd), params: *params, done: map[uint64]int32{}}
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
	// Each place of the queue holds the entry of the same number.
	for i := range u.params.sqEntries {
		*word(u.sq, u.params.sq.array+4*i) = i
	}
	return u, nil
}

// enter is io_uring_enter.
func (u *uring) enter(submit, complete int, flags uint64) int64 {
	return u.abi.uring(unix.SYS_IO_URING_ENTER, uint64(u.fd), uint64(submit), uint64(complete), flags)
}

func (u *uring) has(feature uint32) bool { return u.params.features&feature != 0 }

// register makes the descriptors known by their index.
func (u *uring) register(fds ...int32) error {
	_, _, e := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(u.fd), registerFiles, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), 0, 0)
	if e != 0 {
		return fmt.Errorf("register files: %w", e)
	}
	return nil
}

func word(b []byte, offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&b[offset])) }

// submit submits the requests at once. Where a thread of the kernel's polls the
// queue it takes them by itself, or has to be woken.
func (u *uring) submit(requests ...request) error {
	for _, r := range requests {
		sqe := u.sqes[64*(u.sqTail%u.params.sqEntries):][:64]
		clear(sqe)
		sqe[0], sqe[1] = r.opcode, r.flags
		*word(sqe, 4) = uint32(r.fd)
		*(*uint64)(unsafe.Pointer(&sqe[16])) = r.address
		if r.opcode != opAsyncCancel {
			*word(sqe, 24) = 1
		}
		*(*uint64)(unsafe.Pointer(&sqe[32])) = r.userData
		u.sqTail++
	}
	atomic.StoreUint32(word(u.sq, u.params.sq.tail), u.sqTail)
	flags := uint64(0)
	if u.params.flags&setupSQPoll != 0 {
		if atomic.LoadUint32(word(u.sq, u.params.sq.flags))&needWakeup == 0 {
			return nil
		}
		flags = enterWakeup
	}
	if n := u.enter(len(requests), 0, flags); n != int64(len(requests)) {
		return fmt.Errorf("submit %d requests: result %d", len(requests), n)
	}
	return nil
}

// wait returns the result of the request; notifications are no results.
func (u *uring) wait(userData uint64) (int32, error) {
	for {
		for u.cqHead != atomic.LoadUint32(word(u.cq, u.params.cq.tail)) {
			at := u.params.cq.cqes + (u.cqHead&(u.params.cqEntries-1))*16
			data, res, flags := *(*uint64)(unsafe.Pointer(&u.cq[at])), int32(*word(u.cq, at+8)), *word(u.cq, at+12)
			u.cqHead++
			atomic.StoreUint32(word(u.cq, u.params.cq.head), u.cqHead)
			if flags&cqeNotification == 0 {
				u.done[data] = res
			}
		}
		if res, ok := u.done[userData]; ok {
			delete(u.done, userData)
			return res, nil
		}
		if n := u.enter(0, 1, enterGetEvents); n < 0 {
			return 0, fmt.Errorf("wait: %w", unix.Errno(-n))
		}
	}
}
