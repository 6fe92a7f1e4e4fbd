package record

import (
	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// present says which arguments and msghdr fields a call has.
type present struct {
	msgPtr, flags         bool
	namePtr, namelen      bool
	iov, control          bool // their pointers, and the number of iovecs
	controllen, fromMsg   bool // msg_controllen, msg_flags
	vector, file, request bool // parts of the Extra
}

func presentIn(c *bpf.Call, x *callExtra) present {
	p := present{msgPtr: true, flags: true}
	switch c.Call {
	case schema.CallSendto:
		p.msgPtr, p.namePtr, p.namelen = false, true, true
	case schema.CallRecvfrom:
		// Its msghdr_source is about addrlen.
		p.msgPtr, p.namePtr, p.namelen = false, true, c.MsghdrSource == uint8(schema.SourceEntry)
	case schema.CallSendfile:
		p.msgPtr, p.flags = false, false
	default:
		msghdr := has(c.MsghdrSource)
		// Read at exit, the lengths of a receive are what was received.
		given := msghdr && (!schema.Receives(int64(c.Call)) || c.MsghdrSource != uint8(schema.SourceExit))
		p.namePtr, p.iov, p.control = msghdr, msghdr, msghdr
		p.namelen, p.controllen, p.fromMsg = given, given, given
	}
	p.vector = x.present&bpf.ExtraVector != 0
	p.file = x.present&bpf.ExtraFile != 0
	p.request = x.present&bpf.ExtraIO != 0
	return p
}

// callRow returns the row of the event's arguments and msghdr scalars.
func (b *builder) callRow(e *bpf.Event, g *bpf.Groups, last int32) int32 {
	key := bytesOf(&g.Call)
	x := callExtraOf(e)
	if x.present != 0 {
		b.key = append(append(b.key[:0], key...), bytesOf(&x)...)
		key = b.key
	}
	if b.calls.is(last, key) {
		return last
	}
	row, isNew := b.calls.find(key)
	if isNew {
		rowWriter{b, int(row)}.call(&g.Call, &x)
	}
	return row
}

// call appends the row of a call.
func (w rowWriter) call(c *bpf.Call, x *callExtra) {
	p := presentIn(c, x)
	w.int(schema.ColCall, int64(c.Call))
	w.int(schema.ColEntryPath, int64(c.EntryPath))
	w.int(schema.ColABI, int64(c.ABI))
	w.int(schema.ColOrigin, int64(c.Origin))
	w.int(schema.ColSockfd, int64(c.Sockfd))
	w.intIf(schema.ColMsgPtr, p.msgPtr, int64(c.MsgPtr))
	w.intIf(schema.ColFlags, p.flags, int64(c.Flags))
	w.intIf(schema.ColMsgNamePtr, p.namePtr, int64(c.MsgNamePtr))
	w.intIf(schema.ColMsgNamelen, p.namelen, int64(c.MsgNamelen))
	w.intIf(schema.ColMsgIovPtr, p.iov, int64(c.MsgIovPtr))
	w.intIf(schema.ColMsgIovlen, p.iov, int64(c.MsgIovlen))
	w.intIf(schema.ColMsgControlPtr, p.control, int64(c.MsgControlPtr))
	w.intIf(schema.ColMsgControllen, p.controllen, int64(c.MsgControllen))
	w.intIf(schema.ColMsgFlags, p.fromMsg, int64(c.MsgFlags))
	w.int(schema.ColMsghdrSource, int64(c.MsghdrSource))
	w.int(schema.ColNameSource, int64(c.NameSource))
	w.int(schema.ColIovSource, int64(c.IovSource))
	w.int(schema.ColControlSource, int64(c.ControlSource))
	w.int(schema.ColSocketSource, int64(c.SocketSource))
	w.intIf(schema.ColVlen, p.vector, int64(x.vlen))
	w.intIf(schema.ColInFd, p.file, int64(x.inFD))
	w.intIf(schema.ColOffsetPtr, p.file, int64(x.offsetPtr))
	w.intIf(schema.ColIOOpcode, p.request, int64(x.opcode))
}
