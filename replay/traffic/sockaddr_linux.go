package traffic

import (
	"encoding/binary"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// sockaddr returns the target's address as the kernel reads it.
func (t *target) sockaddr() []byte {
	if t.protocol == protocolUnix {
		b := binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX)
		if t.path[0] == '@' {
			return append(append(b, 0), t.path[1:]...)
		}
		return append(append(b, t.path...), 0)
	}
	address := t.address.Addr()
	b := binary.NativeEndian.AppendUint16(nil, uint16(t.family()))
	b = binary.BigEndian.AppendUint16(b, t.address.Port())
	if address.Is4() {
		b = append(b, address.AsSlice()...)
		return append(b, make([]byte, 8)...)
	}
	b = append(b, 0, 0, 0, 0) // sin6_flowinfo
	b = append(b, address.AsSlice()...)
	return binary.NativeEndian.AppendUint32(b, scope(address.Zone()))
}

// scope returns the interface that a zone names; 0, which the kernel rejects
// for link-local addresses, when there is none.
func scope(zone string) uint32 {
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}
