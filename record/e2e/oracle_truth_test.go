//go:build privileged

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// compareTruth compares an event with what its caller knows of the call. last
// says that this is the attempt that returned to the caller, read when the
// msghdr was read.
func compareTruth(t *testing.T, e *event, want *truth.Call, ret int64, last bool, read schema.Source) {
	t.Helper()
	num := func(c schema.ColumnID, want int64) {
		t.Helper()
		if got, ok := e.int(c); !ok || got != want {
			t.Errorf("%s: recorded %s, called with %d", schema.ByID(c).Name, text(e, c), want)
		}
	}
	num(schema.ColRet, ret)
	num(schema.ColPID, int64(want.PID))
	num(schema.ColTID, int64(want.TID))
	num(schema.ColUID, int64(os.Getuid()))
	num(schema.ColGID, int64(os.Getgid()))
	num(schema.ColCall, schema.CallSendmsg)
	num(schema.ColSockfd, int64(want.Sockfd))
	num(schema.ColMsgPtr, int64(want.MsgPtr))
	num(schema.ColFlags, int64(want.Flags))
	if e.durationNS <= 0 {
		t.Errorf("duration_ns: %d", e.durationNS)
	}
	compareSocket(t, e, want, last)
	if !want.Readable {
		source(t, e, schema.ColMsghdrSource, schema.SourceFaulted)
		for _, c := range []schema.ColumnID{schema.ColMsgNamePtr, schema.ColMsgNamelen, schema.ColMsgIovlen,
			schema.ColMsgControlPtr, schema.ColMsgFlags, schema.ColRequestedBytes} {
			if _, ok := e.int(c); ok {
				t.Errorf("%s: recorded %s of an unreadable msghdr", schema.ByID(c).Name, text(e, c))
			}
		}
		return
	}
	source(t, e, schema.ColMsghdrSource, read)
	num(schema.ColMsgNamePtr, int64(want.NamePtr))
	num(schema.ColMsgNamelen, int64(want.NameLen))
	num(schema.ColMsgIovPtr, int64(want.IovPtr))
	num(schema.ColMsgIovlen, int64(want.IovLen))
	num(schema.ColMsgControlPtr, int64(want.ControlPtr))
	num(schema.ColMsgControllen, int64(want.ControlLen))
	num(schema.ColMsgFlags, int64(want.MsgFlags))
	compareBytes(t, e, schema.ColName, want.Name, 128)
	if want.ControlLen < 1<<31 { // above, the kernel reads nothing
		compareBytes(t, e, schema.ColControl, want.Control, 4096)
	}
	list(t, e, schema.ColIovBase, want.IovBases)
	list(t, e, schema.ColIovLen, want.IovLens)
	sum, ok := want.Requested()
	if got, have := e.int(schema.ColRequestedBytes); have != ok || got != sum {
		t.Errorf("requested_bytes: recorded %s, asked for %d (%v)", text(e, schema.ColRequestedBytes), sum, ok)
	}
}

func text(e *event, c schema.ColumnID) string {
	if v, ok := e.int(c); ok {
		return fmt.Sprint(v)
	}
	return "null"
}

func source(t *testing.T, e *event, c schema.ColumnID, want schema.Source) {
	t.Helper()
	if got, _ := e.int(c); got != int64(want) {
		t.Errorf("%s: recorded %s, expected %s", schema.ByID(c).Name, schema.SourceEnum.Name(got), schema.SourceEnum.Name(int64(want)))
	}
}

// compareBytes compares a byte string up to what a recording keeps of it.
func compareBytes(t *testing.T, e *event, c schema.ColumnID, want []byte, keep int) {
	t.Helper()
	got, ok := e.bytes[c]
	want = want[:min(len(want), keep)]
	if len(want) == 0 && len(got) == 0 {
		return // null or empty: the pointer and the length tell
	}
	if !ok || !bytes.Equal(got, want) {
		t.Errorf("%s: recorded %x, passed %x", schema.ByID(c).Name, got, want)
	}
}

func list(t *testing.T, e *event, c schema.ColumnID, want []uint64) {
	t.Helper()
	want = want[:min(len(want), 8)]
	got := e.lists[c]
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || uint64(got[i]) != want[i] {
			t.Errorf("%s: recorded %x, passed %x", schema.ByID(c).Name, got, want)
			return
		}
	}
}

// compareSocket compares the socket columns with what getsockname and its kind
// said before the call.
func compareSocket(t *testing.T, e *event, want *truth.Call, last bool) {
	t.Helper()
	s := want.Socket
	if s == nil {
		source(t, e, schema.ColSocketSource, schema.SourceNull)
		if _, ok := e.int(schema.ColSocketFamily); ok {
			t.Errorf("socket_family: recorded %s of a descriptor that is no socket", text(e, schema.ColSocketFamily))
		}
		return
	}
	if want.Raced && last {
		source(t, e, schema.ColSocketSource, schema.SourceRaced)
	} else {
		source(t, e, schema.ColSocketSource, schema.SourceEntry)
	}
	optional := func(c schema.ColumnID, want int64, have bool) {
		t.Helper()
		if got, ok := e.int(c); ok != have || have && got != want {
			t.Errorf("%s: recorded %s, the socket says %d (%v)", schema.ByID(c).Name, text(e, c), want, have)
		}
	}
	inet := s.Family == unix.AF_INET || s.Family == unix.AF_INET6
	optional(schema.ColSocketFamily, s.Family, true)
	optional(schema.ColSocketType, s.Type, true)
	optional(schema.ColSocketProtocol, s.Protocol, true)
	optional(schema.ColSocketInode, s.Inode, true)
	optional(schema.ColSndbufLimit, s.SndbufLimit, s.SndbufLimit >= 0)
	optional(schema.ColLocalPort, s.LocalPort, inet)
	optional(schema.ColRemotePort, s.RemotePort, inet)
	optional(schema.ColPeerPID, s.PeerPID, s.PeerPID > 0)
	compareAddress(t, e, schema.ColLocalAddress, s.LocalAddress, inet)
	compareAddress(t, e, schema.ColRemoteAddress, s.RemoteAddress, inet)
	compareAddress(t, e, schema.ColLocalPath, s.LocalPath, s.Family == unix.AF_UNIX)
	compareAddress(t, e, schema.ColRemotePath, s.RemotePath, s.Family == unix.AF_UNIX && s.HasPeer)
}

func compareAddress(t *testing.T, e *event, c schema.ColumnID, want []byte, have bool) {
	t.Helper()
	got, ok := e.bytes[c]
	trimmed := got
	switch {
	case len(got) > 0 && got[0] != 0 && c != schema.ColLocalAddress && c != schema.ColRemoteAddress:
		trimmed = bytes.TrimRight(got, "\x00") // a path may keep its NUL
	case len(want) == 0 && len(bytes.Trim(got, "\x00")) == 0:
		trimmed = nil // not connected: all zero
	}
	if ok != have || have && !bytes.Equal(trimmed, want) {
		t.Errorf("%s: recorded %q (%v), the socket says %q (%v)", schema.ByID(c).Name, got, ok, want, have)
	}
}
