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

	// The next header is aligned, unless msg_control ends before. Computed
	// without end + padding, which wraps for a length close to 2^64.
	if padding := -end & uint64(r.layout.align-1); room-end > padding {
		r.off += end + padding
	} else {
		r.off = r.size
	}
	return m, true
}

// Rest returns what follows the message that Next returned last.
func (r *ControlReader) Rest() ControlRest {
	rest := ControlRest{Offset: r.off, Len: r.size - r.off}
	captured := uint64(len(r.raw))
	rest.Captured = r.bad || rest.Len < uint64(r.layout.header) && r.off <= captured
	return rest
}
