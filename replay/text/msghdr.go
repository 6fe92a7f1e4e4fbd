package text

import "github.com/sendmsgrec/sendmsgrec/schema"

const (
	maxIovecs   = 1024 // UIO_MAXIOV: the kernel rejects more, unread
	cmsgHdr64   = 16
	cmsgHdr32   = 12
	minSockaddr = 2 // sa_family
)

// appendMsghdr appends the user's struct msghdr, or its address when it was
// not readable.
func (e *event) appendMsghdr(dst []byte) []byte {
	iovlen, ok := e.int(schema.ColMsgIovlen)
	if !ok {
		ptr, _ := e.int(schema.ColMsgPtr)
		dst = appendPointer(dst, ptr)
		return e.appendSource(dst, schema.ColMsghdrSource, plainSource)
	}
	namelen, _ := e.int(schema.ColMsgNamelen)
	dst = append(dst, "{msg_name="...)
	dst = e.appendName(dst, namelen)
	dst = append(dst, ", msg_namelen="...)
	dst = e.appendChanged(dst, schema.ColMsgNamelen, schema.ColOutNamelen)
	dst = append(dst, ", msg_iov="...)
	dst = e.appendIov(dst, uint64(iovlen))
	dst = append(dst, ", msg_iovlen="...)
	dst = appendUint(dst, uint64(iovlen))
	controllen, _ := e.int(schema.ColMsgControllen)
	received, changed := e.int(schema.ColOutControllen)
	if changed {
		controllen = received
	}
	if controllen != 0 {
		dst = append(dst, ", msg_control="...)
		dst = e.appendControl(dst, controllen)
	}
	dst = append(dst, ", msg_controllen="...)
	if changed {
		dst = e.appendChanged(dst, schema.ColMsgControllen, schema.ColOutControllen)
	} else {
		dst = appendUint(dst, uint64(controllen))
	}
	dst = append(dst, ", msg_flags="...)
	flags, ok := e.int(schema.ColOutMsgFlags)
	if !ok {
		flags, _ = e.int(schema.ColMsgFlags)
	}
	dst = schema.MsgFlags.Append(dst, uint64(flags))
	dst = append(dst, '}')
	return e.appendSource(dst, schema.ColMsghdrSource, plainSource)
}

// appendName appends msg_name; namelen is the caller's. Of what was received
// there is as much as fitted into the caller's memory.
func (e *event) appendName(dst []byte, namelen int64) []byte {
	raw, ok := e.bytes(schema.ColName)
	if _, received := e.int(schema.ColOutNamelen); received {
		namelen = int64(len(raw))
	}
	if ok && namelen >= minSockaddr && len(raw) >= minSockaddr {
		dst = schema.AppendSockaddr(dst, raw, namelen)
	} else {
		ptr, _ := e.int(schema.ColMsgNamePtr)
		dst = appendPointer(dst, ptr)
	}
	return e.appendSource(dst, schema.ColNameSource, plainSource)
}

func (e *event) appendIov(dst []byte, iovlen uint64) []byte {
	ptr, _ := e.int(schema.ColMsgIovPtr)
	base, ok := e.list(schema.ColIovBase)
	length, _ := e.list(schema.ColIovLen)
	switch {
	case ptr != 0 && iovlen == 0:
		dst = append(dst, "[]"...)
	case !ok || iovlen > maxIovecs || ptr == 0 || len(length) != len(base) || len(base) == 0:
		dst = appendPointer(dst, ptr)
	default:
		dst = append(dst, '[')
		for i := range base {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(dst, "{iov_base="...)
			dst = appendPointer(dst, base[i])
			dst = append(dst, ", iov_len="...)
			dst = appendUint(dst, uint64(length[i]))
			dst = append(dst, '}')
		}
		if uint64(len(base)) < iovlen {
			dst = append(dst, ", ..."...)
		}
		dst = append(dst, ']')
	}
	return e.appendSource(dst, schema.ColIovSource, plainListSource)
}

func (e *event) appendControl(dst []byte, controllen int64) []byte {
	ptr, _ := e.int(schema.ColMsgControlPtr)
	abi, _ := e.int(schema.ColABI)
	header := cmsgHdr64
	if abi == schema.ABICompat32 || abi == schema.ABIX32 {
		header = cmsgHdr32
	}
	raw, ok := e.bytes(schema.ColControl)
	if ok && len(raw) >= header && uint64(controllen) >= uint64(header) {
		dst = schema.AppendControl(dst, raw, controllen, uint64(ptr), schema.ControlLayoutOf(abi))
	} else {
		dst = appendPointer(dst, ptr)
	}
	return e.appendSource(dst, schema.ColControlSource, plainListSource)
}

// appendPointer appends an address as strace does.
func appendPointer(dst []byte, v int64) []byte {
	if v == 0 {
		return append(dst, "NULL"...)
	}
	return schema.AppendHex(dst, uint64(v))
}
