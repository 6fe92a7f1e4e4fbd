package text

import (
	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// appendSocket appends the socket behind a descriptor in brackets, as strace
// -yy does and with the inode in front where that leaves it out:
// <TCP:[46399,127.0.0.1:4444->127.0.0.1:5555]>,
// <UNIX-STREAM:[46399,"/run/x"->@"peer",peer_pid=77]>, <NETLINK:[46399,ROUTE]>.
// Without a socket it appends nothing.
func (p *Printer) appendSocket(dst []byte) []byte {
	e := &p.event
	row := e.rows[schema.TableSocket]
	if row < 0 {
		return dst
	}
	if text := p.ends.get(row, 0); text != nil {
		return append(dst, text...)
	}
	start := len(dst)
	if family, ok := e.int(schema.ColSocketFamily); ok {
		dst = append(dst, '<')
		dst = e.appendProtocol(dst, family)
		dst = append(dst, ":["...)
		inode, _ := e.int(schema.ColSocketInode)
		dst = appendUint(dst, uint64(inode))
		dst = e.appendEnds(dst, family)
		dst = append(dst, "]>"...)
	}
	p.ends.put(row, 0, dst[start:])
	return dst
}

// appendProtocol appends what strace calls the protocol of a socket: TCP,
// UDPv6, UNIX-DGRAM, NETLINK, and the family for others.
func (e *event) appendProtocol(dst []byte, family int64) []byte {
	typ, _ := e.int(schema.ColSocketType)
	protocol, _ := e.int(schema.ColSocketProtocol)
	switch family {
	case schema.FamilyInet, schema.FamilyInet6:
		if typ == schema.SocketRaw {
			dst = append(dst, "RAW"...)
		} else {
			dst = appendWithout(dst, schema.ProtocolEnum.Name(protocol), "IPPROTO_")
		}
		if family == schema.FamilyInet6 {
			dst = append(dst, "v6"...)
		}
		return dst
	case schema.FamilyUnix:
		dst = append(dst, "UNIX-"...)
		return appendWithout(dst, schema.SocketTypeEnum.Name(typ), "SOCK_")
	}
	return appendWithout(dst, schema.FamilyEnum.Name(family), "AF_")
}

func appendWithout(dst []byte, name, prefix string) []byte {
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		name = name[len(prefix):]
	}
	return append(dst, name...)
}

// appendEnds appends both ends behind the inode.
func (e *event) appendEnds(dst []byte, family int64) []byte {
	switch family {
	case schema.FamilyInet, schema.FamilyInet6:
		if address, ok := e.bytes(schema.ColLocalAddress); ok {
			port, _ := e.int(schema.ColLocalPort)
			dst = append(dst, ',')
			dst = schema.AppendHostPort(dst, address, 0, port)
		}
		if address, port, ok := fields.RemoteEnd.IP(e.forFields()); ok {
			dst = append(dst, "->"...)
			dst = schema.AppendHostPort(dst, address, 0, port)
		}
	case schema.FamilyUnix:
		if path, ok := e.bytes(schema.ColLocalPath); ok && len(path) > 0 {
			dst = append(dst, ',')
			dst = appendPath(dst, path)
		}
		if path, ok := e.bytes(schema.ColRemotePath); ok {
			dst = append(dst, "->"...)
			if len(path) > 0 {
				dst = appendPath(dst, path)
			} else {
				dst = append(dst, "(unnamed)"...)
			}
		}
		if pid, ok := e.int(schema.ColPeerPID); ok {
			dst = append(dst, ",peer_pid="...)
			dst = appendUint(dst, uint64(pid))
		}
	case schema.FamilyNetlink:
		protocol, _ := e.int(schema.ColSocketProtocol)
		dst = append(dst, ',')
		dst = appendWithout(dst, schema.NetlinkProtocolEnum.Name(protocol), "NETLINK_")
	}
	return dst
}

// appendPath appends sun_path as a string, an abstract name with @ before it.
func appendPath(dst, path []byte) []byte {
	if path[0] == 0 {
		dst = append(dst, '@')
		return schema.AppendQuoted(dst, path[1:])
	}
	return schema.AppendQuoted(dst, path)
}
