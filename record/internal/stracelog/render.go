package stracelog

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Header is what Render needs of a call. Name and Control may be shorter than
// their lengths say, but not shorter than what a list needs to be shown.
type Header struct {
	NamePtr, IovPtr, ControlPtr uint64
	NameLen                     int32
	Name, Control               []byte // nil: not readable
	IovLens                     []uint64
	IovReadable                 bool // at least the first entry
	IovLen, ControlLen          uint64
	Flags                       uint32
	Narrow                      bool // a 32-bit cmsg_len, as callers of other ABIs have it
}

// Render returns the fields of the msghdr as Parse returns them.
func Render(h *Header) map[string]string {
	parts := map[string]string{
		"msg_name":       name(h),
		"msg_namelen":    fmt.Sprint(h.NameLen),
		"msg_iov":        iov(h),
		"msg_iovlen":     fmt.Sprint(h.IovLen),
		"msg_controllen": fmt.Sprint(h.ControlLen),
		"msg_flags":      number(uint64(h.Flags)),
	}
	if h.ControlLen > 0 {
		parts["msg_control"] = control(h)
	}
	return parts
}

// Ret returns a result as Parse does.
func Ret(ret int64) string {
	switch {
	case ret == -512:
		return "? ERESTARTSYS"
	case ret == -int64(unix.EOPNOTSUPP):
		return "-1 EOPNOTSUPP" // x/sys calls it ENOTSUP
	case ret < 0:
		return "-1 " + unix.ErrnoName(unix.Errno(-ret))
	}
	return fmt.Sprint(ret)
}

func number(v uint64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("0x%x", v)
}

func pointer(v uint64) string {
	if v == 0 {
		return "NULL"
	}
	return number(v)
}

func iov(h *Header) string {
	switch {
	case h.IovPtr == 0, !h.IovReadable:
		return pointer(h.IovPtr)
	}
	var out []string
	for _, n := range h.IovLens {
		out = append(out, fmt.Sprint(n))
	}
	if uint64(len(h.IovLens)) < h.IovLen {
		out = append(out, "...")
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// name renders a socket address; strace shows bytes in network order as such.
func name(h *Header) string {
	b := h.Name
	if h.NamePtr == 0 || h.NameLen < 2 || len(b) < 2 {
		return pointer(h.NamePtr)
	}
	e := binary.NativeEndian
	family, fields := e.Uint16(b), ""
	switch {
	case family == unix.AF_UNIX && len(b) == 2:
	case family == unix.AF_UNIX && b[2] == 0:
		fields = fmt.Sprintf(", sun_path=@%s", quote(b[3:]))
	case family == unix.AF_UNIX:
		path, _, _ := strings.Cut(string(b[2:]), "\x00")
		fields = fmt.Sprintf(", sun_path=%s", quote([]byte(path)))
	case family == unix.AF_INET && len(b) >= 16:
		fields = fmt.Sprintf(", sin_port=%s, sin_addr=%s", allHex(b[2:4]), allHex(b[4:8]))
	case family == unix.AF_INET6 && len(b) >= 28:
		fields = fmt.Sprintf(", sin6_port=%s, sin6_flowinfo=%s, sin6_addr=%s, sin6_scope_id=%d",
			allHex(b[2:4]), allHex(b[4:8]), allHex(b[8:24]), e.Uint32(b[24:]))
	case family == unix.AF_NETLINK && len(b) >= 12:
		fields = fmt.Sprintf(", nl_pid=%d, nl_groups=%08x", e.Uint32(b[4:]), e.Uint32(b[8:]))
	case family == unix.AF_PACKET && len(b) >= 20:
		var addr []string
		for _, v := range b[12:][:b[11]] {
			addr = append(addr, fmt.Sprintf("%02x", v))
		}
		fields = fmt.Sprintf(", sll_protocol=%s, sll_ifindex=%d, sll_hatype=%s, sll_pkttype=%s, sll_halen=%d, sll_addr=[%s]",
			allHex(b[2:4]), e.Uint32(b[4:]), number(uint64(e.Uint16(b[8:]))), number(uint64(b[10])), b[11], strings.Join(addr, ", "))
	case family == unix.AF_VSOCK && len(b) >= 16:
		fields = fmt.Sprintf(", svm_cid=%s, svm_port=%s, svm_flags=%s",
			number(uint64(e.Uint32(b[8:]))), number(uint64(e.Uint32(b[4:]))), number(uint64(b[12])))
	default:
		fields = fmt.Sprintf(", sa_data=%s", quote(b[2:]))
	}
	return "{sa_family=" + number(uint64(family)) + fields + "}"
}

// control renders a list of control messages as far as strace follows it.
func control(h *Header) string {
	word := uint64(8)
	if h.Narrow {
		word = 4
	}
	header := word + 8 // struct cmsghdr: a size, two ints
	left, b := h.ControlLen, h.Control
	if h.ControlPtr == 0 || b == nil || left < header || uint64(len(b)) < header {
		return pointer(h.ControlPtr)
	}
	e := binary.NativeEndian
	var out []string
	for left >= header {
		if uint64(len(b)) < header {
			return "[" + strings.Join(append(out, "(not kept)"), ", ") + "]"
		}
		length := uint64(e.Uint32(b))
		if !h.Narrow {
			length = e.Uint64(b)
		}
		level, typ := int32(e.Uint32(b[word:])), int32(e.Uint32(b[word+4:]))
		text := fmt.Sprintf("{cmsg_len=%d, cmsg_level=%s, cmsg_type=%s", length, number(uint64(uint32(level))), number(uint64(uint32(typ))))
		end := min(length, left, uint64(len(b)))
		if end > header {
			text += data(level, typ, b[header:end])
		}
		out = append(out, text+"}")
		if length < header {
			left -= header
			break
		}
		next := min((length+word-1)&^(word-1), left)
		left, b = left-next, b[min(next, uint64(len(b))):]
	}
	if left > 0 {
		out = append(out, "...")
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func data(level, typ int32, b []byte) string {
	e := binary.NativeEndian
	var values []string
	switch {
	case level == unix.SOL_SOCKET && typ == unix.SCM_RIGHTS:
		for ; len(b) >= 4; b = b[4:] {
			values = append(values, fmt.Sprint(int32(e.Uint32(b))))
		}
		return ", cmsg_data=[" + strings.Join(values, ", ") + "]"
	case level == unix.SOL_SOCKET && typ == unix.SCM_CREDENTIALS && len(b) >= 12:
		return fmt.Sprintf(", cmsg_data={pid=%d, uid=%d, gid=%d}", e.Uint32(b), e.Uint32(b[4:]), e.Uint32(b[8:]))
	case level == unix.SOL_SOCKET && typ == unix.SO_TIMESTAMPING:
		return ", cmsg_data=???" // strace expects what is received, three times
	case level == unix.SOL_IP && typ == unix.IP_PKTINFO && len(b) >= 12:
		return fmt.Sprintf(", cmsg_data={ipi_ifindex=%d, ipi_spec_dst=%s, ipi_addr=%s}", e.Uint32(b), allHex(b[4:8]), allHex(b[8:12]))
	case level == unix.SOL_IP && typ == unix.IP_TTL && len(b) >= 4:
		return fmt.Sprintf(", cmsg_data=[%d]", e.Uint32(b))
	case level == unix.SOL_IP && typ == unix.IP_TOS:
		for _, v := range b {
			values = append(values, number(uint64(v)))
		}
		return ", cmsg_data=[" + strings.Join(values, ", ") + "]"
	}
	return ""
}

// allHex quotes bytes as strace does where it shows network order.
func allHex(b []byte) string {
	var s strings.Builder
	for _, v := range b {
		fmt.Fprintf(&s, `\x%02x`, v)
	}
	return `"` + s.String() + `"`
}

// quote quotes a string as strace does: octal, as short as possible.
func quote(b []byte) string {
	var s strings.Builder
	for i, v := range b {
		digit := i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9'
		escape := strings.IndexByte("\t\n\v\f\r\"\\", v)
		switch {
		case escape >= 0:
			s.WriteByte('\\')
			s.WriteByte(`tnvfr"\`[escape])
		case v >= ' ' && v < 0x7f:
			s.WriteByte(v)
		case digit:
			fmt.Fprintf(&s, `\%03o`, v)
		default:
			fmt.Fprintf(&s, `\%o`, v)
		}
	}
	return `"` + s.String() + `"`
}
