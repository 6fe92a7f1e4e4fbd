package gen

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The functions here append one row to a table. What a row holds depends on
// its id alone.

// appendTask appends thread number thread of program p.
func appendTask(t table, p *program, thread int64) {
	t.int(schema.ColPID, p.pid)
	t.int(schema.ColTID, p.pid+thread)
	t.int(schema.ColUID, p.uid)
	t.int(schema.ColGID, p.uid)
	t.bytes(schema.ColComm, []byte(p.comm))
	t.int(schema.ColStartTimeNS, p.pid*1_000_000_007)
	t.int(schema.ColCgroupID, p.cgroup)
	t.int(schema.ColNetns, p.netns)
}

var socketInts = []schema.ColumnID{
	schema.ColSocketFamily, schema.ColSocketType, schema.ColSocketProtocol, schema.ColSocketInode,
	schema.ColLocalPort, schema.ColRemotePort, schema.ColPeerPID, schema.ColSndbufLimit,
}

var socketBytes = []schema.ColumnID{
	schema.ColLocalAddress, schema.ColRemoteAddress, schema.ColLocalPath, schema.ColRemotePath,
}

func appendNoSocket(t table) {
	for _, c := range socketInts {
		t.nullInt(c)
	}
	for _, c := range socketBytes {
		t.nullBytes(c)
	}
}

func appendSocket(t table, k kind, id int) {
	n := id - firstSocket[k]
	family, typ, protocol := int64(2), int64(1), int64(6)
	switch k {
	case kindTCP6:
		family = 10
	case kindDNS, kindQUIC:
		typ, protocol = 2, 17
	case kindUnix:
		family, protocol = 1, 0
	case kindNetlink:
		family, typ, protocol = 16, 3, 0
	}
	t.int(schema.ColSocketFamily, family)
	t.int(schema.ColSocketType, typ)
	t.int(schema.ColSocketProtocol, protocol)
	t.int(schema.ColSocketInode, int64(100_000+id))
	t.int(schema.ColSndbufLimit, []int64{87040, 2626560, 212992}[id%3])
	switch k {
	case kindUnix:
		appendUnixEnds(t, n)
	case kindNetlink:
		for _, c := range []schema.ColumnID{schema.ColLocalPort, schema.ColRemotePort, schema.ColPeerPID} {
			t.nullInt(c)
		}
		for _, c := range socketBytes {
			t.nullBytes(c)
		}
	default:
		appendInetEnds(t, k, n)
	}
}

func appendUnixEnds(t table, n int) {
	t.nullInt(schema.ColLocalPort)
	t.nullInt(schema.ColRemotePort)
	t.nullBytes(schema.ColLocalAddress)
	t.nullBytes(schema.ColRemoteAddress)
	t.int(schema.ColPeerPID, int64(4000+n))
	t.bytes(schema.ColLocalPath, unixPath(n))
	t.bytes(schema.ColRemotePath, nil) // an unnamed peer
}

func appendInetEnds(t table, k kind, n int) {
	t.nullInt(schema.ColPeerPID)
	t.nullBytes(schema.ColLocalPath)
	t.nullBytes(schema.ColRemotePath)
	local4 := [4]byte{10, 0, 0, 1}
	switch k {
	case kindTCP:
		t.bytes(schema.ColLocalAddress, local4[:])
		t.int(schema.ColLocalPort, int64(32768+n%28000))
		remote := peerIPv4(n / tcpPorts)
		t.bytes(schema.ColRemoteAddress, remote[:])
		t.int(schema.ColRemotePort, int64(8000+n%tcpPorts))
	case kindTCP6:
		local, remote := peerIPv6(0xffff), peerIPv6(n/4)
		t.bytes(schema.ColLocalAddress, local[:])
		t.int(schema.ColLocalPort, int64(40000+n))
		t.bytes(schema.ColRemoteAddress, remote[:])
		t.int(schema.ColRemotePort, 443)
	case kindQUIC:
		t.bytes(schema.ColLocalAddress, local4[:])
		t.int(schema.ColLocalPort, 443)
		remote := peerIPv4(n % tcpAddresses)
		t.bytes(schema.ColRemoteAddress, remote[:])
		t.int(schema.ColRemotePort, int64(50000+n))
	case kindDNS:
		t.bytes(schema.ColLocalAddress, []byte{0, 0, 0, 0})
		t.int(schema.ColLocalPort, int64(53+n))
		t.bytes(schema.ColRemoteAddress, []byte{0, 0, 0, 0})
		t.int(schema.ColRemotePort, 0)
	}
}

// callRow is what the arguments and the msghdr of a call depend on.
type callRow struct {
	kind      kind
	socket    int // id, or -1
	iovlen    int64
	namelen   int64
	hasName   bool
	control   int   // id or controlNone
	ctllen    int64 // length of the control
	flags     int64
	badMsghdr bool
}

const (
	sourceEntry   = int64(schema.SourceEntry)
	sourceExit    = int64(schema.SourceExit)
	sourceFaulted = int64(schema.SourceFaulted)
	sourceNull    = int64(schema.SourceNull)
)

func appendCall(t table, c callRow) {
	fd := int64(5 + (c.socket+1)%1000)
	msgPtr := 0x7ffd_0000_0000 + int64(c.kind)<<20
	t.int(schema.ColCall, schema.CallSendmsg)
	t.int(schema.ColEntryPath, 1)
	t.int(schema.ColABI, 1)
	t.int(schema.ColOrigin, 1)
	t.int(schema.ColSockfd, fd)
	t.int(schema.ColMsgPtr, msgPtr)
	t.int(schema.ColFlags, c.flags)
	header := []struct {
		c schema.ColumnID
		v int64
	}{
		{schema.ColMsgNamePtr, pointerIf(c.hasName, msgPtr+0x100)},
		{schema.ColMsgNamelen, c.namelen},
		{schema.ColMsgIovPtr, msgPtr + 0x200},
		{schema.ColMsgIovlen, c.iovlen},
		{schema.ColMsgControlPtr, pointerIf(c.control != controlNone, msgPtr+0x300)},
		{schema.ColMsgControllen, c.ctllen},
		{schema.ColMsgFlags, 0},
	}
	source := func(present bool) int64 {
		switch {
		case c.badMsghdr:
			return sourceFaulted
		case present:
			return sourceEntry
		}
		return sourceNull
	}
	for _, h := range header {
		if c.badMsghdr {
			t.nullInt(h.c)
		} else {
			t.int(h.c, h.v)
		}
	}
	t.int(schema.ColMsghdrSource, source(true))
	t.int(schema.ColNameSource, source(c.hasName))
	t.int(schema.ColIovSource, source(true))
	t.int(schema.ColControlSource, source(c.control != controlNone))
	if c.socket >= 0 {
		t.int(schema.ColSocketSource, sourceExit)
	} else {
		t.int(schema.ColSocketSource, sourceNull)
	}
}

func pointerIf(present bool, p int64) int64 {
	if present {
		return p
	}
	return 0
}
