package text

import (
	"strconv"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// decoders returns what appends a decoded field.
func decoders(d *schema.Decoded) func(*Printer, []byte) []byte {
	id := d.Inputs[0]
	switch d.Name {
	case "wall_time", "start_wall_time":
		return func(p *Printer, dst []byte) []byte { return p.wallTime(dst, id) }
	case "errno":
		return (*Printer).errno
	case "error":
		return (*Printer).errorText
	case "comm_hex":
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.bytes(id)
			if !ok {
				return p.null(dst)
			}
			return p.hex(dst, v)
		}
	case "flags_text", "msg_flags_text", "out_msg_flags_text":
		return func(p *Printer, dst []byte) []byte { return p.flags(dst, id) }
	case "name_text":
		return func(p *Printer, dst []byte) []byte { return p.nameText(dst, schema.AppendAddress) }
	case "name_decoded":
		return func(p *Printer, dst []byte) []byte { return p.nameText(dst, schema.AppendSockaddr) }
	case "control_decoded":
		return (*Printer).control
	case "socket_protocol_text":
		return (*Printer).protocol
	case "local_address_text", "remote_address_text":
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.bytes(id)
			if !ok {
				return p.null(dst)
			}
			p.scratch = schema.AppendIP(p.scratch[:0], v)
			return p.str(dst, p.scratch)
		}
	case "local_path_text", "remote_path_text":
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.bytes(id)
			if !ok {
				return p.null(dst)
			}
			p.scratch = schema.AppendUnixPath(p.scratch[:0], v)
			return p.str(dst, p.scratch)
		}
	case "local_endpoint":
		return func(p *Printer, dst []byte) []byte { return p.endpoint(dst, &localEnd) }
	case "remote_endpoint":
		return func(p *Printer, dst []byte) []byte { return p.endpoint(dst, &remoteEnd) }
	}
	enum := schema.ByID(d.After).Enum
	return func(p *Printer, dst []byte) []byte {
		v, ok := p.event.int(id)
		if !ok {
			return p.null(dst)
		}
		return p.name(dst, enum.Name(v))
	}
}

func (p *Printer) wallTime(dst []byte, id schema.ColumnID) []byte {
	v, ok := p.event.int(id)
	if !ok || p.wall == nil {
		return p.null(dst)
	}
	if p.format != Line {
		dst = append(dst, '"')
	}
	dst = p.clock.append(dst, p.wall.UnixNS(v))
	if p.format != Line {
		dst = append(dst, '"')
	}
	return dst
}

func (p *Printer) errno(dst []byte) []byte {
	ret, _ := p.event.int(schema.ColRet)
	n := schema.Errno(ret)
	if n == 0 {
		return p.null(dst)
	}
	if name := schema.ErrnoName(n); name != "" {
		return p.name(dst, name)
	}
	return p.name(dst, strconv.FormatInt(n, 10))
}

func (p *Printer) errorText(dst []byte) []byte {
	ret, _ := p.event.int(schema.ColRet)
	n := schema.Errno(ret)
	if n == 0 {
		return p.null(dst)
	}
	if message := schema.ErrnoMessage(n); message != "" {
		return p.name(dst, message)
	}
	return p.name(dst, "error "+strconv.FormatInt(n, 10))
}

func (p *Printer) flags(dst []byte, id schema.ColumnID) []byte {
	v, ok := p.event.int(id)
	if !ok {
		return p.null(dst)
	}
	p.scratch = schema.MsgFlags.Append(p.scratch[:0], uint64(v))
	return p.str(dst, p.scratch)
}

func (p *Printer) nameText(dst []byte, decode func(dst, raw []byte, namelen int64) []byte) []byte {
	raw, ok := p.event.bytes(schema.ColName)
	if !ok || len(raw) < 2 {
		return p.null(dst)
	}
	namelen, ok := p.event.int(schema.ColMsgNamelen)
	if !ok || p.event.receives() {
		namelen = int64(len(raw))
	}
	p.scratch = decode(p.scratch[:0], raw, namelen)
	return p.str(dst, p.scratch)
}

func (p *Printer) control(dst []byte) []byte {
	raw, ok := p.event.bytes(schema.ColControl)
	if !ok {
		return p.null(dst)
	}
	controllen, ok := p.event.int(schema.ColMsgControllen)
	if !ok || p.event.receives() {
		controllen = int64(len(raw))
	}
	abi, _ := p.event.int(schema.ColABI)
	p.scratch = schema.AppendControlJSON(p.scratch[:0], raw, controllen, schema.ControlLayoutOf(abi))
	return p.structured(dst, p.scratch)
}

func (p *Printer) protocol(dst []byte) []byte {
	v, ok := p.event.int(schema.ColSocketProtocol)
	if !ok {
		return p.null(dst)
	}
	family, _ := p.event.int(schema.ColSocketFamily)
	return p.name(dst, schema.ProtocolName(family, v))
}
