package text

import "github.com/sendmsgrec/sendmsgrec/schema"

// appendArguments appends what stands behind the descriptor in the brackets of
// a call:
//
//	sendmsg, recvmsg    {msg_name=…}, FLAGS
//	sendmmsg, recvmmsg  [[INDEX]={msg_hdr={msg_name=…}, msg_len=BYTES}], VLEN, FLAGS; recvmmsg: , TIMEOUT
//	sendto              BUFFER, LENGTH, FLAGS, {sa_family=…}, ADDRLEN
//	recvfrom            BUFFER, LENGTH, FLAGS, {sa_family=…}, [ADDRLEN => ADDRLEN]
//	sendfile            IN_FD, [OFFSET], COUNT
//
// A number that the kernel changed is shown as OLD => NEW, as strace does.
func (e *event) appendArguments(dst []byte, call int64) []byte {
	switch call {
	case schema.CallSendmmsg, schema.CallRecvmmsg:
		return e.appendVector(dst, call)
	case schema.CallSendto, schema.CallRecvfrom:
		return e.appendBuffer(dst, call)
	case schema.CallSendfile:
		return e.appendSendfile(dst)
	}
	dst = e.appendMsghdr(dst)
	dst = append(dst, ", "...)
	return e.appendFlags(dst)
}

func (e *event) appendFlags(dst []byte) []byte {
	flags, _ := e.int(schema.ColFlags)
	return schema.MsgFlags.Append(dst, uint64(flags))
}

// appendVector appends one message of sendmmsg or recvmmsg as an element of the
// array that it stands in, or the array's address when the call had none.
func (e *event) appendVector(dst []byte, call int64) []byte {
	index, ok := e.int(schema.ColVectorIndex)
	if !ok {
		ptr, _ := e.int(schema.ColMsgPtr)
		dst = appendPointer(dst, ptr)
	} else {
		dst = append(dst, "[["...)
		dst = appendInt(dst, index)
		dst = append(dst, "]="...)
		if _, readable := e.int(schema.ColMsgIovlen); !readable {
			dst = e.appendMsghdr(dst)
		} else {
			dst = append(dst, "{msg_hdr="...)
			dst = e.appendMsghdr(dst)
			if ret, ok := e.int(schema.ColRet); ok && ret >= 0 {
				dst = append(dst, ", msg_len="...)
				dst = appendInt(dst, ret)
			}
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	dst = append(dst, ", "...)
	vlen, _ := e.int(schema.ColVlen)
	dst = appendInt(dst, vlen)
	dst = append(dst, ", "...)
	dst = e.appendFlags(dst)
	if call != schema.CallRecvmmsg {
		return dst
	}
	dst = append(dst, ", "...)
	ns, ok := e.int(schema.ColTimeoutNS)
	if !ok {
		return append(dst, "NULL"...)
	}
	const second = 1_000_000_000
	dst = append(dst, "{tv_sec="...)
	dst = appendInt(dst, ns/second)
	dst = append(dst, ", tv_nsec="...)
	dst = appendInt(dst, ns%second)
	return append(dst, '}')
}

// appendBuffer appends the arguments of sendto and recvfrom.
func (e *event) appendBuffer(dst []byte, call int64) []byte {
	var base, length int64
	if list, ok := e.list(schema.ColIovBase); ok && len(list) == 1 {
		base = list[0]
	}
	if list, ok := e.list(schema.ColIovLen); ok && len(list) == 1 {
		length = list[0]
	}
	dst = appendPointer(dst, base)
	dst = append(dst, ", "...)
	dst = appendUint(dst, uint64(length))
	dst = append(dst, ", "...)
	dst = e.appendFlags(dst)
	dst = append(dst, ", "...)
	namelen, known := e.int(schema.ColMsgNamelen)
	dst = e.appendName(dst, namelen)
	dst = append(dst, ", "...)
	if call == schema.CallSendto {
		return appendInt(dst, namelen)
	}
	if ptr, _ := e.int(schema.ColMsgNamePtr); !known && ptr == 0 {
		return append(dst, "NULL"...) // nothing looked at it
	}
	dst = append(dst, '[')
	dst = e.appendChanged(dst, schema.ColMsgNamelen, schema.ColOutNamelen)
	return append(dst, ']')
}

// appendChanged appends a number that the kernel may have changed: OLD => NEW,
// or one of them when they are equal or the other is not known.
func (e *event) appendChanged(dst []byte, before, after schema.ColumnID) []byte {
	old, hasOld := e.int(before)
	now, hasNow := e.int(after)
	if hasOld {
		dst = appendInt(dst, old)
	} else {
		dst = append(dst, '?')
	}
	if hasNow && (!hasOld || old != now) {
		dst = append(dst, " => "...)
		dst = appendInt(dst, now)
	}
	return dst
}

func (e *event) appendSendfile(dst []byte) []byte {
	in, _ := e.int(schema.ColInFd)
	dst = appendInt(dst, in)
	dst = append(dst, ", "...)
	if offset, ok := e.int(schema.ColOffset); ok {
		dst = append(dst, '[')
		dst = appendInt(dst, offset)
		dst = append(dst, ']')
	} else {
		ptr, _ := e.int(schema.ColOffsetPtr)
		dst = appendPointer(dst, ptr)
	}
	dst = append(dst, ", "...)
	count, _ := e.int(schema.ColRequestedBytes)
	return appendUint(dst, uint64(count))
}
