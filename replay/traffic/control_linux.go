package traffic

import (
	"encoding/binary"
	"os"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// controls makes control messages again.
type controls struct {
	// descriptor is what is passed for SCM_RIGHTS; -1: they are left out.
	descriptor int
}

// again appends to dst the control messages of a call that can be made again on
// a socket to the target, and tells leftOut the names of the others, those without a
// name as an empty string.
func (m *controls) again(dst []byte, c *call, t *target, leftOut func(name string)) []byte {
	if len(c.control) == 0 {
		return dst
	}
	r := schema.NewControlReader(c.control, c.controlLen, schema.ControlLayoutOf(c.abi))
	for message, ok := r.Next(); ok; message, ok = r.Next() {
		if data := m.data(&message, t); data != nil {
			dst = appendControl(dst, message.Level, message.Type, data)
		} else {
			leftOut(schema.ControlTypeName(message.Level, message.Type))
		}
	}
	if rest := r.Rest(); rest.Len > 0 && !rest.Captured {
		leftOut("") // the recording does not hold them
	}
	return dst
}

// data returns what the message holds now; nil: it is left out.
func (m *controls) data(c *schema.ControlMessage, t *target) []byte {
	var fits bool
	switch [2]int32{c.Level, c.Type} {
	case [2]int32{unix.SOL_SOCKET, unix.SCM_RIGHTS}:
		return m.rights(c, t)
	case [2]int32{unix.SOL_SOCKET, unix.SCM_CREDENTIALS}:
		return credentials(t)
	case [2]int32{unix.SOL_UDP, unix.UDP_SEGMENT}:
		fits = t.protocol == protocolUDP && len(c.Data) == 2
	case [2]int32{unix.SOL_IP, unix.IP_TOS}:
		// A byte or an int.
		fits = t.family() == schema.FamilyInet && (len(c.Data) == 1 || len(c.Data) == 4)
	case [2]int32{unix.SOL_IP, unix.IP_TTL}:
		fits = t.family() == schema.FamilyInet && len(c.Data) == 4
	case [2]int32{unix.SOL_IPV6, unix.IPV6_TCLASS}, [2]int32{unix.SOL_IPV6, unix.IPV6_HOPLIMIT}:
		fits = t.family() == schema.FamilyInet6 && len(c.Data) == 4
	}
	if !fits {
		return nil
	}
	return c.Data
}

// credentials returns our own: others the kernel takes from root alone.
func credentials(t *target) []byte {
	if t.protocol != protocolUnix {
		return nil
	}
	b := binary.NativeEndian.AppendUint32(nil, uint32(os.Getpid()))
	b = binary.NativeEndian.AppendUint32(b, uint32(os.Getuid()))
	return binary.NativeEndian.AppendUint32(b, uint32(os.Getgid()))
}

// rights returns as many descriptors of ours as were passed.
func (m *controls) rights(c *schema.ControlMessage, t *target) []byte {
	if m.descriptor < 0 || t.protocol != protocolUnix || c.Truncated || len(c.Data) < 4 {
		return nil
	}
	var b []byte
	for range len(c.Data) / 4 {
		b = binary.NativeEndian.AppendUint32(b, uint32(m.descriptor))
	}
	return b
}

func appendControl(dst []byte, level, typ int32, data []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, unix.CmsgSpace(len(data)))...)
	b := dst[start:]
	// struct cmsghdr: a length as long as a pointer, level, type.
	header := unix.CmsgLen(0)
	if header == 16 {
		binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(unix.CmsgLen(len(data))))
	}
	binary.NativeEndian.PutUint32(b[header-8:], uint32(level))
	binary.NativeEndian.PutUint32(b[header-4:], uint32(typ))
	copy(b[header:], data)
	return dst
}
