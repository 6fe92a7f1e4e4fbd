package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// mmsghdrSize is that of the 64-bit struct mmsghdr: a msghdr, msg_len, padding.
const mmsghdrSize = 64

// relatedColumns are null unless a call has them.
var relatedColumns = []string{"vector_index", "vlen", "in_fd", "offset_ptr", "offset", "timeout_ns",
	"out_namelen", "out_controllen", "out_msg_flags"}

// msghdrColumns are null in calls without a msghdr.
var msghdrColumns = []string{"msg_iov_ptr", "msg_iovlen", "msg_control_ptr", "msg_controllen", "msg_flags"}

// expected is an event as the caller of a related call expects it.
type expected struct{ truth.Call }

func (t *thread) expect(call int64, fd, flags uint64) *expected {
	e := &expected{truth.Call{
		Case: t.name, PID: os.Getpid(), TID: unix.Gettid(), Call: call,
		Sockfd: int32(fd), Flags: uint32(flags), Readable: true,
		Socket: describe(int(int32(fd))), Ints: map[string]*int64{},
	}}
	t.abi.mark(&e.Call)
	e.null(relatedColumns...)
	return e
}

func (e *expected) set(column string, v int64) { e.Ints[column] = &v }

func (e *expected) null(columns ...string) {
	for _, c := range columns {
		e.Ints[c] = nil
	}
}

// sources says where msghdr, name, iovecs and control messages come from.
func (e *expected) sources(msghdr, name, iov, control schema.Source) {
	e.set("msghdr_source", int64(msghdr))
	e.set("name_source", int64(name))
	e.set("iov_source", int64(iov))
	e.set("control_source", int64(control))
}

// buffer expects the one buffer of sendto and recvfrom, and no msghdr.
func (e *expected) buffer(v iovec) {
	e.null("msg_ptr")
	e.null(msghdrColumns...)
	e.IovLen, e.IovBases, e.IovLens = 1, []uint64{v.base}, []uint64{v.len}
}

// conclude logs the events of a call and checks its result.
func (t *thread) conclude(ret, want int64, events ...*expected) error {
	for _, e := range events {
		if err := t.log.write(&e.Call); err != nil {
			return err
		}
	}
	if ret != want {
		return fmt.Errorf("result %d, expected %d", ret, want)
	}
	return nil
}

// invoke makes a system call and returns its result, a negative errno for an
// error.
func invoke(nr uintptr, args ...uint64) int64 {
	var a [6]uintptr
	for i, v := range args {
		a[i] = uintptr(v)
	}
	r, _, e := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		return -int64(e)
	}
	return int64(r)
}

// sendto sends the message's first iovec to its name.
func (t *thread) sendto(m message, want int64) error {
	h := m.layOut(t.arena)
	e := t.expect(schema.CallSendto, m.fd, m.flags)
	e.buffer(m.iov[0])
	e.NamePtr, e.NameLen = h.namePtr, h.nameLen
	name := schema.SourceEntry
	switch {
	case h.namePtr == 0:
		name = schema.SourceNull
	case h.nameLen < 0 || h.nameLen > 128:
		name = schema.SourceInvalid
	default:
		if e.Name = t.peek(h.namePtr, int(h.nameLen)); e.Name == nil && h.nameLen > 0 {
			name = schema.SourceFaulted
		}
	}
	e.sources(schema.SourceNull, name, schema.SourceEntry, schema.SourceNull)
	ret := t.abi.call(schema.CallSendto, m.fd, m.iov[0].base, m.iov[0].len, m.flags, h.namePtr, uint64(h.nameLen))
	e.Rets = []int64{ret}
	return t.conclude(ret, want, e)
}

// recvfrom receives into the message's first iovec, and the address into its
// name.
func (t *thread) recvfrom(m message, want int64) error {
	h := m.layOut(t.arena)
	e := t.expect(schema.CallRecvfrom, m.fd, m.flags)
	e.buffer(m.iov[0])
	e.NamePtr, e.NameLen = h.namePtr, h.nameLen
	addrlen, at := t.arena.alloc(4), uint64(0)
	msghdr, name := schema.SourceNull, schema.SourceNull
	if h.namePtr != 0 {
		binary.NativeEndian.PutUint32(addrlen, uint32(h.nameLen))
		msghdr, at = schema.SourceEntry, addressOf(addrlen)
	} else {
		e.null("msg_namelen")
	}
	ret := t.abi.call(schema.CallRecvfrom, m.fd, m.iov[0].base, m.iov[0].len, m.flags, h.namePtr, at)
	if ret >= 0 && h.namePtr != 0 {
		out := int32(binary.NativeEndian.Uint32(addrlen))
		e.set("out_namelen", int64(out))
		e.Name, name = t.peek(h.namePtr, int(min(out, h.nameLen))), schema.SourceExit
	}
	e.sources(msghdr, name, schema.SourceEntry, schema.SourceNull)
	e.Rets = []int64{ret}
	return t.conclude(ret, want, e)
}

// recvmsg receives into the message: its name and control are room.
func (t *thread) recvmsg(m message, want int64) error {
	p := t.prepare(&m)
	e := t.expect(schema.CallRecvmsg, m.fd, m.flags)
	read := p.truth
	read.Call, read.Ints, read.Name, read.Control = e.Call.Call, e.Ints, nil, nil
	e.Call = read
	if e.Readable {
		e.sources(schema.SourceEntry, schema.SourceNull, schema.SourceEntry, schema.SourceNull)
	} else {
		e.sources(schema.SourceFaulted, schema.SourceNull, schema.SourceFaulted, schema.SourceNull)
	}
	ret := t.abi.call(schema.CallRecvmsg, m.fd, uint64(p.ptr), m.flags)
	if ret >= 0 {
		t.received(e, uint64(p.ptr), e.NameLen)
	}
	e.Rets = []int64{ret}
	return t.conclude(ret, want, e)
}

// received expects what the kernel left in the msghdr and behind it. room is
// what there was for the address.
func (t *thread) received(e *expected, ptr uint64, room int32) {
	h, word := t.peek(ptr, t.abi.msghdrSize()), t.arena.word
	e.set("out_controllen", int64(t.arena.getWord(h[5*word:])))
	e.set("out_msg_flags", int64(binary.NativeEndian.Uint32(h[6*word:])))
	if e.NamePtr != 0 {
		out := int32(binary.NativeEndian.Uint32(h[word:]))
		e.set("out_namelen", int64(out))
		e.set("name_source", int64(schema.SourceExit))
		e.Name = t.peek(e.NamePtr, int(min(out, room)))
	}
	if e.ControlPtr != 0 {
		e.set("control_source", int64(schema.SourceExit))
		e.Control = t.peek(e.ControlPtr, int(*e.Ints["out_controllen"]))
	}
}

// vector is a sendmmsg or recvmmsg call.
type vector struct {
	call     int64
	fd       uint64
	flags    uint64
	messages []message
	timeout  *unix.Timespec
}

// vector makes a call with several messages, of which each has an event.
func (t *thread) vector(v vector, want int64) error {
	headers := make([]header, len(v.messages))
	size := t.abi.mmsghdrSize()
	array := t.arena.alloc(max(1, len(v.messages)) * size)
	for i := range v.messages {
		headers[i] = v.messages[i].layOut(t.arena)
		headers[i].encode(array[i*size:])
	}
	timeout := uint64(0)
	first := t.expect(v.call, v.fd, v.flags)
	if v.timeout != nil {
		timeout = t.arena.put(t.abi.timespec(v.timeout))
		first.set("timeout_ns", v.timeout.Nano())
	}
	first.MsgPtr = addressOf(array)
	first.set("vlen", int64(len(v.messages)))
	ret := t.abi.call(v.call, v.fd, addressOf(array), uint64(len(v.messages)), v.flags, timeout)
	if ret == 0 {
		first.Rets = []int64{0}
		first.null("msg_name_ptr", "msg_namelen", "requested_bytes")
		first.null(msghdrColumns...)
		first.sources(schema.SourceUnavailable, schema.SourceUnavailable, schema.SourceUnavailable, schema.SourceUnavailable)
		return t.conclude(ret, want, first)
	}
	var events []*expected
	for i := range max(ret, 1) {
		e := t.expect(v.call, v.fd, v.flags)
		e.Socket = first.Socket
		for name, value := range first.Ints {
			e.Ints[name] = value
		}
		t.element(e, first.MsgPtr, int(i), &headers[i], ret)
		events = append(events, e)
	}
	return t.conclude(ret, want, events...)
}

// element expects message i of the array, with the given header, of a call that
// returned ret.
func (t *thread) element(e *expected, array uint64, i int, given *header, ret int64) {
	e.MsgPtr = array + uint64(i*t.abi.mmsghdrSize())
	e.set("vector_index", int64(i))
	t.fill(&e.Call, given)
	source := func(present bool) schema.Source {
		if present {
			return schema.SourceExit
		}
		return schema.SourceNull
	}
	e.Rets = []int64{ret}
	if ret >= 0 {
		e.Rets[0] = int64(binary.NativeEndian.Uint32(t.peek(e.MsgPtr+uint64(t.abi.msghdrSize()), 4)))
	}
	if !schema.Receives(e.Call.Call) {
		name := source(given.namePtr != 0)
		if given.namePtr != 0 && e.Name == nil {
			name = schema.SourceFaulted
		}
		e.sources(schema.SourceExit, name, schema.SourceExit, source(given.controlPtr != 0))
		return
	}
	e.Name, e.Control = nil, nil
	e.sources(schema.SourceExit, schema.SourceNull, schema.SourceExit, schema.SourceNull)
	// Read when the call returned, these are no longer the caller's.
	e.null("msg_namelen", "msg_controllen", "msg_flags")
	if ret >= 0 {
		t.received(e, e.MsgPtr, given.nameLen)
	}
}

// sendfile sends from a file; a nil offset is a null pointer.
func (t *thread) sendfile(out, in int, offset *int64, count uint64, want int64) error {
	e := t.expect(schema.CallSendfile, uint64(out), 0)
	e.null("msg_ptr", "flags", "msg_name_ptr", "msg_namelen")
	e.null(msghdrColumns...)
	e.sources(schema.SourceNull, schema.SourceNull, schema.SourceNull, schema.SourceNull)
	e.set("in_fd", int64(in))
	e.set("requested_bytes", int64(count))
	ptr := uint64(0)
	if offset != nil {
		ptr = t.arena.put(t.abi.offset(*offset))
		e.set("offset", *offset)
	}
	e.set("offset_ptr", int64(ptr))
	ret := t.abi.call(schema.CallSendfile, uint64(out), uint64(in), ptr, count)
	e.Rets = []int64{ret}
	return t.conclude(ret, want, e)
}
