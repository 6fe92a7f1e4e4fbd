package text

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// field is a key of the output: a column, or what is decoded from columns.
type field struct {
	name   string
	inputs []schema.ColumnID
	prefix [3]string // what stands before the value, by format
	extra  bool      // only when asked for
	// plainInt: a number in decimal in all formats.
	plainInt bool
	append   func(p *Printer, dst []byte) []byte
}

var (
	fieldTable  = makeFields()
	fieldByName = func() map[string]*field {
		m := map[string]*field{}
		for i := range fieldTable {
			m[fieldTable[i].name] = &fieldTable[i]
		}
		return m
	}()
)

// makeFields returns the columns by id, each followed by what is decoded from
// it.
func makeFields() []field {
	var all []field
	add := func(name string, inputs []schema.ColumnID, extra bool, fn func(*Printer, []byte) []byte) {
		all = append(all, field{name: name, inputs: inputs, extra: extra, append: fn,
			prefix: [3]string{Line: name + "=", JSON: `"` + name + `":`}})
	}
	rest := schema.AllDecoded()
	for _, c := range schema.Columns() {
		add(c.Name, []schema.ColumnID{c.ID}, false, columnAppender(c))
		all[len(all)-1].plainInt = c.Kind == schema.KindInt && c.Type != schema.TypePointer
		for len(rest) > 0 && rest[0].After == c.ID {
			add(rest[0].Name, rest[0].Inputs, rest[0].Extra, decoders(&rest[0]))
			rest = rest[1:]
		}
	}
	return all
}

// FieldNames returns the names that Options.Fields may hold, in the order of
// output.
func FieldNames() []string {
	names := make([]string, len(fieldTable))
	for i := range fieldTable {
		names[i] = fieldTable[i].name
	}
	return names
}

// UnknownFieldError is a field name that does not exist.
type UnknownFieldError struct {
	Name    string
	Nearest string // the name that it resembles most, or empty
}

func (e *UnknownFieldError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("unknown field %q; `sendmsgrec schema` lists the fields", e.Name)
	}
	return fmt.Sprintf("unknown field %q; did you mean %q?", e.Name, e.Nearest)
}

// columnAppender returns what appends a column's raw value.
func columnAppender(c *schema.Column) func(*Printer, []byte) []byte {
	id := c.ID
	switch {
	case c.Kind == schema.KindIntList:
		hex := c.Type == schema.TypePointer
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.list(id)
			if !ok {
				return p.null(dst)
			}
			return p.list(dst, v, hex)
		}
	case c.Kind == schema.KindBytes && c.Type == schema.TypeString:
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.bytes(id)
			if !ok {
				return p.null(dst)
			}
			return p.str(dst, v)
		}
	case c.Kind == schema.KindBytes:
		return func(p *Printer, dst []byte) []byte {
			v, ok := p.event.bytes(id)
			if !ok {
				return p.null(dst)
			}
			return p.hex(dst, v)
		}
	}
	hex := c.Type == schema.TypePointer
	return func(p *Printer, dst []byte) []byte {
		v, ok := p.event.int(id)
		if !ok {
			return p.null(dst)
		}
		return p.number(dst, v, hex)
	}
}

// number appends a number; addresses are in hexadecimal where people read.
func (p *Printer) number(dst []byte, v int64, address bool) []byte {
	if address && p.format == Line {
		return schema.AppendHex(dst, uint64(v))
	}
	return appendInt(dst, v)
}

// list appends an array of numbers.
func (p *Printer) list(dst []byte, list []int64, address bool) []byte {
	if p.format == CSV {
		dst = append(dst, '"')
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.number(dst, v, address)
	}
	dst = append(dst, ']')
	if p.format == CSV {
		dst = append(dst, '"')
	}
	return dst
}
