package schema

// fields writes the fields of one control message: in the way of strace, or
// as further members of a JSON object. So each layout is decoded in one place.
type fields struct {
	dst  []byte
	json bool
	next bool // in text: a field of the structure stands before
}

// key begins a field; text and json are its names.
func (w *fields) key(text, json string) {
	if w.json {
		w.dst = append(w.dst, ',', '"')
		w.dst = append(w.dst, json...)
		w.dst = append(w.dst, '"', ':')
		return
	}
	if w.next {
		w.dst = append(w.dst, ", "...)
	}
	w.next = true
	w.dst = append(w.dst, text...)
	w.dst = append(w.dst, '=')
}

// text writes s in the strace form only.
func (w *fields) text(s string) {
	if !w.json {
		w.dst = append(w.dst, s...)
	}
}

func (w *fields) int(text, json string, v int64) {
	w.key(text, json)
	w.dst = appendInt(w.dst, v)
}

// only writes a message that is a single number: an array of one to strace.
func (w *fields) only(json string, v int64) {
	if w.json {
		w.int("", json, v)
		return
	}
	w.dst = append(w.dst, '[')
	w.dst = appendInt(w.dst, v)
	w.dst = append(w.dst, ']')
}

// named writes a single number with its name: the name is written by name.
func (w *fields) named(json string, v uint64, name func([]byte, uint64) []byte) {
	if !w.json {
		w.dst = append(w.dst, '[')
		w.dst = name(w.dst, v)
		w.dst = append(w.dst, ']')
		return
	}
	w.int("", json, int64(v))
	w.key("", json+"_text")
	w.dst = append(w.dst, '"')
	w.dst = name(w.dst, v)
	w.dst = append(w.dst, '"')
}

// ip writes an address: inet_addr("…") for IPv4, and for IPv6 the call that
// would fill the field.
func (w *fields) ip(text, json string, b []byte) {
	switch {
	case w.json:
		w.key("", json)
		w.dst = append(w.dst, '"')
		w.dst = AppendIP(w.dst, b)
		w.dst = append(w.dst, '"')
	case len(b) == 4:
		w.key(text, json)
		w.dst = append(w.dst, `inet_addr("`...)
		w.dst = AppendIP(w.dst, b)
		w.dst = append(w.dst, `")`...)
	default:
		if w.next {
			w.dst = append(w.dst, ", "...)
		}
		w.next = true
		w.dst = append(w.dst, `inet_pton(AF_INET6, "`...)
		w.dst = AppendIP(w.dst, b)
		w.dst = append(w.dst, `", &`...)
		w.dst = append(w.dst, text...)
		w.dst = append(w.dst, ')')
	}
}

// bytes writes raw bytes: escaped in text, in hexadecimal in JSON.
func (w *fields) bytes(text, json string, b []byte) {
	w.key(text, json)
	if !w.json {
		w.dst = AppendHexQuoted(w.dst, b)
		return
	}
	w.dst = append(w.dst, '"')
	w.dst = AppendHexBytes(w.dst, b)
	w.dst = append(w.dst, '"')
}

type decodeFunc = func(w *fields, m *ControlMessage)

func scalar(json string) decodeFunc {
	return func(w *fields, m *ControlMessage) { w.only(json, int64(host.Uint32(m.Data))) }
}

func scalarInt(json string) decodeFunc {
	return func(w *fields, m *ControlMessage) { w.only(json, int64(int32(host.Uint32(m.Data)))) }
}

func scalarHex(json string) decodeFunc {
	return func(w *fields, m *ControlMessage) {
		v := host.Uint32(m.Data)
		if w.json {
			w.int("", json, int64(v))
			return
		}
		w.dst = append(w.dst, '[')
		w.dst = AppendHex(w.dst, uint64(v))
		w.dst = append(w.dst, ']')
	}
}

func byteList(json string) decodeFunc {
	return func(w *fields, m *ControlMessage) {
		if w.json {
			w.bytes("", json, m.Data)
			return
		}
		w.hexArray(m)
	}
}

func (w *fields) hexArray(m *ControlMessage) {
	w.dst = append(w.dst, '[')
	for i, c := range m.Data {
		if i > 0 {
			w.dst = append(w.dst, ", "...)
		}
		w.dst = AppendHex(w.dst, uint64(c))
	}
	if m.Truncated {
		w.dst = append(w.dst, ", ..."...)
	}
	w.dst = append(w.dst, ']')
}

// decodeRights: the descriptors; the kernel ignores what is left of an
// incomplete one.
func decodeRights(w *fields, m *ControlMessage) {
	if w.json {
		w.key("", "fds")
	} else if len(m.Data) < 4 {
		w.dst = AppendHexQuoted(w.dst, m.Data)
		return
	}
	w.dst = append(w.dst, '[')
	for i := 0; i+4 <= len(m.Data); i += 4 {
		if i > 0 {
			w.dst = append(w.dst, ',')
			w.text(" ")
		}
		w.dst = appendInt(w.dst, int64(int32(host.Uint32(m.Data[i:]))))
	}
	if m.Truncated {
		w.text(", ...")
	}
	w.dst = append(w.dst, ']')
}

func decodeCredentials(w *fields, m *ControlMessage) {
	w.text("{")
	w.int("pid", "pid", int64(int32(host.Uint32(m.Data))))
	w.int("uid", "uid", int64(host.Uint32(m.Data[4:])))
	w.int("gid", "gid", int64(host.Uint32(m.Data[8:])))
	w.text("}")
}

func decodeSecurity(w *fields, m *ControlMessage) {
	if w.json {
		w.key("", "label")
		w.dst = AppendJSONString(w.dst, m.Data)
		return
	}
	w.dst = AppendQuoted(w.dst, m.Data)
}

func decodePidfd(w *fields, m *ControlMessage) {
	fd := int64(int32(host.Uint32(m.Data)))
	if w.json {
		w.int("", "fd", fd)
		return
	}
	w.dst = appendInt(w.dst, fd)
}

// decodeTimestamping: a sender gives the flags for this message, a receiver
// gets three struct timespec.
func decodeTimestamping(w *fields, m *ControlMessage) {
	if len(m.Data) >= 8 {
		if w.json {
			w.bytes("", "data", m.Data)
		} else {
			w.dst = AppendHexQuoted(w.dst, m.Data)
		}
		return
	}
	w.named("tx_flags", uint64(host.Uint32(m.Data)), TimestampingFlags.Append)
}

func decodeTxtime(w *fields, m *ControlMessage) { w.only("txtime_ns", int64(host.Uint64(m.Data))) }

func decodeSegment(w *fields, m *ControlMessage) { w.only("gso_size", int64(host.Uint16(m.Data))) }

// decodeTOS: one byte or an int, the kernel takes both.
func decodeTOS(w *fields, m *ControlMessage) {
	switch {
	case !w.json:
		w.hexArray(m)
	case len(m.Data) >= 4:
		w.int("", "tos", int64(int32(host.Uint32(m.Data))))
	default:
		w.int("", "tos", int64(m.Data[0]))
	}
}

func decodePktinfo(w *fields, m *ControlMessage) {
	w.text("{")
	w.int("ipi_ifindex", "ifindex", int64(host.Uint32(m.Data)))
	w.ip("ipi_spec_dst", "spec_dst", m.Data[4:8])
	w.ip("ipi_addr", "address", m.Data[8:12])
	w.text("}")
}

func decodePktinfo6(w *fields, m *ControlMessage) {
	w.text("{")
	w.ip("ipi6_addr", "address", m.Data[:16])
	w.int("ipi6_ifindex", "ifindex", int64(host.Uint32(m.Data[16:])))
	w.text("}")
}

// decodeRecverr: struct sock_extended_err and the offender's address.
func decodeRecverr(w *fields, m *ControlMessage) {
	b := m.Data
	w.text("{")
	w.int("ee_errno", "ee_errno", int64(host.Uint32(b)))
	w.int("ee_origin", "ee_origin", int64(b[4]))
	w.int("ee_type", "ee_type", int64(b[5]))
	w.int("ee_code", "ee_code", int64(b[6]))
	w.int("ee_info", "ee_info", int64(host.Uint32(b[8:])))
	w.int("ee_data", "ee_data", int64(host.Uint32(b[12:])))
	w.sockaddr("offender", "offender", b[16:32])
	w.text("}")
}

func decodeSockaddr(w *fields, m *ControlMessage) { w.sockaddr("", "address", m.Data) }

func (w *fields) sockaddr(text, json string, b []byte) {
	if w.json {
		w.key("", json)
		w.dst = AppendJSONString(w.dst, AppendAddress(nil, b, int64(len(b))))
		return
	}
	if text != "" {
		w.key(text, "")
	}
	w.dst = AppendSockaddr(w.dst, b, int64(len(b)))
}

func decodeProtocol(w *fields, m *ControlMessage) {
	w.named("protocol", uint64(host.Uint32(m.Data)), func(dst []byte, v uint64) []byte {
		return appendEnum(dst, &ProtocolEnum, int64(v), "IP_???")
	})
}

func decodeFlowinfo(w *fields, m *ControlMessage) {
	v := network32(m.Data)
	if w.json {
		w.int("", "flowinfo", int64(v))
		return
	}
	w.dst = append(w.dst, "[htonl("...)
	w.dst = AppendHex(w.dst, uint64(v))
	w.dst = append(w.dst, ")]"...)
}

// decodeALGIV: struct af_alg_iv, whose length may claim more than there is.
func decodeALGIV(w *fields, m *ControlMessage) {
	n := host.Uint32(m.Data)
	iv := m.Data[4:]
	w.text("{")
	w.int("ivlen", "ivlen", int64(n))
	w.bytes("iv", "iv", iv[:min(uint64(n), uint64(len(iv)))])
	w.text("}")
}

var algOps = Enum{map[int64]string{0: "ALG_OP_DECRYPT", 1: "ALG_OP_ENCRYPT"}}

func decodeALGOp(w *fields, m *ControlMessage) {
	w.named("op", uint64(host.Uint32(m.Data)), func(dst []byte, v uint64) []byte {
		return appendEnum(dst, &algOps, int64(v), "ALG_OP_???")
	})
}

func decodeRecordType(w *fields, m *ControlMessage) { w.only("record_type", int64(m.Data[0])) }
