package main

import (
	"encoding/binary"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// callerABI is a binary interface to the kernel: how calls are made, and how
// large the structures are that they take.
type callerABI struct {
	name      string
	abi, path int64 // of the events; 0 as truth.Call has them
	word      int   // bytes of an address
	// call makes a call, by its value in the schema's column, and returns its
	// result, a negative errno for an error.
	call   func(call int64, args ...uint64) int64
	blocks int // the number of sendmsg that /proc shows
	// The timeout of recvmmsg and the offset of sendfile have 32-bit numbers.
	time32, offset32 bool
	sendfile         bool // it has that call
	later            bool // it differs from another one only by these two
	// alive says whether the kernel takes such calls.
	alive func() bool
	// uring makes a call of io_uring, whose numbers are the same everywhere; nil
	// where another ABI has the same rings.
	uring func(number uintptr, args ...uint64) int64
}

// native is how 64-bit programs call.
var native = &callerABI{word: 8, blocks: unix.SYS_SENDMSG, sendfile: true, uring: invoke, call: func(call int64, args ...uint64) int64 {
	return invoke(nativeNumbers[call], args...)
}}

var nativeNumbers = map[int64]uintptr{
	schema.CallSendmsg: unix.SYS_SENDMSG, schema.CallSendmmsg: unix.SYS_SENDMMSG, schema.CallSendto: unix.SYS_SENDTO,
	schema.CallRecvmsg: unix.SYS_RECVMSG, schema.CallRecvmmsg: unix.SYS_RECVMMSG, schema.CallRecvfrom: unix.SYS_RECVFROM,
	schema.CallSendfile: unix.SYS_SENDFILE,
}

func (a *callerABI) msghdrSize() int {
	if a.word == 4 {
		return 28
	}
	return msghdrSize
}

// mmsghdrSize is that of struct mmsghdr: a msghdr, msg_len, padding.
func (a *callerABI) mmsghdrSize() int {
	if a.word == 4 {
		return 32
	}
	return mmsghdrSize
}

// mark says in an expected event who has called.
func (a *callerABI) mark(c *truth.Call) {
	c.ABI, c.EntryPath = a.abi, a.path
	if a.abi != 0 {
		c.Needs = append(c.Needs, "compat")
	}
}

// timespec encodes the timeout of a recvmmsg.
func (a *callerABI) timespec(v *unix.Timespec) []byte {
	if a.time32 {
		return ints(int32(v.Sec), int32(v.Nsec))
	}
	b := binary.NativeEndian.AppendUint64(nil, uint64(v.Sec))
	return binary.NativeEndian.AppendUint64(b, uint64(v.Nsec))
}

// offset encodes the offset of a sendfile.
func (a *callerABI) offset(v int64) []byte {
	if a.offset32 {
		return ints(int32(v))
	}
	return binary.NativeEndian.AppendUint64(nil, uint64(v))
}

// cmsghdrSize is that of struct cmsghdr.
func (a *callerABI) cmsghdrSize() int { return a.word + 8 }

// cmsg returns one control message with its padding; a length of -1 is the
// right one.
func (a *callerABI) cmsg(level, typ int32, length int64, data []byte) []byte {
	if length < 0 {
		length = int64(a.cmsghdrSize() + len(data))
	}
	b := make([]byte, a.cmsghdrSize()+(len(data)+a.word-1)&^(a.word-1))
	putWord(b, a.word, uint64(length))
	binary.NativeEndian.PutUint32(b[a.word:], uint32(level))
	binary.NativeEndian.PutUint32(b[a.word+4:], uint32(typ))
	copy(b[a.cmsghdrSize():], data)
	return b
}
