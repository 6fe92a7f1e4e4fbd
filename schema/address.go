package schema

// AppendAddress appends a socket address in the short form in which people
// write it:
//
//	AF_INET     127.0.0.1:53
//	AF_INET6    [::1]:53, with a scope [fe80::1%2]:53
//	AF_UNIX     /run/x, abstract @name, unnamed (unnamed)
//	AF_NETLINK  netlink:pid=0 groups=0x1
//	AF_PACKET   packet:if=2 proto=ETH_P_IP addr=ff:ff:ff:ff:ff:ff
//	AF_VSOCK    vsock:2:1234
//	AF_ALG      alg:hash:sha256
//
// Anything else, and an address too short for its family, is the family and
// the rest in hexadecimal: AF_X25:0011. A path that itself begins with @ is
// shown as ./@path, which names the same file. Names of AF_UNIX come as they
// are, with any byte in them: the caller escapes for where it writes.
func AppendAddress(dst, raw []byte, namelen int64) []byte {
	raw = clipSockaddr(raw, namelen)
	if len(raw) < 2 {
		return AppendHexBytes(dst, raw)
	}
	family := int64(host.Uint16(raw))
	switch {
	case family == FamilyInet && len(raw) >= sizeSockaddrIn:
		return AppendHostPort(dst, raw[4:8], 0, int64(network16(raw[2:])))
	case family == FamilyInet6 && len(raw) >= minSockaddrIn6:
		return AppendHostPort(dst, raw[8:24], scopeID(raw), int64(network16(raw[2:])))
	case family == FamilyUnix:
		return AppendUnixPath(dst, raw[2:min(len(raw), sizeSockaddrUn)])
	case family == FamilyNetlink && len(raw) >= sizeSockaddrNl:
		dst = append(dst, "netlink:pid="...)
		dst = appendInt(dst, int64(int32(host.Uint32(raw[4:]))))
		dst = append(dst, " groups="...)
		return AppendHex(dst, uint64(host.Uint32(raw[8:])))
	case family == FamilyPacket && len(raw) >= sizeSockaddrLl:
		return appendPacketAddress(dst, raw)
	case family == FamilyVsock && len(raw) >= sizeSockaddrVM:
		dst = append(dst, "vsock:"...)
		dst = appendVsock(dst, host.Uint32(raw[8:]))
		dst = append(dst, ':')
		return appendVsock(dst, host.Uint32(raw[4:]))
	case family == FamilyALG && len(raw) > offsetSockaddrAlg:
		dst = append(dst, "alg:"...)
		dst = append(dst, untilNUL(raw[2:16])...)
		dst = append(dst, ':')
		return append(dst, untilNUL(raw[offsetSockaddrAlg:])...)
	}
	dst = append(dst, FamilyEnum.Name(family)...)
	dst = append(dst, ':')
	return AppendHexBytes(dst, raw[2:])
}

// FormatAddress returns what AppendAddress appends.
func FormatAddress(raw []byte, namelen int64) string {
	return string(AppendAddress(nil, raw, namelen))
}

// SockaddrIP returns the 4 or 16 bytes of the internet address in a socket
// address, nil when it holds none. raw and namelen are as in AppendAddress; the
// bytes are raw's.
func SockaddrIP(raw []byte, namelen int64) []byte {
	raw = clipSockaddr(raw, namelen)
	switch {
	case len(raw) >= sizeSockaddrIn && host.Uint16(raw) == FamilyInet:
		return raw[4:8]
	case len(raw) >= minSockaddrIn6 && host.Uint16(raw) == FamilyInet6:
		return raw[8:24]
	}
	return nil
}

// SockaddrPort returns the port beside the address that SockaddrIP returns; 0
// when there is none.
func SockaddrPort(raw []byte, namelen int64) int64 {
	if SockaddrIP(raw, namelen) == nil {
		return 0
	}
	return int64(network16(raw[2:]))
}

// SockaddrPath returns sun_path of a Unix socket address, with the leading NUL
// of an abstract name; ok is false for another family and for no path. The bytes
// are raw's.
func SockaddrPath(raw []byte, namelen int64) (path []byte, ok bool) {
	raw = clipSockaddr(raw, namelen)
	if len(raw) <= 2 || host.Uint16(raw) != FamilyUnix {
		return nil, false
	}
	return raw[2:min(len(raw), sizeSockaddrUn)], true
}

// AppendHostPort appends an address of 4 or 16 bytes with a port, the latter
// in brackets and with the scope when it is not 0.
func AppendHostPort(dst, ip []byte, scope uint32, port int64) []byte {
	if len(ip) == 16 {
		dst = append(dst, '[')
	}
	dst = AppendIP(dst, ip)
	if scope != 0 {
		dst = append(dst, '%')
		dst = appendUint(dst, uint64(scope))
	}
	if len(ip) == 16 {
		dst = append(dst, ']')
	}
	dst = append(dst, ':')
	return appendInt(dst, port)
}

// AppendUnixPath appends sun_path in the short form; path is all of it, with
// the leading NUL of an abstract name, and empty for an unnamed socket.
func AppendUnixPath(dst, path []byte) []byte {
	switch {
	case len(path) == 0:
		return append(dst, "(unnamed)"...)
	case path[0] == 0:
		dst = append(dst, '@')
		return append(dst, path[1:]...)
	case path[0] == '@':
		dst = append(dst, "./"...)
	}
	return append(dst, untilNUL(path)...)
}

func appendPacketAddress(dst, raw []byte) []byte {
	dst = append(dst, "packet:if="...)
	dst = appendUint(dst, uint64(host.Uint32(raw[4:])))
	dst = append(dst, " proto="...)
	dst = appendEnum(dst, &EthernetProtocolEnum, int64(network16(raw[2:])), "")
	if n := int(raw[11]); n > 0 {
		dst = append(dst, " addr="...)
		addr := raw[offsetSockaddrLlDst:]
		for i, c := range addr[:min(n, len(addr))] {
			if i > 0 {
				dst = append(dst, ':')
			}
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// appendVsock appends a CID or port of AF_VSOCK; all ones means any.
func appendVsock(dst []byte, v uint32) []byte {
	if v == 0xffffffff {
		return append(dst, "any"...)
	}
	return appendUint(dst, uint64(v))
}
