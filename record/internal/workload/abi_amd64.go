package main

import (
	"encoding/binary"
	_ "unsafe" // for go:linkname

	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// x32Bit marks the number of a system call as one of the x32 ABI.
const x32Bit = 1 << 30

// i386Numbers are the calls of 32-bit programs that have numbers of their own;
// socketNumbers those by socketcall(), whose own number this is.
var (
	i386Numbers = map[int64]uint64{
		schema.CallSendmsg: 370, schema.CallSendmmsg: 345, schema.CallSendto: 369, schema.CallRecvmsg: 372,
		schema.CallRecvmmsg: 337, schema.CallRecvfrom: 371, schema.CallSendfile: 187,
	}
	later386Numbers = map[int64]uint64{
		schema.CallSendmsg: 370, schema.CallSendto: 369, schema.CallRecvmmsg: 417, schema.CallSendfile: 239,
	}
	socketNumbers = map[int64]uint64{
		schema.CallSendmsg: 16, schema.CallSendmmsg: 20, schema.CallSendto: 11, schema.CallRecvmsg: 17,
		schema.CallRecvmmsg: 19, schema.CallRecvfrom: 12,
	}
	x32Numbers = map[int64]uintptr{
		schema.CallSendmsg: 518, schema.CallSendmmsg: 538, schema.CallSendto: 44, schema.CallRecvmsg: 519,
		schema.CallRecvmmsg: 537, schema.CallRecvfrom: 517, schema.CallSendfile: 40,
	}
)

const (
	i386Getpid     = 20
	i386Setgid     = 46 // what sendmsg is to 64-bit programs
	i386Socketcall = 102
)

// foreignABIs are all that a 64-bit program can call by.
func foreignABIs() []*callerABI {
	alive80 := func() bool { return int80(i386Getpid) > 0 }
	byNumber := func(numbers map[int64]uint64) func(int64, ...uint64) int64 {
		return func(call int64, args ...uint64) int64 { return int80(numbers[call], args...) }
	}
	return []*callerABI{
		{name: "by a 32-bit call", abi: schema.ABICompat32, word: 4, blocks: 370, call: byNumber(i386Numbers),
			time32: true, offset32: true, sendfile: true, alive: alive80,
			uring: func(number uintptr, args ...uint64) int64 { return int80(uint64(number), args...) }},
		{name: "by a later 32-bit call", abi: schema.ABICompat32, word: 4, blocks: 370,
			call: byNumber(later386Numbers), sendfile: true, later: true, alive: alive80},
		{name: "by socketcall", abi: schema.ABICompat32, path: schema.EntrySocketcall, word: 4, blocks: i386Socketcall,
			call: socketcall, time32: true, alive: alive80},
		{name: "by an x32 call", abi: schema.ABIX32, word: 4, blocks: x32Bit | 518, sendfile: true,
			call:  func(call int64, args ...uint64) int64 { return invoke(x32Bit|x32Numbers[call], args...) },
			alive: func() bool { return invoke(x32Bit|unix.SYS_GETPID) > 0 }},
	}
}

// newLowArena returns memory that has addresses of 32 bits.
func newLowArena(size int) (*arena, error) { return mapArena(size, 4, unix.MAP_32BIT) }

// socketcall makes a call by socketcall(), which takes the arguments from memory.
// sendto and recvfrom without an address have the numbers of send and recv, and
// their four arguments.
func socketcall(call int64, args ...uint64) int64 {
	number := socketNumbers[call]
	if (call == schema.CallSendto || call == schema.CallRecvfrom) && args[4] == 0 && args[5] == 0 {
		return socketcallArray(number-2, args[:4]...)
	}
	return socketcallArray(number, args...)
}

func socketcallArray(number uint64, args ...uint64) int64 {
	low, err := newLowArena(pageSize)
	if err != nil {
		return errno(unix.ENOMEM)
	}
	defer low.free()
	array := low.alloc(6 * 4)
	for i, v := range args[:min(len(args), 6)] {
		binary.NativeEndian.PutUint32(array[4*i:], uint32(v))
	}
	return int80(i386Socketcall, number, addressOf(array))
}

// int80 makes a 32-bit system call.
func int80(nr uint64, args ...uint64) int64 {
	var a [6]uint64
	copy(a[:], args)
	return int64(int32(enter80(nr, &a)))
}

// enter80 tells the Go runtime that the thread may block, as syscall.Syscall
// does.
//
//go:nosplit
func enter80(nr uint64, args *[6]uint64) uint64 {
	entersyscall()
	r := rawInt80(nr, args)
	exitsyscall()
	return r
}

// rawInt80 is in assembly.
//
//go:noescape
func rawInt80(nr uint64, args *[6]uint64) uint64

//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()
