package schema

// AppendControl appends the control messages in raw in the way of strace, as
// an array of {cmsg_len=…, cmsg_level=…, cmsg_type=…, cmsg_data=…}. What
// follows a message that ends the list too early is shown as its address, ...
// /* 0x7ffe5ef15098 */, for which address is msg_control.
func AppendControl(dst, raw []byte, controllen int64, address uint64, layout ControlLayout) []byte {
	dst = append(dst, '[')
	r := NewControlReader(raw, controllen, layout)
	first := true
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst = appendControlMessage(dst, &m)
	}
	if rest := r.Rest(); rest.Len > 0 {
		if !first {
			dst = append(dst, ", "...)
		}
		dst = append(dst, "... /* "...)
		if rest.Captured {
			dst = AppendHex(dst, address+rest.Offset)
		} else {
			dst = appendUint(dst, rest.Len)
			dst = append(dst, " bytes not captured"...)
		}
		dst = append(dst, " */"...)
	}
	return append(dst, ']')
}

func appendControlMessage(dst []byte, m *ControlMessage) []byte {
	dst = append(dst, "{cmsg_len="...)
	dst = appendUint(dst, m.Len)
	dst = append(dst, ", cmsg_level="...)
	dst = appendEnum(dst, &LevelEnum, int64(m.Level)&0xffffffff, "SOL_???")
	dst = append(dst, ", cmsg_type="...)
	t := controlTypes[controlKey{m.Level, m.Type}]
	dst = appendControlType(dst, t, m)
	switch {
	case t != nil && t.form != formNone && len(m.Data) >= max(t.min, 1):
		w := fields{dst: append(dst, ", cmsg_data="...)}
		w.data(t, m)
		dst = w.dst
	case len(m.Data) > 0:
		dst = append(dst, ", cmsg_data="...)
		dst = AppendHexQuoted(dst, m.Data)
		if m.Truncated {
			dst = append(dst, "..."...)
		}
	}
	dst = append(dst, '}')
	if m.Malformed {
		dst = append(dst, " /* bad cmsg_len */"...)
	}
	return dst
}

func appendControlType(dst []byte, t *controlType, m *ControlMessage) []byte {
	if t != nil {
		return append(dst, t.name...)
	}
	dst = AppendHex(dst, uint64(uint32(m.Type)))
	switch m.Level {
	case solSocket:
		dst = append(dst, " /* SCM_??? */"...)
	case solIP:
		dst = append(dst, " /* IP_??? */"...)
	}
	return dst
}

// AppendControlJSON appends the control messages in raw as a JSON array of
// objects: offset, len, level, type, their names as level_text and type_text
// (null without a name), malformed and truncated where true, then the decoded
// fields of the type, or data in hexadecimal where the type has no decoder.
// The last object may be what is left after the messages, with offset,
// rest_bytes and captured.
func AppendControlJSON(dst, raw []byte, controllen int64, layout ControlLayout) []byte {
	dst = append(dst, '[')
	r := NewControlReader(raw, controllen, layout)
	for m, ok := r.Next(); ok; m, ok = r.Next() {
		if dst[len(dst)-1] == '}' {
			dst = append(dst, ',')
		}
		dst = appendControlMessageJSON(dst, &m)
	}
	if rest := r.Rest(); rest.Len > 0 {
		if dst[len(dst)-1] == '}' {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"offset":`...)
		dst = appendUint(dst, rest.Offset)
		dst = append(dst, `,"rest_bytes":`...)
		dst = appendUint(dst, rest.Len)
		if rest.Captured {
			dst = append(dst, `,"captured":true}`...)
		} else {
			dst = append(dst, `,"captured":false}`...)
		}
	}
	return append(dst, ']')
}

func appendControlMessageJSON(dst []byte, m *ControlMessage) []byte {
	dst = append(dst, `{"offset":`...)
	dst = appendInt(dst, int64(m.Offset))
	dst = append(dst, `,"len":`...)
	dst = appendUint(dst, m.Len)
	dst = append(dst, `,"level":`...)
	dst = appendInt(dst, int64(m.Level))
	dst = append(dst, `,"type":`...)
	dst = appendInt(dst, int64(m.Type))
	dst = append(dst, `,"level_text":`...)
	dst = appendJSONName(dst, LevelEnum.names[int64(m.Level)])
	dst = append(dst, `,"type_text":`...)
	t := controlTypes[controlKey{m.Level, m.Type}]
	if t != nil {
		dst = appendJSONName(dst, t.name)
	} else {
		dst = append(dst, "null"...)
	}
	if m.Malformed {
		dst = append(dst, `,"malformed":true`...)
	}
	if m.Truncated {
		dst = append(dst, `,"truncated":true`...)
	}
	if t != nil && t.form != formNone && len(m.Data) >= t.min {
		w := fields{dst: dst, json: true}
		w.data(t, m)
		dst = w.dst
	} else {
		dst = append(dst, `,"data":"`...)
		dst = AppendHexBytes(dst, m.Data)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendJSONName(dst []byte, name string) []byte {
	if name == "" {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"')
}
