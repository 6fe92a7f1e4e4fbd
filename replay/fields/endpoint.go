package fields

import (
	"net/netip"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// End is the columns of one end of a socket.
type End struct {
	Address, Port, Path schema.ColumnID
	// MayBeNone: an internet end that is all zeros is none.
	MayBeNone bool
}

// The ends of a socket.
var (
	LocalEnd  = End{schema.ColLocalAddress, schema.ColLocalPort, schema.ColLocalPath, false}
	RemoteEnd = End{schema.ColRemoteAddress, schema.ColRemotePort, schema.ColRemotePath, true}
)

// IP returns the address and the port of an internet socket's end; ok is false
// when there is none.
func (n *End) IP(e *Event) (address []byte, port int64, ok bool) {
	address, ok = e.Bytes(n.Address)
	if !ok {
		return nil, 0, false
	}
	port, _ = e.Int(n.Port)
	return address, port, !n.MayBeNone || port != 0 || !allZero(address)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// appendText appends the end in short form: address and port, or path.
func (n *End) appendText(dst []byte, e *Event) ([]byte, bool) {
	if path, ok := e.Bytes(n.Path); ok {
		return schema.AppendUnixPath(dst, path), true
	}
	address, port, ok := n.IP(e)
	if !ok {
		return dst, false
	}
	return schema.AppendHostPort(dst, address, 0, port), true
}

// IP returns the internet address in a field: the address columns and their
// texts, the endpoints, and the name with its texts. ok is false for null, for
// another family and for a field of another kind.
func (f *Field) IP(e *Event) (addr netip.Addr, ok bool) {
	switch f.Name {
	case "local_endpoint":
		return LocalEnd.addr(e)
	case "remote_endpoint":
		return RemoteEnd.addr(e)
	}
	switch f.Column.ID {
	case schema.ColLocalAddress, schema.ColRemoteAddress:
		v, _ := e.Bytes(f.Column.ID)
		return netip.AddrFromSlice(v)
	case schema.ColName:
		if raw, namelen, ok := e.name(); ok {
			return netip.AddrFromSlice(schema.SockaddrIP(raw, namelen))
		}
	}
	return addr, false
}

func (n *End) addr(e *Event) (addr netip.Addr, ok bool) {
	if _, path := e.Bytes(n.Path); path {
		return addr, false
	}
	v, _, ok := n.IP(e)
	if !ok {
		return addr, false
	}
	return netip.AddrFromSlice(v)
}
