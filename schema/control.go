package schema

// ControlLayout is how control messages lie in msg_control.
type ControlLayout struct {
	header int // size of struct cmsghdr
	align  int // of each header; cmsg_len is one such word
}

// The layouts of 64-bit callers, and of 32-bit and x32 ones, whose calls take
// the compat path (struct compat_cmsghdr).
var (
	Control64     = ControlLayout{header: 16, align: 8}
	ControlCompat = ControlLayout{header: 12, align: 4}
)

// ControlLayoutOf returns the layout that callers of the binary interface use;
// abi is a value of the abi column.
func ControlLayoutOf(abi int64) ControlLayout {
	if abi == ABICompat32 || abi == ABIX32 {
		return ControlCompat
	}
	return Control64
}

// ControlMessage is one control message as the caller wrote it.
type ControlMessage struct {
	Offset int    // of its header in msg_control, in bytes
	Len    uint64 // cmsg_len
	Level  int32
	Type   int32
	// Data is what follows the header up to cmsg_len, or up to the end of
	// msg_control or of what was captured when that comes first. It points
	// into the buffer.
	Data []byte
	// Malformed: cmsg_len is smaller than a header or points past
	// msg_controllen. The kernel rejects the call with EINVAL, and there is
	// no next message.
	Malformed bool
	// Truncated: the recording does not hold all of Data. Says nothing about
	// what the kernel made of it.
	Truncated bool
}

// ControlRest is what follows the last message that could be read.
type ControlRest struct {
	Offset uint64 // in msg_control, in bytes
	Len    uint64 // bytes up to msg_controllen; 0 when nothing is left
	// Captured: the recording holds the start of it, and it is no message:
	// too short for a header, or behind a malformed message. Otherwise there
	// may be more messages, which the recording does not hold.
	Captured bool
}

// ControlReader walks over the control messages of one call. It follows the
// kernel (for_each_cmsghdr in include/linux/socket.h), but shows the malformed
// message at which the kernel stops.
type ControlReader struct {
	raw    []byte // captured, no more than size
	size   uint64 // msg_controllen
	off    uint64 // of the next header
	layout ControlLayout
	bad    bool // the last message was malformed
}

// NewControlReader returns a reader of the messages in raw, which is what was
// captured of the controllen bytes behind msg_control; a controllen above
// 2^63-1 comes as a negative number, as in the column.
func NewControlReader(raw []byte, controllen int64, layout ControlLayout) ControlReader {
	r := ControlReader{raw: raw, size: uint64(controllen), layout: layout}
	if uint64(len(raw)) > r.size {
		r.raw = raw[:r.size]
	}
	return r
}

// Next returns the next message, and whether there is one.
func (r *ControlReader) Next() (ControlMessage, bool) {
	header := uint64(r.layout.header)
	captured := uint64(len(r.raw))
	if r.bad || r.off > captured || captured-r.off < header {
		return ControlMessage{}, false
	}
	b := r.raw[r.off:]
	m := ControlMessage{Offset: int(r.off)}
	if r.layout.align == 8 {
		m.Len = host.Uint64(b)
	} else {
		m.Len = uint64(host.Uint32(b))
	}
	m.Level = int32(host.Uint32(b[header-8:]))
	m.Type = int32(host.Uint32(b[header-4:]))

	room := r.size - r.off // up to msg_controllen
	switch {
	case m.Len < header:
		m.Malformed, r.bad = true, true
		r.off += header
		return m, true
	case m.Len > room:
		m.Malformed, r.bad = true, true
	}
	end := min(m.Len, room)
	m.Truncated = end > uint64(len(b))
	m.Data = b[header:min(end, uint64(len(b)))]

	// Not aligned first: a length close to 2^64 would wrap to a small one.
	if end == room || align(end, r.layout.align) >= room {
		r.off = r.size
	} else {
		r.off += align(end, r.layout.align)
	}
	return m, true
}

func align(n uint64, to int) uint64 { return (n + uint64(to) - 1) &^ (uint64(to) - 1) }

// Rest returns what follows the message that Next returned last.
func (r *ControlReader) Rest() ControlRest {
	rest := ControlRest{Offset: r.off, Len: r.size - r.off}
	captured := uint64(len(r.raw))
	rest.Captured = r.bad || rest.Len < uint64(r.layout.header) && r.off <= captured
	return rest
}

// AppendControl appends the control messages in raw in the way of strace, as
// an array of {cmsg_len=…, cmsg_level=…, cmsg_type=…, cmsg_data=…}. What
// follows a message that ends the list too early is shown as its address, ...
// /* 0x7ffe5ef15098 */, for which address is msg_control.
func AppendControl(dst, raw []byte, controllen int64, address uint64, layout ControlLayout) []byte {
	dst = append(dst, '[')
	r := NewControlReader(raw, controllen, layout)
	first := true
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst = appendControlMessage(dst, &m)
	}
	if rest := r.Rest(); rest.Len > 0 {
		if !first {
			dst = append(dst, ", "...)
		}
		dst = append(dst, "... /* "...)
		if rest.Captured {
			dst = AppendHex(dst, address+rest.Offset)
		} else {
			dst = appendUint(dst, rest.Len)
			dst = append(dst, " bytes not captured"...)
		}
		dst = append(dst, " */"...)
	}
	return append(dst, ']')
}

func appendControlMessage(dst []byte, m *ControlMessage) []byte {
	dst = append(dst, "{cmsg_len="...)
	dst = appendUint(dst, m.Len)
	dst = append(dst, ", cmsg_level="...)
	dst = appendEnum(dst, &LevelEnum, int64(m.Level)&0xffffffff, "SOL_???")
	dst = append(dst, ", cmsg_type="...)
	t := controlTypes[controlKey{m.Level, m.Type}]
	dst = appendControlType(dst, t, m)
	switch {
	case t != nil && t.form != formNone && len(m.Data) >= max(t.min, 1):
		w := fields{dst: append(dst, ", cmsg_data="...)}
		w.data(t, m)
		dst = w.dst
	case len(m.Data) > 0:
		dst = append(dst, ", cmsg_data="...)
		dst = AppendHexQuoted(dst, m.Data)
		if m.Truncated {
			dst = append(dst, "..."...)
		}
	}
	dst = append(dst, '}')
	if m.Malformed {
		dst = append(dst, " /* bad cmsg_len */"...)
	}
	return dst
}

func appendControlType(dst []byte, t *controlType, m *ControlMessage) []byte {
	if t != nil {
		return append(dst, t.name...)
	}
	dst = AppendHex(dst, uint64(uint32(m.Type)))
	switch m.Level {
	case solSocket:
		dst = append(dst, " /* SCM_??? */"...)
	case solIP:
		dst = append(dst, " /* IP_??? */"...)
	}
	return dst
}

// AppendControlJSON appends the control messages in raw as a JSON array of
// objects: offset, len, level, type, their names as level_text and type_text
// (null without a name), malformed and truncated where true, then the decoded
// fields of the type, or data in hexadecimal where the type has no decoder.
// The last object may be what is left after the messages, with offset,
// rest_bytes and captured.
func AppendControlJSON(dst, raw []byte, controllen int64, layout ControlLayout) []byte {
	dst = append(dst, '[')
	r := NewControlReader(raw, controllen, layout)
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if dst[len(dst)-1] == '}' {
			dst = append(dst, ',')
		}
		dst = appendControlMessageJSON(dst, &m)
	}
	if rest := r.Rest(); rest.Len > 0 {
		if dst[len(dst)-1] == '}' {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"offset":`...)
		dst = appendUint(dst, rest.Offset)
		dst = append(dst, `,"rest_bytes":`...)
		dst = appendUint(dst, rest.Len)
		if rest.Captured {
			dst = append(dst, `,"captured":true}`...)
		} else {
			dst = append(dst, `,"captured":false}`...)
		}
	}
	return append(dst, ']')
}

func appendControlMessageJSON(dst []byte, m *ControlMessage) []byte {
	dst = append(dst, `{"offset":`...)
	dst = appendInt(dst, int64(m.Offset))
	dst = append(dst, `,"len":`...)
	dst = appendUint(dst, m.Len)
	dst = append(dst, `,"level":`...)
	dst = appendInt(dst, int64(m.Level))
	dst = append(dst, `,"type":`...)
	dst = appendInt(dst, int64(m.Type))
	dst = append(dst, `,"level_text":`...)
	dst = appendJSONName(dst, LevelEnum.names[int64(m.Level)])
	dst = append(dst, `,"type_text":`...)
	t := controlTypes[controlKey{m.Level, m.Type}]
	if t != nil {
		dst = appendJSONName(dst, t.name)
	} else {
		dst = append(dst, "null"...)
	}
	if m.Malformed {
		dst = append(dst, `,"malformed":true`...)
	}
	if m.Truncated {
		dst = append(dst, `,"truncated":true`...)
	}
	if t != nil && t.form != formNone && len(m.Data) >= t.min {
		w := fields{dst: dst, json: true}
		w.data(t, m)
		dst = w.dst
	} else {
		dst = append(dst, `,"data":"`...)
		dst = AppendHexBytes(dst, m.Data)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendJSONName(dst []byte, name string) []byte {
	if name == "" {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"')
}
