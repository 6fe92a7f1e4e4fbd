package fields

import (
	"strconv"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// decoder returns what appends the text of a decoded field; nil for the wall
// times.
func decoder(d *schema.Decoded) func([]byte, *Event) ([]byte, bool) {
	id := d.Inputs[0]
	switch d.Name {
	case "wall_time", "start_wall_time":
		return nil
	case "errno":
		return ofInt(id, AppendErrno)
	case "error":
		return ofInt(id, AppendError)
	case "comm_hex":
		return ofBytes(id, schema.AppendHexBytes)
	case "name_text":
		return ofName(schema.AppendAddress)
	case "name_decoded":
		return ofName(schema.AppendSockaddr)
	case "control_decoded":
		return appendControl
	case "socket_protocol_text":
		return appendProtocol
	case "local_address_text", "remote_address_text":
		return ofBytes(id, schema.AppendIP)
	case "local_path_text", "remote_path_text":
		return ofBytes(id, schema.AppendUnixPath)
	case "local_endpoint":
		return LocalEnd.appendText
	case "remote_endpoint":
		return RemoteEnd.appendText
	}
	c := schema.ByID(id)
	if IsFlags(c) {
		return ofInt(id, func(dst []byte, v int64) ([]byte, bool) { return schema.MsgFlags.Append(dst, uint64(v)), true })
	}
	if c.Enum == nil {
		panic("no text for the decoded field " + d.Name)
	}
	return ofInt(id, func(dst []byte, v int64) ([]byte, bool) { return append(dst, c.Enum.Name(v)...), true })
}

// ofInt decodes an int column.
func ofInt(id schema.ColumnID, text func(dst []byte, v int64) ([]byte, bool)) func([]byte, *Event) ([]byte, bool) {
	return func(dst []byte, e *Event) ([]byte, bool) {
		if v, ok := e.Int(id); ok {
			return text(dst, v)
		}
		return dst, false
	}
}

// ofBytes decodes a bytes column.
func ofBytes(id schema.ColumnID, text func(dst, v []byte) []byte) func([]byte, *Event) ([]byte, bool) {
	return func(dst []byte, e *Event) ([]byte, bool) {
		if v, ok := e.Bytes(id); ok {
			return text(dst, v), true
		}
		return dst, false
	}
}

// AppendErrno appends the name of the error in a return value, its digits when
// it has none; ok is false when there is no error.
func AppendErrno(dst []byte, ret int64) (text []byte, ok bool) {
	n := schema.Errno(ret)
	if n == 0 {
		return dst, false
	}
	if name := schema.ErrnoName(n); name != "" {
		return append(dst, name...), true
	}
	return strconv.AppendInt(dst, n, 10), true
}

// AppendError appends what the error in a return value means; ok is false when
// there is no error.
func AppendError(dst []byte, ret int64) (text []byte, ok bool) {
	n := schema.Errno(ret)
	if n == 0 {
		return dst, false
	}
	if message := schema.ErrnoMessage(n); message != "" {
		return append(dst, message...), true
	}
	return strconv.AppendInt(append(dst, "error "...), n, 10), true
}

// ofName decodes msg_name.
func ofName(text func(dst, raw []byte, namelen int64) []byte) func([]byte, *Event) ([]byte, bool) {
	return func(dst []byte, e *Event) ([]byte, bool) {
		raw, namelen, ok := e.name()
		if !ok {
			return dst, false
		}
		return text(dst, raw, namelen), true
	}
}

// name returns msg_name and msg_namelen; ok is false for less than the two
// bytes of a family.
func (e *Event) name() (raw []byte, namelen int64, ok bool) {
	raw, ok = e.Bytes(schema.ColName)
	if !ok || len(raw) < 2 {
		return nil, 0, false
	}
	if namelen, ok = e.Int(schema.ColMsgNamelen); !ok || e.Receives() {
		namelen = int64(len(raw))
	}
	return raw, namelen, true
}

// appendControl decodes msg_control into a JSON array.
func appendControl(dst []byte, e *Event) ([]byte, bool) {
	raw, ok := e.Bytes(schema.ColControl)
	if !ok {
		return dst, false
	}
	controllen, ok := e.Int(schema.ColMsgControllen)
	if !ok || e.Receives() {
		controllen = int64(len(raw))
	}
	abi, _ := e.Int(schema.ColABI)
	return schema.AppendControlJSON(dst, raw, controllen, schema.ControlLayoutOf(abi)), true
}

func appendProtocol(dst []byte, e *Event) ([]byte, bool) {
	protocol, ok := e.Int(schema.ColSocketProtocol)
	if !ok {
		return dst, false
	}
	family, _ := e.Int(schema.ColSocketFamily)
	return append(dst, schema.ProtocolName(family, protocol)...), true
}
