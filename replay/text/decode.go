package text

import (
	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// decoders returns what appends a decoded field: its text is that of package
// field, its form that of the format.
func decoders(d *schema.Decoded) func(*Printer, []byte) []byte {
	f := fields.ByName(d.Name)
	switch {
	case !f.HasText():
		return func(p *Printer, dst []byte) []byte { return p.wallTime(dst, d.Inputs[0]) }
	case d.JSON == "array":
		return func(p *Printer, dst []byte) []byte {
			if !p.decode(f) {
				return p.null(dst)
			}
			return p.structured(dst, p.scratch)
		}
	case f.IsASCII():
		return func(p *Printer, dst []byte) []byte { return p.name(dst, f) }
	}
	return func(p *Printer, dst []byte) []byte {
		if !p.decode(f) {
			return p.null(dst)
		}
		return p.str(dst, p.scratch)
	}
}

// decode puts the field's text into p.scratch; it is false for null.
func (p *Printer) decode(f *fields.Field) (ok bool) {
	p.scratch, ok = f.AppendText(p.scratch[:0], p.event.forFields())
	return ok
}

// name appends a text of printable ASCII without quotes and backslashes, as the
// names of numbers are, in quotes where the format or a space in it needs them.
func (p *Printer) name(dst []byte, f *fields.Field) []byte {
	start := len(dst)
	dst, ok := f.AppendText(append(dst, '"'), p.event.forFields())
	switch {
	case !ok:
		return p.null(dst[:start])
	case p.format == Line && plain(dst[start+1:]):
		return append(dst[:start], dst[start+1:]...)
	}
	return append(dst, '"')
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
