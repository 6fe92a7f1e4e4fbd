package traffic

import (
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// job is a call to make: of one message, but for sendmmsg. The planner fills
// it, its thread has it until it is done, then it goes back to the planner.
type job struct {
	due      int64 // of the run's clock; 0 is at once
	socket   *socket
	number   int64 // schema.CallSendmsg ...
	flags    int64
	timeNS   int64
	thread   threadKey
	lastOf   int64 // vector of the last message
	waited   int64 // since when the planner waited for an unused job; 0: it did not
	messages []message
	lens     []int64 // of all messages' iovecs
	control  []byte  // of all messages
}

// message is a message of a job.
type message struct {
	rule       int
	to         []byte // nil on a connected socket
	msgFlags   int64
	bytes      int64
	recorded   int64 // bytes
	recordedNS int64
	iovecs     int // in lens
	controlLen int // in control
}

// begin makes j the job of the call.
func (j *job) begin(c *call, s *socket) {
	*j = job{socket: s, number: c.number, timeNS: c.timeNS, thread: c.thread, waited: j.waited,
		messages: j.messages[:0], lens: j.lens[:0], control: j.control[:0]}
	// The connection exists, the kernel's own flags are not ours to give.
	j.flags = c.flags&^(unix.MSG_FASTOPEN|msgCmsgCompat) | unix.MSG_NOSIGNAL
}

// msgCmsgCompat is MSG_CMSG_COMPAT, which a call may not have.
const msgCmsgCompat = 0x80000000

// continues reports whether the call is another message of the job's sendmmsg.
func (j *job) continues(c *call, s *socket) bool {
	return c.number == schema.CallSendmmsg && j.number == schema.CallSendmmsg && j.timeNS == c.timeNS && j.thread == c.thread &&
		j.socket == s && c.vector > j.lastOf && len(j.messages) < maxMessages
}

// maxMessages is UIO_MAXIOV: sendmmsg takes no more.
const maxMessages = 1024

// add adds the call's message.
func (j *job) add(c *call, to, control []byte) {
	j.lastOf = c.vector
	before := len(j.lens)
	j.lens = c.appendLens(j.lens)
	j.control = append(j.control, control...)
	j.messages = append(j.messages, message{rule: c.rule, to: to, msgFlags: c.msgFlags, bytes: c.bytes,
		recorded: max(c.ret, 0), recordedNS: c.durationNS, iovecs: len(j.lens) - before, controlLen: len(control)})
}

// headers is a thread's memory for the arguments of its calls.
type headers struct {
	iovecs   []unix.Iovec
	messages []mmsghdr
}

// fill makes the arguments of a job. They point into the job and the payload.
func (h *headers) fill(j *job, payload []byte) {
	h.iovecs, h.messages = h.iovecs[:0], h.messages[:0]
	for i := range j.messages {
		offset := int64(0)
		for _, n := range j.lens[len(h.iovecs):][:j.messages[i].iovecs] {
			v := unix.Iovec{Base: unsafe.SliceData(payload[offset:])}
			v.SetLen(int(n))
			h.iovecs = append(h.iovecs, v)
			offset += n
		}
	}
	iovecs, control := h.iovecs, j.control
	for i := range j.messages {
		m := &j.messages[i]
		var header mmsghdr
		if m.iovecs > 0 {
			header.Iov = &iovecs[0]
			header.SetIovlen(m.iovecs)
		}
		if m.controlLen > 0 {
			header.Control = &control[0]
			header.SetControllen(m.controlLen)
		}
		if len(m.to) > 0 {
			header.Name, header.Namelen = &m.to[0], uint32(len(m.to))
		}
		header.Flags = int32(m.msgFlags)
		h.messages = append(h.messages, header)
		iovecs, control = iovecs[m.iovecs:], control[m.controlLen:]
	}
}
