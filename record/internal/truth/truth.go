// Package truth is the log in which the workload writes what it asked of the
// kernel and what the kernel answered: the first of the two witnesses that the
// oracle test compares a recording with (strace is the other). Values are
// those of the schema's columns, so that a comparison is field by field.
//
// A log is JSON lines, one a call, appended by all processes of a run.
package truth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Call is one call as its caller knows it, and what is expected of its event: a
// call with several messages (sendmmsg) logs one for each of them.
type Call struct {
	Case     string `json:"case"`
	PID, TID int
	// Rets are the results of the call's attempts in order: a restarted call
	// has -512 and then its result, a killed one -512 alone.
	Rets []int64

	Sockfd   int32
	Flags    uint32
	MsgPtr   uint64
	Readable bool // whether the msghdr is; if not, the fields below are not set

	NamePtr    uint64
	NameLen    int32
	IovPtr     uint64
	IovLen     uint64
	ControlPtr uint64
	ControlLen uint64
	MsgFlags   uint32

	// The event's call, entry_path, abi and origin; 0 stands for sendmsg, syscall,
	// 64 and U.
	Call, EntryPath, ABI, Origin int64 `json:",omitempty"`
	// Needs names what a tier may declare unavailable (compat32, io_uring, kernel):
	// it then has no event of this call.
	Needs []string `json:",omitempty"`
	// Ints and Bytes say what other columns hold, by name, or replace what
	// follows from the fields here; nil is null.
	Ints  map[string]*int64 `json:",omitempty"`
	Bytes map[string][]byte `json:",omitempty"`

	// What stands behind the pointers, as far as the kernel would read it: 128
	// bytes of name, all control, all iovecs. Nil where there is nothing
	// readable.
	Name, Control     []byte
	IovBases, IovLens []uint64

	// Cold says that the memory had never been touched when the call was made,
	// so that a hook that may not sleep cannot read it.
	Cold bool `json:",omitempty"`
	// Raced says that the descriptor named another file when the call returned.
	Raced  bool    `json:",omitempty"`
	Socket *Socket // nil when the descriptor is no socket
}

// Socket is what the caller can ask the kernel about its socket.
type Socket struct {
	Family, Type, Protocol, Inode int64
	LocalAddress, RemoteAddress   []byte // AF_INET and AF_INET6
	LocalPort, RemotePort         int64
	LocalPath, RemotePath         []byte // AF_UNIX, a leading NUL is abstract
	HasPeer                       bool
	PeerPID                       int64 // -1 when the family has none
	SndbufLimit                   int64 // -1 when unknown
}

// Requested is the sum of the iovecs' lengths, and whether the kernel would
// accept them.
func (c *Call) Requested() (int64, bool) {
	if !c.Readable || c.IovLen > 1024 || uint64(len(c.IovLens)) != c.IovLen {
		return 0, false
	}
	var sum int64
	for _, n := range c.IovLens {
		if int64(n) < 0 || c.ABI > 1 && int32(n) < 0 {
			return 0, false
		}
		sum += int64(n)
	}
	return sum, true
}

// Read returns the calls of a log in the order in which they were written.
func Read(path string) ([]Call, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer f.Close()
	var calls []Call
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var c Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("decode line %d of %s: %w", len(calls)+1, path, err)
		}
		calls = append(calls, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return calls, nil
}

// Load is what a loader prints when it is done.
type Load struct {
	PID         int
	TIDs        []int
	Calls       int64   // exact number of sendmsg calls that returned
	Interrupted int64   // of them, those that a signal ended
	Inodes      []int64 `json:",omitempty"` // sockets that were sent from
	Bytes       int64   `json:",omitempty"` // that came out of them, when counted
	NSPerCall   float64 // time of the loop, with its reading back
	// MedianNSPerCall is that of the middle one of equal batches of calls; what
	// interrupts few of them has no part in it.
	MedianNSPerCall float64 `json:",omitempty"`
}

// Request is a sendmsg that was submitted to io_uring.
type Request struct {
	UserData uint64
	Call     Call
	Ret      int64
	Blocked  bool // it has not completed
	Silent   bool // it succeeded and asked for no completion then
	Worker   bool // a thread of io_uring's executes it
	Poller   bool // a thread of io_uring's has taken it from the queue
}
