package parquet

import (
	"strconv"

	"github.com/parquet-go/parquet-go/format"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// decodedLeaf returns the leaf of a decoded field. What depends on one table is
// decoded once per row of the table.
func decodedLeaf(d *schema.Decoded) leaf {
	l := leaf{name: d.Name, physical: format.ByteArray, logical: &format.StringType{}, optional: true}
	c := schema.ByID(d.Inputs[0])
	if enum := schema.ByID(d.After).Enum; enum != nil && len(d.Inputs) == 1 {
		l.optional = c.Nullable()
		l.encode = intText(c, func(dst []byte, v int64) ([]byte, bool) { return append(dst, enum.Name(v)...), true })
		return l
	}
	switch d.Name {
	case "errno":
		l.encode = intText(c, appendErrno)
	case "error":
		l.encode = intText(c, appendError)
	case "flags_text", "msg_flags_text", "out_msg_flags_text":
		l.optional = c.Nullable()
		l.encode = intText(c, func(dst []byte, v int64) ([]byte, bool) { return schema.MsgFlags.Append(dst, uint64(v)), true })
	case "socket_protocol_text":
		l.encode = tableText(c.Table, appendProtocol)
	case "local_address_text", "remote_address_text":
		l.encode = bytesText(c, schema.AppendIP)
	case "local_path_text", "remote_path_text":
		l.encode = bytesText(c, schema.AppendUnixPath)
	case "local_endpoint":
		l.encode = tableText(c.Table, func(e *encoder, dst []byte, row int) ([]byte, bool) {
			return e.appendEndpoint(dst, row, schema.ColLocalAddress, schema.ColLocalPort, schema.ColLocalPath, false)
		})
	case "remote_endpoint":
		l.encode = tableText(c.Table, func(e *encoder, dst []byte, row int) ([]byte, bool) {
			return e.appendEndpoint(dst, row, schema.ColRemoteAddress, schema.ColRemotePort, schema.ColRemotePath, true)
		})
	case "name_text":
		l.encode = func(e *encoder, l *leaf) error { return e.pairText(l, schema.ColName, (*encoder).appendName) }
	case "control_decoded":
		l.encode = func(e *encoder, l *leaf) error { return e.pairText(l, schema.ColControl, (*encoder).appendControl) }
	default:
		panic("no text for decoded field " + d.Name)
	}
	return l
}

// intText decodes an integer column.
func intText(c *schema.Column, text func(dst []byte, v int64) ([]byte, bool)) func(*encoder, *leaf) error {
	if c.Table == schema.TableEvent {
		return func(e *encoder, l *leaf) error { return e.eventText(l, c, text) }
	}
	return tableText(c.Table, func(e *encoder, dst []byte, row int) ([]byte, bool) {
		if v, ok := e.intOf(c.ID, row); ok {
			return text(dst, v)
		}
		return dst, false
	})
}

// bytesText decodes a bytes column of a table. Text of addresses is ASCII; a
// path may be anything.
func bytesText(c *schema.Column, text func(dst, v []byte) []byte) func(*encoder, *leaf) error {
	return tableText(c.Table, func(e *encoder, dst []byte, row int) ([]byte, bool) {
		if v, ok := e.bytesOf(c.ID, row); ok {
			return e.validUTF8(text(dst, v)), true
		}
		return dst, false
	})
}

// tableText decodes from the columns of a table, once per row of it.
func tableText(t schema.Table, text func(e *encoder, dst []byte, row int) ([]byte, bool)) func(*encoder, *leaf) error {
	return func(e *encoder, l *leaf) error {
		return e.tableBytes(l, t, func(e *encoder, row int) (v []byte, ok bool) {
			v, ok = text(e, e.text[:0], row)
			e.text = v[:0]
			return v, ok
		})
	}
}

func appendErrno(dst []byte, ret int64) ([]byte, bool) {
	n := schema.Errno(ret)
	if n == 0 {
		return dst, false
	}
	if name := schema.ErrnoName(n); name != "" {
		return append(dst, name...), true
	}
	return strconv.AppendInt(dst, n, 10), true
}

func appendError(dst []byte, ret int64) ([]byte, bool) {
	n := schema.Errno(ret)
	if n == 0 {
		return dst, false
	}
	if message := schema.ErrnoMessage(n); message != "" {
		return append(dst, message...), true
	}
	return strconv.AppendInt(append(dst, "error "...), n, 10), true
}

func appendProtocol(e *encoder, dst []byte, row int) ([]byte, bool) {
	protocol, ok := e.intOf(schema.ColSocketProtocol, row)
	if !ok {
		return dst, false
	}
	family, _ := e.intOf(schema.ColSocketFamily, row)
	return append(dst, schema.ProtocolName(family, protocol)...), true
}

// appendEndpoint appends one end of a socket; an end that must be connected and
// is all zeros is none.
func (e *encoder) appendEndpoint(dst []byte, row int, address, port, path schema.ColumnID, connected bool) ([]byte, bool) {
	if p, ok := e.bytesOf(path, row); ok {
		return e.validUTF8(schema.AppendUnixPath(dst, p)), true
	}
	ip, ok := e.bytesOf(address, row)
	if !ok {
		return dst, false
	}
	n, _ := e.intOf(port, row)
	if connected && n == 0 && allZero(ip) {
		return dst, false
	}
	return schema.AppendHostPort(dst, ip, 0, n), true
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// receives reports whether the lengths in a row of the call table are those of
// the caller's memory, and not of what stands in it.
func (e *encoder) receives(call int) bool {
	v, _ := e.intOf(schema.ColCall, call)
	return schema.Receives(v)
}

// appendName decodes msg_name; call is the event's row in the call table.
func (e *encoder) appendName(dst, raw []byte, call int) ([]byte, bool) {
	if len(raw) < 2 {
		return dst, false
	}
	namelen, ok := e.intOf(schema.ColMsgNamelen, call)
	if !ok || e.receives(call) {
		namelen = int64(len(raw))
	}
	return e.validUTF8(schema.AppendAddress(dst, raw, namelen)), true
}

// appendControl decodes msg_control into a JSON array.
func (e *encoder) appendControl(dst, raw []byte, call int) ([]byte, bool) {
	controllen, ok := e.intOf(schema.ColMsgControllen, call)
	if !ok || e.receives(call) {
		controllen = int64(len(raw))
	}
	abi, _ := e.intOf(schema.ColABI, call)
	return schema.AppendControlJSON(dst, raw, controllen, schema.ControlLayoutOf(abi)), true
}
