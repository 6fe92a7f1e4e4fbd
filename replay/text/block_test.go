package text_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// values is one event: int for int columns, string for bytes columns, []int64
// for lists; a column that is missing is null.
type values map[schema.ColumnID]any

// with returns a copy in which other's values replace v's; nil makes a null.
func (v values) with(other values) values {
	m := values{}
	for c, x := range v {
		m[c] = x
	}
	for c, x := range other {
		if x == nil {
			delete(m, c)
		} else {
			m[c] = x
		}
	}
	return m
}

// newBlock returns a block of the events, in which equal rows of the tables
// are stored once, as the recorder does.
func newBlock(t testing.TB, events ...values) *segment.Block {
	b := &segment.Block{}
	type key struct {
		table schema.Table
		row   string
	}
	seen := map[key]int64{}
	for _, e := range events {
		for table := schema.TableEvent + 1; table < schema.NumTables; table++ {
			k := key{table, rowKey(t, table, e)}
			ref, ok := seen[k]
			if !ok {
				ref = int64(b.Rows[table])
				seen[k] = ref
				appendRow(t, b, table, e)
			}
			col := &b.Cols[schema.RefOf(table)]
			col.Ints = append(col.Ints, ref)
		}
		appendRow(t, b, schema.TableEvent, e)
	}
	return b
}

func rowKey(t testing.TB, table schema.Table, e values) string {
	one := &segment.Block{}
	appendRow(t, one, table, e)
	var s strings.Builder
	for _, c := range schema.Columns() {
		if c.Table != table {
			continue
		}
		v := &one.Cols[c.ID]
		for _, x := range v.Ints {
			s.WriteString(schema.CallEnum.Name(x + 1000))
			s.WriteByte(',')
		}
		s.Write(v.Bytes)
		if v.IsNull(0) {
			s.WriteString("null")
		}
		s.WriteByte(';')
	}
	return s.String()
}

func appendRow(t testing.TB, b *segment.Block, table schema.Table, e values) {
	row := b.Rows[table]
	b.Rows[table]++
	for _, c := range schema.Columns() {
		if c.Table != table {
			continue
		}
		v := &b.Cols[c.ID]
		x, ok := e[c.ID]
		if !ok {
			v.SetNull(row)
		}
		switch c.Kind {
		case schema.KindInt:
			n, isInt := x.(int)
			if ok && !isInt {
				t.Fatalf("%s is %T", c.Name, x)
			}
			v.Ints = append(v.Ints, int64(n))
		case schema.KindBytes:
			s, _ := x.(string)
			v.AppendBytes([]byte(s))
		case schema.KindIntList:
			list, _ := x.([]int64)
			v.Ints = append(v.Ints, list...)
			v.EndList()
		}
	}
}

func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// plainEvent is a send on a TCP connection of which all is known.
var plainEvent = values{
	schema.ColCPU: 1, schema.ColSeq: 42, schema.ColTimeNS: 1_000_000_001, schema.ColDurationNS: 12_345, schema.ColRet: 13,
	schema.ColRequestedBytes: 13, schema.ColSndbufUsed: 2304,
	schema.ColIovBase: []int64{0x7f0000001000, 0x7f0000002000}, schema.ColIovLen: []int64{8, 5}, schema.ColTOCTOU: 0,
	schema.ColPID: 1234, schema.ColTID: 1235, schema.ColUID: 1000, schema.ColGID: 100, schema.ColComm: "nginx",
	schema.ColStartTimeNS: 500_000_000, schema.ColCgroupID: 77, schema.ColNetns: 4026531840,
	schema.ColCall: 1, schema.ColEntryPath: 1, schema.ColABI: 1, schema.ColOrigin: 1,
	schema.ColSockfd: 3, schema.ColMsgPtr: 0x7ffe00000010, schema.ColFlags: 0x4040,
	schema.ColMsgNamePtr: 0, schema.ColMsgNamelen: 0, schema.ColMsgIovPtr: 0x7ffe00000100, schema.ColMsgIovlen: 2,
	schema.ColMsgControlPtr: 0, schema.ColMsgControllen: 0, schema.ColMsgFlags: 0,
	schema.ColMsghdrSource: 1, schema.ColNameSource: 8, schema.ColIovSource: 1, schema.ColControlSource: 8, schema.ColSocketSource: 3,
	schema.ColSocketFamily: 2, schema.ColSocketType: 1, schema.ColSocketProtocol: 6, schema.ColSocketInode: 46399,
	schema.ColLocalAddress: unhex("7f000001"), schema.ColLocalPort: 4444, schema.ColRemoteAddress: unhex("7f000001"), schema.ColRemotePort: 5555,
	schema.ColSndbufLimit: 2626560,
}

// noSocket takes the socket from an event.
var noSocket = values{
	schema.ColSndbufUsed: nil, schema.ColSocketSource: 8,
	schema.ColSocketFamily: nil, schema.ColSocketType: nil, schema.ColSocketProtocol: nil, schema.ColSocketInode: nil,
	schema.ColLocalAddress: nil, schema.ColLocalPort: nil, schema.ColRemoteAddress: nil, schema.ColRemotePort: nil,
	schema.ColSndbufLimit: nil,
}

// unixSocket makes the socket a connected Unix one.
var unixSocket = values{
	schema.ColSocketFamily: 1, schema.ColSocketProtocol: 0, schema.ColSocketInode: 46400,
	schema.ColLocalAddress: nil, schema.ColLocalPort: nil, schema.ColRemoteAddress: nil, schema.ColRemotePort: nil,
	schema.ColLocalPath: "/run/x", schema.ColRemotePath: "\x00peer", schema.ColPeerPID: 77, schema.ColSndbufLimit: 212992,
}

// udpSocket makes the socket a UDP one that is not connected.
var udpSocket = values{
	schema.ColSocketType: 2, schema.ColSocketProtocol: 17, schema.ColLocalAddress: unhex("00000000"), schema.ColLocalPort: 0,
	schema.ColRemoteAddress: unhex("00000000"), schema.ColRemotePort: 0,
}

// dns is a destination.
var dns = values{schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColMsgNamelen: 16, schema.ColName: unhex("0200 14e9 7f000001 0000000000000000"), schema.ColNameSource: 1}

// toDNS is a datagram with a msghdr.
var toDNS = plainEvent.with(udpSocket).with(dns)

// noMsghdr is a call without one.
var noMsghdr = plainEvent.with(values{
	schema.ColIovBase: nil, schema.ColIovLen: nil, schema.ColRequestedBytes: nil,
	schema.ColMsgNamePtr: nil, schema.ColMsgNamelen: nil, schema.ColMsgIovPtr: nil, schema.ColMsgIovlen: nil,
	schema.ColMsgControlPtr: nil, schema.ColMsgControllen: nil, schema.ColMsgFlags: nil,
	schema.ColMsghdrSource: 8, schema.ColNameSource: 8, schema.ColIovSource: 8, schema.ColControlSource: 8,
})

// oneBuffer is the arguments of sendto and recvfrom.
var oneBuffer = values{schema.ColMsgPtr: nil, schema.ColIovBase: []int64{0x7f0000001000}, schema.ColIovLen: []int64{13}, schema.ColRequestedBytes: 13, schema.ColIovSource: 1}

var rightsAndCredentials = unhex("1800000000000000 01000000 01000000 00000000 01000000" +
	"1c00000000000000 01000000 02000000 185f0000 00000000 00000000 00000000")

// sentence is an event with what it shows.
type sentence struct {
	name  string
	event values
}

var sentences = []sentence{
	{"a send on a TCP connection", plainEvent},
	{"the same again, from the cache of the tables", plainEvent.with(values{schema.ColSeq: 43, schema.ColTimeNS: 1_000_100_001, schema.ColRet: 8})},
	{"descriptors and credentials on a Unix socket", plainEvent.with(unixSocket).with(values{
		schema.ColMsgControlPtr: 0x7ffe5ef15000, schema.ColMsgControllen: 56, schema.ColControl: rightsAndCredentials, schema.ColControlSource: 1})},
	{"a datagram to a named address", plainEvent.with(udpSocket).with(values{
		schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColMsgNamelen: 16, schema.ColName: unhex("0200 14e9 7f000001 0000000000000000"), schema.ColNameSource: 1})},
	{"a socket address whose namelen is above 128", plainEvent.with(udpSocket).with(values{
		schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColMsgNamelen: 300, schema.ColName: unhex("0200 14e9 7f000001 0000000000000000" + strings.Repeat("00", 112)), schema.ColNameSource: 1})},
	{"a negative msg_namelen", plainEvent.with(udpSocket).with(values{
		schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColMsgNamelen: -1, schema.ColNameSource: 9, schema.ColRet: -22})},
	{"a name that could not be read", plainEvent.with(udpSocket).with(values{
		schema.ColMsgNamePtr: 8, schema.ColMsgNamelen: 16, schema.ColNameSource: 4, schema.ColRet: -14})},
	{"a msghdr that could not be read", plainEvent.with(values{
		schema.ColMsgPtr: 8, schema.ColRet: -14, schema.ColRequestedBytes: nil, schema.ColIovBase: nil, schema.ColIovLen: nil,
		schema.ColMsgNamePtr: nil, schema.ColMsgNamelen: nil, schema.ColMsgIovPtr: nil, schema.ColMsgIovlen: nil,
		schema.ColMsgControlPtr: nil, schema.ColMsgControllen: nil, schema.ColMsgFlags: nil,
		schema.ColMsghdrSource: 4, schema.ColNameSource: 4, schema.ColIovSource: 4, schema.ColControlSource: 4})},
	{"a descriptor that is none", plainEvent.with(noSocket).with(values{schema.ColSockfd: -1, schema.ColRet: -9})},
	{"a call to be restarted after a signal", plainEvent.with(values{schema.ColRet: -512, schema.ColFlags: 0})},
	{"a call that had not returned", plainEvent.with(values{schema.ColRet: nil, schema.ColDurationNS: nil})},
	{"more iovecs than are kept", plainEvent.with(values{
		schema.ColIovBase: []int64{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80}, schema.ColIovLen: []int64{1, 0, 1, 1, 1, 1, 1, 1},
		schema.ColMsgIovlen: 11, schema.ColIovSource: 5, schema.ColRequestedBytes: 10, schema.ColRet: 10})},
	{"more iovecs than the kernel takes", plainEvent.with(values{
		schema.ColIovBase: nil, schema.ColIovLen: nil, schema.ColRequestedBytes: nil, schema.ColMsgIovlen: 1025, schema.ColIovSource: 9, schema.ColRet: -90})},
	{"a negative iov_len", plainEvent.with(values{
		schema.ColIovBase: []int64{0}, schema.ColIovLen: []int64{-1}, schema.ColMsgIovlen: 1, schema.ColRequestedBytes: nil, schema.ColRet: -22})},
	{"no iovec", plainEvent.with(values{
		schema.ColIovBase: []int64{}, schema.ColIovLen: []int64{}, schema.ColMsgIovlen: 0, schema.ColRequestedBytes: 0, schema.ColRet: 0, schema.ColIovSource: 8})},
	{"no iovec and no array", plainEvent.with(values{
		schema.ColMsgIovPtr: 0, schema.ColIovBase: nil, schema.ColIovLen: nil, schema.ColMsgIovlen: 0, schema.ColRequestedBytes: 0, schema.ColRet: 0, schema.ColIovSource: 8})},
	{"a control list that could not be read", plainEvent.with(values{
		schema.ColMsgControlPtr: 0, schema.ColMsgControllen: 4, schema.ColControlSource: 8, schema.ColRet: -14})},
	{"a control list that is too large, of which the start is kept", plainEvent.with(unixSocket).with(values{
		schema.ColMsgControlPtr: 0x7f0000000000, schema.ColMsgControllen: 1 << 20, schema.ColControl: rightsAndCredentials, schema.ColControlSource: 5, schema.ColRet: -105})},
	{"a malformed control list", plainEvent.with(unixSocket).with(values{
		schema.ColMsgControlPtr: 0x7ffe5ef15080, schema.ColMsgControllen: 24, schema.ColControl: unhex("0000000000000000 00000000 00000000 0000000000000000"),
		schema.ColControlSource: 1, schema.ColRet: -22})},
	{"UDP segmentation over IPv6", plainEvent.with(udpSocket).with(values{
		schema.ColSocketFamily: 10, schema.ColLocalAddress: unhex("00000000000000000000000000000000"), schema.ColLocalPort: 53,
		schema.ColRemoteAddress: unhex("20010db8000000000000000000000001"), schema.ColRemotePort: 443,
		schema.ColMsgControlPtr: 0x7ffe5ef15080, schema.ColMsgControllen: 24, schema.ColControl: unhex("1200000000000000 11000000 67000000 7805 000000000000"), schema.ColControlSource: 1})},
	{"a netlink request of a process whose name is hostile", plainEvent.with(values{
		schema.ColSocketFamily: 16, schema.ColSocketType: 3, schema.ColSocketProtocol: 0,
		schema.ColLocalAddress: nil, schema.ColLocalPort: nil, schema.ColRemoteAddress: nil, schema.ColRemotePort: nil,
		schema.ColTID: 1234, schema.ColComm: "\x1b[2J>\"\xff\n=,",
		schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColMsgNamelen: 12, schema.ColName: unhex("1000 0000 00000000 01000000"), schema.ColNameSource: 1})},
	{"a descriptor that was replaced during the call", plainEvent.with(noSocket).with(values{schema.ColSocketSource: 7})},
	{"an unbound Unix socket to an unnamed peer", plainEvent.with(unixSocket).with(values{
		schema.ColSocketType: 5, schema.ColLocalPath: "", schema.ColRemotePath: "", schema.ColPeerPID: nil})},
	{"a Unix path with a quote and bytes that are not UTF-8", plainEvent.with(unixSocket).with(values{
		schema.ColLocalPath: "/run/\"\xff\x1b\\x", schema.ColRemotePath: nil})},
	{"a 32-bit caller's second attempt, whose iovecs changed under way", plainEvent.with(unixSocket).with(values{
		schema.ColABI: 2, schema.ColAttemptOf: 7, schema.ColTOCTOU: 4, schema.ColMsghdrSource: 7, schema.ColEntryPath: 2,
		schema.ColMsgControlPtr: 0x1000, schema.ColMsgControllen: 16, schema.ColControl: unhex("10000000 00000000 02000000 40000000"), schema.ColControlSource: 1})},
	{"an error without a name", plainEvent.with(values{schema.ColRet: -600})},
	{"a message of sendmmsg", toDNS.with(values{
		schema.ColCall: schema.CallSendmmsg, schema.ColVectorIndex: 2, schema.ColVlen: 5, schema.ColMsghdrSource: 3, schema.ColNameSource: 3, schema.ColIovSource: 3})},
	{"a sendmmsg of which the first message failed", toDNS.with(values{
		schema.ColCall: schema.CallSendmmsg, schema.ColVectorIndex: 0, schema.ColVlen: 5, schema.ColRet: -111})},
	{"a sendmmsg of no message", noMsghdr.with(values{schema.ColCall: schema.CallSendmmsg, schema.ColVlen: 0, schema.ColRet: 0})},
	{"a sendmmsg whose array could not be read", noMsghdr.with(values{
		schema.ColCall: schema.CallSendmmsg, schema.ColVlen: 2, schema.ColVectorIndex: 0, schema.ColMsgPtr: 8, schema.ColRet: -14, schema.ColMsghdrSource: 4})},
	{"a sendto with an address", noMsghdr.with(udpSocket).with(dns).with(oneBuffer).with(values{schema.ColCall: schema.CallSendto})},
	{"a send, which is a sendto without one", noMsghdr.with(oneBuffer).with(values{
		schema.ColCall: schema.CallSendto, schema.ColMsgNamePtr: 0, schema.ColMsgNamelen: 0})},
	{"a recvmsg with an address, descriptors and a message that was cut", toDNS.with(values{
		schema.ColCall: schema.CallRecvmsg, schema.ColMsgNamelen: 128, schema.ColOutNamelen: 16, schema.ColNameSource: 3, schema.ColFlags: 0,
		schema.ColMsgControlPtr: 0x7ffe5ef15000, schema.ColMsgControllen: 64, schema.ColOutControllen: 56, schema.ColControl: rightsAndCredentials, schema.ColControlSource: 3,
		schema.ColMsgFlags: 0x40, schema.ColOutMsgFlags: 0x20})},
	{"a recvmsg whose address and control did not fit", toDNS.with(values{
		schema.ColCall: schema.CallRecvmsg, schema.ColMsgNamelen: 4, schema.ColOutNamelen: 16, schema.ColName: unhex("0200 14e9"), schema.ColNameSource: 3,
		schema.ColMsgControlPtr: 0x7ffe5ef15000, schema.ColMsgControllen: 20, schema.ColOutControllen: 0, schema.ColControl: "", schema.ColControlSource: 8,
		schema.ColOutMsgFlags: 0x8})},
	{"a recvmsg that found nothing", toDNS.with(values{
		schema.ColCall: schema.CallRecvmsg, schema.ColMsgNamelen: 128, schema.ColName: nil, schema.ColNameSource: 8, schema.ColRet: -11})},
	{"a message of recvmmsg with a timeout", toDNS.with(values{
		schema.ColCall: schema.CallRecvmmsg, schema.ColVectorIndex: 1, schema.ColVlen: 4, schema.ColTimeoutNS: 1_500_000_000,
		schema.ColMsgNamelen: nil, schema.ColOutNamelen: 16, schema.ColMsgControllen: nil, schema.ColOutControllen: 0, schema.ColMsgFlags: nil,
		schema.ColOutMsgFlags: 0, schema.ColMsghdrSource: 3})},
	{"a recvfrom with an address", noMsghdr.with(udpSocket).with(dns).with(oneBuffer).with(values{
		schema.ColCall: schema.CallRecvfrom, schema.ColMsgNamelen: 128, schema.ColOutNamelen: 16, schema.ColNameSource: 3})},
	{"a recvfrom whose address did not fit", noMsghdr.with(udpSocket).with(dns).with(oneBuffer).with(values{
		schema.ColCall: schema.CallRecvfrom, schema.ColMsgNamelen: 4, schema.ColOutNamelen: 16, schema.ColName: unhex("0200 14e9"), schema.ColNameSource: 3})},
	{"a recvfrom that does not ask for one", noMsghdr.with(udpSocket).with(oneBuffer).with(values{
		schema.ColCall: schema.CallRecvfrom, schema.ColMsgNamePtr: 0})},
	{"a recvfrom without a length of the address", noMsghdr.with(udpSocket).with(oneBuffer).with(values{
		schema.ColCall: schema.CallRecvfrom, schema.ColMsgNamePtr: 0x7ffe00000200, schema.ColNameSource: 4, schema.ColRet: -14})},
	{"a sendfile with an offset", noMsghdr.with(values{
		schema.ColCall: schema.CallSendfile, schema.ColMsgPtr: nil, schema.ColFlags: nil, schema.ColInFd: 7, schema.ColOffsetPtr: 0x7ffe00000400, schema.ColOffset: 4096,
		schema.ColRequestedBytes: 65536, schema.ColRet: 65536})},
	{"a sendfile from where the file is, to a file", noMsghdr.with(noSocket).with(values{
		schema.ColCall: schema.CallSendfile, schema.ColMsgPtr: nil, schema.ColFlags: nil, schema.ColInFd: 7, schema.ColOffsetPtr: 0,
		schema.ColRequestedBytes: 20, schema.ColRet: 20})},
	{"a sendfile whose offset could not be read", noMsghdr.with(values{
		schema.ColCall: schema.CallSendfile, schema.ColMsgPtr: nil, schema.ColFlags: nil, schema.ColInFd: 7, schema.ColOffsetPtr: 8,
		schema.ColRequestedBytes: 20, schema.ColRet: -14})},
	{"all flags unknown", plainEvent.with(values{schema.ColFlags: 0x10100000, schema.ColMsgFlags: 0xffffffff})},
}

func sentenceBlock(t testing.TB) *segment.Block {
	events := make([]values, len(sentences))
	for i := range sentences {
		events[i] = sentences[i].event
	}
	return newBlock(t, events...)
}
