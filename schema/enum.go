package schema

import "strconv"

// Enum gives names to the small numbers of a column.
type Enum struct {
	names map[int64]string
}

// Name returns the value's name, or its decimal digits when it has none.
func (e *Enum) Name(v int64) string {
	if s, ok := e.names[v]; ok {
		return s
	}
	return strconv.FormatInt(v, 10)
}

// Value returns the value with the name, and whether there is one.
func (e *Enum) Value(name string) (int64, bool) {
	for v, s := range e.names {
		if s == name {
			return v, true
		}
	}
	return 0, false
}

// Names returns a copy of the names by value.
func (e *Enum) Names() map[int64]string {
	m := make(map[int64]string, len(e.names))
	for v, s := range e.names {
		m[v] = s
	}
	return m
}

// Source says where a field's value comes from, or why it is absent: the
// provenance of the field. The values are shared with bpf/event.h.
type Source int64

// The sources.
const (
	SourceUnavailable Source = 0 // this probe tier cannot see the field
	SourceEntry       Source = 1 // read when the call entered the kernel
	SourceKernelCopy  Source = 2 // the kernel's own copy, as it used it
	SourceExit        Source = 3 // read when the call returned
	SourceFaulted     Source = 4 // the memory was not readable
	SourceTruncated   Source = 5 // read at entry, but longer than what is kept
	SourceRedacted    Source = 6 // removed after recording
	SourceRaced       Source = 7 // changed between entry and exit; the value is that of entry
	SourceNull        Source = 8 // there is nothing: a null pointer, a zero length, or no socket
	SourceInvalid     Source = 9 // the kernel rejects it unread (msg_iovlen above 1024, for example)
)

// SourceEnum names the sources.
var SourceEnum = Enum{map[int64]string{
	int64(SourceUnavailable): "unavailable",
	int64(SourceEntry):       "entry",
	int64(SourceKernelCopy):  "kernel_copy",
	int64(SourceExit):        "exit",
	int64(SourceFaulted):     "faulted",
	int64(SourceTruncated):   "truncated",
	int64(SourceRedacted):    "redacted",
	int64(SourceRaced):       "raced",
	int64(SourceNull):        "null",
	int64(SourceInvalid):     "invalid",
}}

// The calls of the call column, shared with bpf/event.h.
const (
	CallSendmsg  = 1
	CallSendmmsg = 2
	CallSendto   = 3
	CallRecvmsg  = 4
	CallRecvmmsg = 5
	CallRecvfrom = 6
	CallSendfile = 7
)

// CallEnum names the calls.
var CallEnum = Enum{map[int64]string{
	CallSendmsg:  "sendmsg",
	CallSendmmsg: "sendmmsg",
	CallSendto:   "sendto",
	CallRecvmsg:  "recvmsg",
	CallRecvmmsg: "recvmmsg",
	CallRecvfrom: "recvfrom",
	CallSendfile: "sendfile",
}}

// Receives reports whether a call of the call column receives: what stands
// behind its pointers is what the kernel put there.
func Receives(call int64) bool {
	return call == CallRecvmsg || call == CallRecvmmsg || call == CallRecvfrom
}

// The values of entry_path.
const (
	EntrySyscall    = 1
	EntrySocketcall = 2
	EntryURing      = 3
	EntryKernel     = 4
)

// EntryPathEnum names the ways into the kernel.
var EntryPathEnum = Enum{map[int64]string{EntrySyscall: "syscall", EntrySocketcall: "socketcall", EntryURing: "io_uring", EntryKernel: "kernel"}}

// The binary interfaces of the abi column, shared with bpf/event.h.
const (
	ABI64       = 1
	ABICompat32 = 2
	ABIX32      = 3
)

// ABIEnum names the binary interfaces.
var ABIEnum = Enum{map[int64]string{ABI64: "64", ABICompat32: "compat32", ABIX32: "x32"}}

// The values of origin.
const (
	OriginUser   = 1
	OriginKernel = 2
)

// OriginEnum names the origins.
var OriginEnum = Enum{map[int64]string{OriginUser: "U", OriginKernel: "K"}}

// TOCTOUEnum names the verdicts.
var TOCTOUEnum = Enum{map[int64]string{
	0: "unknown", 1: "same", 2: "header", 3: "name", 4: "iov", 5: "control", 6: "flags", 7: "payload",
}}

// The ways in which a call ends, shared with bpf/event.h.
const (
	OutcomeReturned = 1
	OutcomeKilled   = 2
	OutcomeInFlight = 3
)

// OutcomeEnum names the ways in which a call ends.
var OutcomeEnum = Enum{map[int64]string{
	OutcomeReturned: "returned", OutcomeKilled: "killed", OutcomeInFlight: "in_flight",
}}

// The io_uring operations that send a message (linux/io_uring.h).
const (
	IOOpSendmsg   = 9
	IOOpSendmsgZC = 48
)

// IOOpcodeEnum names the io_uring operations.
var IOOpcodeEnum = Enum{map[int64]string{
	IOOpSendmsg: "IORING_OP_SENDMSG", IOOpSendmsgZC: "IORING_OP_SENDMSG_ZC",
}}
