package schema

// MaxSockaddr is the largest socket address in bytes: the kernel reads no more
// of msg_name, whatever msg_namelen says (struct sockaddr_storage).
const MaxSockaddr = 128

// Sizes of the kernel's socket addresses, in bytes (include/uapi/linux: in.h,
// in6.h, un.h, netlink.h, if_packet.h, vm_sockets.h, if_alg.h).
const (
	sizeSockaddrIn      = 16
	sizeSockaddrIn6     = 28
	minSockaddrIn6      = 24 // without sin6_scope_id, as RFC 2133 had it
	sizeSockaddrUn      = 110
	sizeSockaddrNl      = 12
	sizeSockaddrLl      = 20
	offsetSockaddrLlDst = 12 // sll_addr
	sizeSockaddrVM      = 16
	offsetSockaddrAlg   = 24 // salg_name
)

// clipSockaddr returns the bytes of an address that decoders look at: of raw,
// no more than the kernel used.
func clipSockaddr(raw []byte, namelen int64) []byte {
	n := min(int64(len(raw)), MaxSockaddr)
	if namelen < n {
		n = max(namelen, 0)
	}
	return raw[:n]
}

// AppendSockaddr appends a socket address in the way of strace, for example
// {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}.
// raw is what was captured behind msg_name and namelen is msg_namelen as the
// caller gave it. Families without a decoder, and addresses too short for
// their family, show their bytes as sa_data. Of less than the two bytes of a
// family all bytes are shown.
func AppendSockaddr(dst, raw []byte, namelen int64) []byte {
	raw = clipSockaddr(raw, namelen)
	if len(raw) < 2 {
		dst = append(dst, "{sa_data="...)
		dst = AppendHexQuoted(dst, raw)
		return append(dst, '}')
	}
	family := int64(host.Uint16(raw))
	dst = append(dst, "{sa_family="...)
	dst = appendEnum(dst, &FamilyEnum, family, "AF_???")
	if len(raw) > 2 {
		dst = append(dst, ", "...)
		dst = appendSockaddrData(dst, family, raw)
	}
	return append(dst, '}')
}

// FormatSockaddr returns what AppendSockaddr appends.
func FormatSockaddr(raw []byte, namelen int64) string {
	return string(AppendSockaddr(nil, raw, namelen))
}

// appendSockaddrData appends the fields after sa_family; raw is longer than
// the family.
func appendSockaddrData(dst []byte, family int64, raw []byte) []byte {
	switch {
	case family == FamilyUnix:
		return appendSockaddrUn(dst, raw)
	case family == FamilyInet && len(raw) >= sizeSockaddrIn:
		dst = append(dst, "sin_port=htons("...)
		dst = appendUint(dst, uint64(network16(raw[2:])))
		dst = append(dst, `), sin_addr=inet_addr("`...)
		dst = appendIPv4(dst, raw[4:])
		return append(dst, `")`...)
	case family == FamilyInet6 && len(raw) >= minSockaddrIn6:
		return appendSockaddrIn6(dst, raw)
	case family == FamilyNetlink && len(raw) >= sizeSockaddrNl:
		return appendSockaddrNl(dst, raw)
	case family == FamilyPacket && len(raw) >= sizeSockaddrLl:
		return appendSockaddrLl(dst, raw)
	case family == FamilyVsock && len(raw) >= sizeSockaddrVM:
		return appendSockaddrVM(dst, raw)
	case family == FamilyALG && len(raw) > offsetSockaddrAlg:
		return appendSockaddrAlg(dst, raw)
	}
	dst = append(dst, "sa_data="...)
	return AppendQuoted(dst, raw[2:])
}

func appendSockaddrUn(dst, raw []byte) []byte {
	path := raw[2:min(len(raw), sizeSockaddrUn)]
	dst = append(dst, "sun_path="...)
	if path[0] == 0 {
		dst = append(dst, '@')
		return AppendQuoted(dst, path[1:])
	}
	return AppendQuoted(dst, untilNUL(path))
}

func appendSockaddrIn6(dst, raw []byte) []byte {
	dst = append(dst, "sin6_port=htons("...)
	dst = appendUint(dst, uint64(network16(raw[2:])))
	dst = append(dst, "), sin6_flowinfo=htonl("...)
	dst = appendUint(dst, uint64(network32(raw[4:])))
	dst = append(dst, `), inet_pton(AF_INET6, "`...)
	dst = appendIPv6(dst, raw[8:])
	dst = append(dst, `", &sin6_addr)`...)
	if len(raw) > minSockaddrIn6 {
		dst = append(dst, ", sin6_scope_id="...)
		dst = appendUint(dst, uint64(scopeID(raw)))
	}
	return dst
}

// scopeID returns sin6_scope_id; bytes that the address lacks count as 0.
func scopeID(raw []byte) uint32 {
	var b [4]byte
	copy(b[:], raw[min(len(raw), minSockaddrIn6):])
	return host.Uint32(b[:])
}

func appendSockaddrNl(dst, raw []byte) []byte {
	if pad := host.Uint16(raw[2:]); pad != 0 {
		dst = append(dst, "nl_pad="...)
		dst = AppendHex(dst, uint64(pad))
		dst = append(dst, ", "...)
	}
	dst = append(dst, "nl_pid="...)
	dst = appendInt(dst, int64(int32(host.Uint32(raw[4:]))))
	dst = append(dst, ", nl_groups="...)
	return appendHexWidth(dst, uint64(host.Uint32(raw[8:])), 8)
}

func appendSockaddrLl(dst, raw []byte) []byte {
	dst = append(dst, "sll_protocol=htons("...)
	dst = appendEnum(dst, &EthernetProtocolEnum, int64(network16(raw[2:])), "ETH_P_???")
	dst = append(dst, "), sll_ifindex="...)
	dst = appendUint(dst, uint64(host.Uint32(raw[4:])))
	dst = append(dst, ", sll_hatype="...)
	dst = appendEnum(dst, &HardwareTypeEnum, int64(host.Uint16(raw[8:])), "ARPHRD_???")
	dst = append(dst, ", sll_pkttype="...)
	dst = appendEnum(dst, &PacketTypeEnum, int64(raw[10]), "PACKET_???")
	dst = append(dst, ", sll_halen="...)
	dst = appendUint(dst, uint64(raw[11]))
	if raw[11] == 0 {
		return dst
	}
	dst = append(dst, ", sll_addr=["...)
	addr := raw[offsetSockaddrLlDst:]
	for i := 0; i < int(raw[11]); i++ {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if i >= len(addr) {
			dst = append(dst, "..."...)
			break
		}
		dst = appendHexWidth(dst, uint64(addr[i]), 2)
	}
	return append(dst, ']')
}

var (
	vsockCIDs  = Enum{map[int64]string{0: "VMADDR_CID_HYPERVISOR", 1: "VMADDR_CID_LOCAL", 2: "VMADDR_CID_HOST", 0xffffffff: "VMADDR_CID_ANY"}}
	vsockPorts = Enum{map[int64]string{0xffffffff: "VMADDR_PORT_ANY"}}
	vsockFlags = FlagSet{names: []flagName{{1, "VMADDR_FLAG_TO_HOST"}}}
)

func appendSockaddrVM(dst, raw []byte) []byte {
	if v := host.Uint16(raw[2:]); v != 0 {
		dst = append(dst, "svm_reserved1="...)
		dst = AppendHex(dst, uint64(v))
		dst = append(dst, ", "...)
	}
	dst = append(dst, "svm_cid="...)
	dst = appendEnum(dst, &vsockCIDs, int64(host.Uint32(raw[8:])), "")
	dst = append(dst, ", svm_port="...)
	dst = appendEnum(dst, &vsockPorts, int64(host.Uint32(raw[4:])), "")
	dst = append(dst, ", svm_flags="...)
	return vsockFlags.Append(dst, uint64(raw[12]))
}

func appendSockaddrAlg(dst, raw []byte) []byte {
	dst = append(dst, "salg_type="...)
	dst = AppendQuoted(dst, untilNUL(raw[2:16]))
	dst = append(dst, ", salg_feat="...)
	dst = AppendHex(dst, uint64(host.Uint32(raw[16:])))
	dst = append(dst, ", salg_mask="...)
	dst = AppendHex(dst, uint64(host.Uint32(raw[20:])))
	dst = append(dst, ", salg_name="...)
	return AppendQuoted(dst, untilNUL(raw[offsetSockaddrAlg:]))
}

// appendEnum appends v's name, or v in hexadecimal with a comment that names
// the kind, as strace does; without a comment where it makes none.
func appendEnum(dst []byte, e *Enum, v int64, kind string) []byte {
	if name, ok := e.names[v]; ok {
		return append(dst, name...)
	}
	dst = AppendHex(dst, uint64(v))
	if kind == "" {
		return dst
	}
	dst = append(dst, " /* "...)
	dst = append(dst, kind...)
	return append(dst, " */"...)
}

func untilNUL(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

func network16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func network32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
