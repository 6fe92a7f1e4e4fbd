//go:build privileged

package e2e_test

import (
	"bytes"
	"cmp"
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

// compareTruth compares the events of a call, one for each attempt, with what
// its caller knows of it. read says when the msghdr was read.
func compareTruth(t *testing.T, events []event, want *truth.Call, unavailable map[string]string, read schema.Source) {
	t.Helper()
	for i, ret := range want.Rets {
		c := &comparison{t, &events[i], want, unavailable}
		c.identity(ret)
		if i > 0 {
			c.optional(schema.ColAttemptOf, events[0].seq, true)
		} else {
			c.optional(schema.ColAttemptOf, 0, false)
		}
		c.socket(i == len(want.Rets)-1)
		c.header(read)
		c.others()
	}
}

// identity compares who called what, and what came of it.
func (c *comparison) identity(ret int64) {
	c.num(schema.ColRet, ret)
	c.num(schema.ColPID, int64(c.want.PID))
	c.num(schema.ColTID, int64(c.want.TID))
	c.num(schema.ColUID, int64(os.Getuid()))
	c.num(schema.ColGID, int64(os.Getgid()))
	c.num(schema.ColCall, cmp.Or(c.want.Call, schema.CallSendmsg))
	c.num(schema.ColEntryPath, cmp.Or(c.want.EntryPath, schema.EntrySyscall))
	c.num(schema.ColABI, cmp.Or(c.want.ABI, schema.ABI64))
	c.num(schema.ColOrigin, cmp.Or(c.want.Origin, schema.OriginUser))
	c.num(schema.ColSockfd, int64(c.want.Sockfd))
	c.num(schema.ColMsgPtr, int64(c.want.MsgPtr))
	c.num(schema.ColFlags, int64(c.want.Flags))
	if c.e.durationNS <= 0 {
		c.t.Errorf("duration_ns: %d", c.e.durationNS)
	}
}

// header compares the msghdr and what its pointers point to.
func (c *comparison) header(read schema.Source) {
	if !c.want.Readable {
		c.source(schema.ColMsghdrSource, schema.SourceFaulted)
		for _, col := range []schema.ColumnID{schema.ColMsgNamePtr, schema.ColMsgNamelen, schema.ColMsgIovlen,
			schema.ColMsgControlPtr, schema.ColMsgFlags, schema.ColRequestedBytes} {
			c.optional(col, 0, false)
		}
		return
	}
	c.source(schema.ColMsghdrSource, read)
	c.num(schema.ColMsgNamePtr, int64(c.want.NamePtr))
	c.num(schema.ColMsgNamelen, int64(c.want.NameLen))
	c.num(schema.ColMsgIovPtr, int64(c.want.IovPtr))
	c.num(schema.ColMsgIovlen, int64(c.want.IovLen))
	c.num(schema.ColMsgControlPtr, int64(c.want.ControlPtr))
	c.num(schema.ColMsgControllen, int64(c.want.ControlLen))
	c.num(schema.ColMsgFlags, int64(c.want.MsgFlags))
	c.bytes(schema.ColName, c.want.Name, 128)
	if c.want.ControlLen < 1<<31 { // above, the kernel reads nothing
		c.bytes(schema.ColControl, c.want.Control, 4096)
	}
	c.list(schema.ColIovBase, c.want.IovBases)
	c.list(schema.ColIovLen, c.want.IovLens)
	sum, ok := c.want.Requested()
	c.optional(schema.ColRequestedBytes, sum, ok)
}

// others compares the columns that the case names itself.
func (c *comparison) others() {
	for name := range c.want.Ints {
		c.optional(columnNamed(c.t, name), 0, false)
	}
	for name := range c.want.Bytes {
		c.bytes(columnNamed(c.t, name), nil, 1<<20)
	}
}

func columnNamed(t *testing.T, name string) schema.ColumnID {
	t.Helper()
	for _, c := range schema.Columns() {
		if c.Name == name {
			return c.ID
		}
	}
	t.Fatalf("a case names the column %q, which is not there", name)
	return 0
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
	c.optional(col, want, true)
}

// optional compares a column that is null unless have.
func (c *comparison) optional(col schema.ColumnID, want int64, have bool) {
	if c.hidden(col) {
		return
	}
	if v, ok := c.want.Ints[schema.ByID(col).Name]; ok {
		if have = v != nil; have {
			want = *v
		}
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
	if c.hidden(col) {
		return
	}
	if _, ok := c.want.Ints[schema.ByID(col).Name]; ok {
		return // others compares it
	}
	if got, _ := c.e.int(col); got != int64(want) {
		c.t.Errorf("%s: recorded %s, expected %s", schema.ByID(col).Name, schema.SourceEnum.Name(got), schema.SourceEnum.Name(int64(want)))
	}
}

// bytes compares a byte string up to what a recording keeps of it.
func (c *comparison) bytes(col schema.ColumnID, want []byte, keep int) {
	if c.hidden(col) {
		return
	}
	if v, ok := c.want.Bytes[schema.ByID(col).Name]; ok {
		want = v
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
