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

// comparison is one event beside what its caller knows of the call. A column
// that the tier declares unavailable has to be null.
type comparison struct {
	t           *testing.T
	e           *event
	want        *truth.Call
	unavailable map[string]string
}

// compareTruth compares an event with what its caller knows of the call. last
// says that this is the attempt that returned to the caller, read when the
// msghdr was read.
func compareTruth(t *testing.T, e *event, want *truth.Call, unavailable map[string]string, ret int64, last bool, read schema.Source) {
	t.Helper()
	c := &comparison{t, e, want, unavailable}
	c.num(schema.ColRet, ret)
	c.num(schema.ColPID, int64(want.PID))
	c.num(schema.ColTID, int64(want.TID))
	c.num(schema.ColUID, int64(os.Getuid()))
	c.num(schema.ColGID, int64(os.Getgid()))
	c.num(schema.ColCall, schema.CallSendmsg)
	c.num(schema.ColSockfd, int64(want.Sockfd))
	c.num(schema.ColMsgPtr, int64(want.MsgPtr))
	c.num(schema.ColFlags, int64(want.Flags))
	if e.durationNS <= 0 {
		t.Errorf("duration_ns: %d", e.durationNS)
	}
	c.socket(last)
	if !want.Readable {
		c.source(schema.ColMsghdrSource, schema.SourceFaulted)
		for _, col := range []schema.ColumnID{schema.ColMsgNamePtr, schema.ColMsgNamelen, schema.ColMsgIovlen,
			schema.ColMsgControlPtr, schema.ColMsgFlags, schema.ColRequestedBytes} {
			c.optional(col, 0, false)
		}
		return
	}
	c.source(schema.ColMsghdrSource, read)
	c.num(schema.ColMsgNamePtr, int64(want.NamePtr))
	c.num(schema.ColMsgNamelen, int64(want.NameLen))
	c.num(schema.ColMsgIovPtr, int64(want.IovPtr))
	c.num(schema.ColMsgIovlen, int64(want.IovLen))
	c.num(schema.ColMsgControlPtr, int64(want.ControlPtr))
	c.num(schema.ColMsgControllen, int64(want.ControlLen))
	c.num(schema.ColMsgFlags, int64(want.MsgFlags))
	c.bytes(schema.ColName, want.Name, 128)
	if want.ControlLen < 1<<31 { // above, the kernel reads nothing
		c.bytes(schema.ColControl, want.Control, 4096)
	}
	c.list(schema.ColIovBase, want.IovBases)
	c.list(schema.ColIovLen, want.IovLens)
	sum, ok := want.Requested()
	c.optional(schema.ColRequestedBytes, sum, ok)
}

func text(e *event, c schema.ColumnID) string {
	if v, ok := e.int(c); ok {
		return fmt.Sprint(v)
	}
	return "null"
}

// hidden reports whether the tier declares the column unavailable.
func (c *comparison) hidden(col schema.ColumnID) bool {
	name := schema.ByID(col).Name
	if _, ok := c.unavailable[name]; !ok {
		return false
	}
	_, number := c.e.int(col)
	if number || c.e.bytes[col] != nil || c.e.lists[col] != nil {
		c.t.Errorf("%s: recorded, though this tier declares it unavailable", name)
	}
	return true
}

func (c *comparison) num(col schema.ColumnID, want int64) {
	c.t.Helper()
	c.optional(col, want, true)
}

// optional compares a column that is null unless have.
func (c *comparison) optional(col schema.ColumnID, want int64, have bool) {
	c.t.Helper()
	if c.hidden(col) {
		return
	}
	expected := "null"
	if have {
		expected = fmt.Sprint(want)
	}
	if got := text(c.e, col); got != expected {
		c.t.Errorf("%s: recorded %s, expected %s", schema.ByID(col).Name, got, expected)
	}
}

func (c *comparison) source(col schema.ColumnID, want schema.Source) {
	c.t.Helper()
	if c.hidden(col) {
		return
	}
	if got, _ := c.e.int(col); got != int64(want) {
		c.t.Errorf("%s: recorded %s, expected %s", schema.ByID(col).Name, schema.SourceEnum.Name(got), schema.SourceEnum.Name(int64(want)))
	}
}

// bytes compares a byte string up to what a recording keeps of it.
func (c *comparison) bytes(col schema.ColumnID, want []byte, keep int) {
	c.t.Helper()
	if c.hidden(col) {
		return
	}
	got, ok := c.e.bytes[col]
	want = want[:min(len(want), keep)]
	if len(want) == 0 && len(got) == 0 {
		return // null or empty: the pointer and the length tell
	}
	if !ok || !bytes.Equal(got, want) {
		c.t.Errorf("%s: recorded %x, passed %x", schema.ByID(col).Name, got, want)
	}
}

func (c *comparison) list(col schema.ColumnID, want []uint64) {
	c.t.Helper()
	if c.hidden(col) {
		return
	}
	want = want[:min(len(want), 8)]
	got := c.e.lists[col]
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || uint64(got[i]) != want[i] {
			c.t.Errorf("%s: recorded %x, passed %x", schema.ByID(col).Name, got, want)
			return
		}
	}
}

// socket compares the socket columns with what getsockname and its kind said
// before the call.
func (c *comparison) socket(last bool) {
	c.t.Helper()
	s := c.want.Socket
	if s == nil {
		c.source(schema.ColSocketSource, schema.SourceNull)
		c.optional(schema.ColSocketFamily, 0, false)
		return
	}
	if c.want.Raced && last {
		c.source(schema.ColSocketSource, schema.SourceRaced)
	} else {
		c.source(schema.ColSocketSource, schema.SourceEntry)
	}
	inet := s.Family == unix.AF_INET || s.Family == unix.AF_INET6
	c.optional(schema.ColSocketFamily, s.Family, true)
	c.optional(schema.ColSocketType, s.Type, true)
	c.optional(schema.ColSocketProtocol, s.Protocol, true)
	c.optional(schema.ColSocketInode, s.Inode, true)
	c.optional(schema.ColSndbufLimit, s.SndbufLimit, s.SndbufLimit >= 0)
	c.optional(schema.ColLocalPort, s.LocalPort, inet)
	c.optional(schema.ColRemotePort, s.RemotePort, inet)
	c.optional(schema.ColPeerPID, s.PeerPID, s.PeerPID > 0)
	c.address(schema.ColLocalAddress, s.LocalAddress, inet)
	c.address(schema.ColRemoteAddress, s.RemoteAddress, inet)
	c.address(schema.ColLocalPath, s.LocalPath, s.Family == unix.AF_UNIX)
	c.address(schema.ColRemotePath, s.RemotePath, s.Family == unix.AF_UNIX && s.HasPeer)
}

func (c *comparison) address(col schema.ColumnID, want []byte, have bool) {
	c.t.Helper()
	if c.hidden(col) {
		return
	}
	got, ok := c.e.bytes[col]
	trimmed := got
	switch {
	case len(got) > 0 && got[0] != 0 && col != schema.ColLocalAddress && col != schema.ColRemoteAddress:
		trimmed = bytes.TrimRight(got, "\x00") // a path may keep its NUL
	case len(want) == 0 && len(bytes.Trim(got, "\x00")) == 0:
		trimmed = nil // not connected: all zero
	}
	if ok != have || have && !bytes.Equal(trimmed, want) {
		c.t.Errorf("%s: recorded %q (%v), the socket says %q (%v)", schema.ByID(col).Name, got, ok, want, have)
	}
}
