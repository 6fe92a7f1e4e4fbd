package traffic

import (
	"net/netip"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// threadKey is a recorded thread. Its process's start time tells it from a
// later one with the same numbers.
type threadKey struct {
	input    int
	pid, tid int64
	startNS  int64
}

// socketKey is a recorded socket, and where it sends to: what one socket of
// ours stands for. An inode number is used again when its socket is closed, so
// the ends belong to it.
type socketKey struct {
	input      int
	inode      int64
	protocol   protocol
	socketType int64
	localPort  int64
	remote     netip.AddrPort
	// rule is that of a connected socket; named: each datagram has an address.
	rule  int
	named bool
	// family, for named, is that of the sockets that can send to the target.
	family int
}

// call is a recorded send. Its slices are those of the block it was read from.
type call struct {
	thread     threadKey
	socket     socketKey
	rule       int
	number     int64 // schema.CallSendmsg ...
	vector     int64 // place in a sendmmsg
	timeNS     int64
	durationNS int64
	ret        int64
	flags      int64
	msgFlags   int64
	lens       []int64 // of the first iovecs
	iovecs     int64   // how many there are
	bytes      int64
	control    []byte
	controlLen int64
	abi        int64
	path       []byte // memory for the endpoint's
}

// callColumns are the columns that a reader reads.
var callColumns = []schema.ColumnID{
	schema.ColTimeNS, schema.ColDurationNS, schema.ColRet, schema.ColRequestedBytes, schema.ColIovLen, schema.ColVectorIndex,
	schema.ColTaskRef, schema.ColSocketRef, schema.ColCallRef, schema.ColNameRef, schema.ColControlRef,
	schema.ColPID, schema.ColTID, schema.ColStartTimeNS,
	schema.ColCall, schema.ColABI, schema.ColFlags, schema.ColMsgNamePtr, schema.ColMsgNamelen, schema.ColMsgIovlen,
	schema.ColMsgControlPtr, schema.ColMsgControllen, schema.ColMsgFlags,
	schema.ColName, schema.ColControl,
	schema.ColSocketFamily, schema.ColSocketType, schema.ColSocketProtocol, schema.ColSocketInode,
	schema.ColLocalPort, schema.ColRemoteAddress, schema.ColRemotePort, schema.ColRemotePath,
}

const errnoEAGAIN = 11

// read fills c with an event's call, all but where it goes, and returns its
// endpoint; or why it is not made again.
func (c *call) read(e *fields.Event, input int) (endpoint, Reason) {
	*c = call{path: c.path}
	integer := func(id schema.ColumnID) int64 {
		v, _ := e.Int(id)
		return v
	}
	c.number = integer(schema.ColCall)
	switch {
	case schema.Receives(c.number):
		return endpoint{}, Receive
	case c.number == schema.CallSendfile:
		return endpoint{}, Sendfile
	}
	var returned bool
	if c.ret, returned = e.Int(schema.ColRet); !returned {
		return endpoint{}, NotReturned
	}
	if c.ret < 0 && c.ret != -errnoEAGAIN {
		return endpoint{}, FailedThen
	}
	var ok bool
	if c.vector, ok = e.Int(schema.ColVectorIndex); !ok && c.number == schema.CallSendmmsg {
		return endpoint{}, NoMessage
	}
	family, ok := e.Int(schema.ColSocketFamily)
	if !ok {
		return endpoint{}, NoSocket
	}
	c.socket = socketKey{input: input, inode: integer(schema.ColSocketInode), socketType: integer(schema.ColSocketType), localPort: integer(schema.ColLocalPort)}
	if c.socket.protocol, ok = protocolOf(family, c.socket.socketType, integer(schema.ColSocketProtocol)); !ok {
		return endpoint{}, OtherProtocol
	}
	to, reason := c.destination(e)
	if reason != made {
		return to, reason
	}
	c.thread = threadKey{input, integer(schema.ColPID), integer(schema.ColTID), integer(schema.ColStartTimeNS)}
	c.durationNS = integer(schema.ColDurationNS)
	c.flags, c.msgFlags, c.abi = integer(schema.ColFlags), integer(schema.ColMsgFlags), integer(schema.ColABI)
	c.control, _ = e.Bytes(schema.ColControl)
	if integer(schema.ColMsgControlPtr) != 0 {
		c.controlLen = integer(schema.ColMsgControllen)
	}
	return to, c.iovec(e)
}

// destination finds out where the call sent to. Only datagrams go where
// msg_name says.
func (c *call) destination(e *fields.Event) (endpoint, Reason) {
	s := &c.socket
	name, _ := e.Bytes(schema.ColName)
	namelen, _ := e.Int(schema.ColMsgNamelen)
	if s.socketType == schema.SocketDgram {
		if pointer, _ := e.Int(schema.ColMsgNamePtr); pointer != 0 && namelen > 0 {
			s.named = true
			return c.named(name, namelen)
		}
	}
	if s.protocol.isUnix() {
		path, ok := e.Bytes(schema.ColRemotePath)
		if !ok {
			return endpoint{}, NoDestination
		}
		return c.unix(path), made
	}
	address, port, _ := fields.RemoteEnd.IP(e)
	to, ok := inet(s.protocol, address, port)
	if !ok {
		return to, NoDestination
	}
	s.remote = to.address
	return to, made
}

// named returns the endpoint in a msg_name.
func (c *call) named(name []byte, namelen int64) (endpoint, Reason) {
	if len(name) == 0 {
		return endpoint{}, Unreadable
	}
	if c.socket.protocol.isUnix() {
		path, ok := schema.SockaddrPath(name, namelen)
		if !ok {
			return endpoint{}, NoDestination
		}
		return c.unix(path), made
	}
	to, ok := inet(c.socket.protocol, schema.SockaddrIP(name, namelen), schema.SockaddrPort(name, namelen))
	if !ok {
		return to, NoDestination
	}
	return to, made
}

// unix returns the endpoint of a sun_path, in the call's memory.
func (c *call) unix(path []byte) endpoint {
	if c.path = c.path[:0]; len(path) == 0 {
		c.path = append(c.path, unnamed...)
	} else {
		c.path = schema.AppendUnixPath(c.path, path)
	}
	return endpoint{protocol: c.socket.protocol, path: c.path}
}

// maxIovecs is UIO_MAXIOV: calls with more of them fail.
const maxIovecs = 1024

// iovec reads sizes and iovecs.
func (c *call) iovec(e *fields.Event) Reason {
	requested, ok := e.Int(schema.ColRequestedBytes)
	lens, listed := e.List(schema.ColIovLen)
	c.iovecs = 1
	if c.number != schema.CallSendto {
		c.iovecs, _ = e.Int(schema.ColMsgIovlen)
	}
	if !ok || !listed && c.iovecs > 0 || int64(len(lens)) > c.iovecs || c.iovecs > maxIovecs || requested < 0 {
		return Unreadable // or not what a recorder writes of a call that succeeded
	}
	c.bytes, c.lens = requested, lens
	if c.bytes > maxMessage {
		return TooLarge
	}
	rest := requested
	for _, n := range lens {
		if n < 0 || n > rest {
			return Unreadable // it was changed while it was read
		}
		rest -= n
	}
	if rest > 0 && int64(len(lens)) == c.iovecs {
		return Unreadable
	}
	return made
}

// appendLens appends the lengths of all iovecs: behind those that are recorded,
// what is left of the bytes, evenly.
func (c *call) appendLens(dst []int64) []int64 {
	dst = append(dst, c.lens...)
	rest, n := c.bytes, c.iovecs-int64(len(c.lens))
	for _, l := range c.lens {
		rest -= l
	}
	for ; n > 0; n-- {
		l := (rest + n - 1) / n
		dst = append(dst, l)
		rest -= l
	}
	return dst
}
