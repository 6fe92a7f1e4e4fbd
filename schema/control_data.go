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

// named writes a single number with its name in e.
func (w *fields) named(json string, v uint32, e *Enum, unknown string) {
	if w.json {
		w.int("", json, int64(v))
		w.key("", json+"_text")
		w.dst = append(w.dst, '"')
		w.dst = appendEnum(w.dst, e, int64(v), unknown)
		w.dst = append(w.dst, '"')
		return
	}
	w.dst = append(w.dst, '[')
	w.dst = appendEnum(w.dst, e, int64(v), unknown)
	w.dst = append(w.dst, ']')
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

// data writes the data of message m, which is of type t and long enough.
func (w *fields) data(t *controlType, m *ControlMessage) {
	switch b := m.Data; t.form {
	case formUint8:
		w.only(t.json, int64(b[0]))
	case formUint16:
		w.only(t.json, int64(host.Uint16(b)))
	case formUint32:
		w.only(t.json, int64(host.Uint32(b)))
	case formInt32:
		w.only(t.json, int64(int32(host.Uint32(b))))
	case formUint64:
		w.only(t.json, int64(host.Uint64(b)))
	case formHex32:
		w.hex32(t.json, host.Uint32(b))
	case formBytes:
		if w.json {
			w.bytes("", t.json, b)
		} else {
			w.hexArray(m)
		}
	case formRights:
		w.rights(m)
	case formCredentials:
		w.credentials(b)
	case formSecurity:
		w.security(b)
	case formPidfd:
		w.pidfd(b)
	case formTimestamping:
		w.timestamping(b)
	case formTOS:
		w.tos(m)
	case formPktinfo:
		w.pktinfo(b)
	case formPktinfo6:
		w.pktinfo6(b)
	case formRecverr:
		w.recverr(b)
	case formSockaddr:
		w.sockaddr("", "address", b)
	case formProtocol:
		w.named("protocol", host.Uint32(b), &ProtocolEnum, "IP_???")
	case formFlowinfo:
		w.flowinfo(network32(b))
	case formALGIV:
		w.algIV(b)
	case formALGOp:
		w.named("op", host.Uint32(b), &algOps, "ALG_OP_???")
	}
}

func (w *fields) hex32(json string, v uint32) {
	if w.json {
		w.int("", json, int64(v))
		return
	}
	w.dst = append(w.dst, '[')
	w.dst = AppendHex(w.dst, uint64(v))
	w.dst = append(w.dst, ']')
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

// rights: the descriptors; the kernel ignores what is left of an
// incomplete one.
func (w *fields) rights(m *ControlMessage) {
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

func (w *fields) credentials(b []byte) {
	w.text("{")
	w.int("pid", "pid", int64(int32(host.Uint32(b))))
	w.int("uid", "uid", int64(host.Uint32(b[4:])))
	w.int("gid", "gid", int64(host.Uint32(b[8:])))
	w.text("}")
}

func (w *fields) security(b []byte) {
	if w.json {
		w.key("", "label")
		w.dst = AppendJSONString(w.dst, b)
		return
	}
	w.dst = AppendQuoted(w.dst, b)
}

func (w *fields) pidfd(b []byte) {
	fd := int64(int32(host.Uint32(b)))
	if w.json {
		w.int("", "fd", fd)
		return
	}
	w.dst = appendInt(w.dst, fd)
}

// timestamping: a sender gives the flags for this message, a receiver
// gets three struct timespec.
func (w *fields) timestamping(b []byte) {
	if len(b) >= 8 {
		if w.json {
			w.bytes("", "data", b)
		} else {
			w.dst = AppendHexQuoted(w.dst, b)
		}
		return
	}
	flags := uint64(host.Uint32(b))
	if w.json {
		w.int("", "tx_flags", int64(flags))
		w.key("", "tx_flags_text")
		w.dst = append(w.dst, '"')
		w.dst = TimestampingFlags.Append(w.dst, flags)
		w.dst = append(w.dst, '"')
		return
	}
	w.dst = append(w.dst, '[')
	w.dst = TimestampingFlags.Append(w.dst, flags)
	w.dst = append(w.dst, ']')
}

// tos: one byte or an int, the kernel takes both.
func (w *fields) tos(m *ControlMessage) {
	switch {
	case !w.json:
		w.hexArray(m)
	case len(m.Data) >= 4:
		w.int("", "tos", int64(int32(host.Uint32(m.Data))))
	default:
		w.int("", "tos", int64(m.Data[0]))
	}
}

func (w *fields) pktinfo(b []byte) {
	w.text("{")
	w.int("ipi_ifindex", "ifindex", int64(host.Uint32(b)))
	w.ip("ipi_spec_dst", "spec_dst", b[4:8])
	w.ip("ipi_addr", "address", b[8:12])
	w.text("}")
}

func (w *fields) pktinfo6(b []byte) {
	w.text("{")
	w.ip("ipi6_addr", "address", b[:16])
	w.int("ipi6_ifindex", "ifindex", int64(host.Uint32(b[16:])))
	w.text("}")
}

// recverr: struct sock_extended_err and the offender's address.
func (w *fields) recverr(b []byte) {
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

func (w *fields) flowinfo(v uint32) {
	if w.json {
		w.int("", "flowinfo", int64(v))
		return
	}
	w.dst = append(w.dst, "[htonl("...)
	w.dst = AppendHex(w.dst, uint64(v))
	w.dst = append(w.dst, ")]"...)
}

// algIV: struct af_alg_iv, whose length may claim more than there is.
func (w *fields) algIV(b []byte) {
	n := host.Uint32(b)
	iv := b[4:]
	w.text("{")
	w.int("ivlen", "ivlen", int64(n))
	w.bytes("iv", "iv", iv[:min(uint64(n), uint64(len(iv)))])
	w.text("}")
}

var algOps = Enum{map[int64]string{0: "ALG_OP_DECRYPT", 1: "ALG_OP_ENCRYPT"}}
