package text

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// field is a key of the output: a column, or what is decoded from columns.
type field struct {
	name   string
	inputs []schema.ColumnID
	prefix [3]string // what stands before the value, by format
	extra  bool      // only when asked for
	form   form
	// pointer: numbers are in hexadecimal where people read.
	pointer bool
	append  func(p *Printer, dst []byte) []byte
}

// form is what a plan has to know of a field.
type form uint8

const (
	formOther form = iota
	formInt        // a number
	formList       // numbers
	formWall       // the wall time of a number
	formName       // what a number means
	formError      // what a negative number means; of others null
)

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
	add := func(f field) {
		f.prefix = [3]string{Line: f.name + "=", JSON: `"` + f.name + `":`}
		all = append(all, f)
	}
	rest := schema.AllDecoded()
	for _, c := range schema.Columns() {
		pointer := c.Type == schema.TypePointer
		add(field{name: c.Name, inputs: []schema.ColumnID{c.ID}, form: columnForm(c), pointer: pointer, append: columnAppender(c)})
		for len(rest) > 0 && rest[0].After == c.ID {
			d := &rest[0]
			add(field{name: d.Name, inputs: d.Inputs, extra: d.Extra, form: decodedForm(d), append: decoders(d)})
			rest = rest[1:]
		}
	}
	return all
}

func columnForm(c *schema.Column) form {
	switch c.Kind {
	case schema.KindIntList:
		return formList
	case schema.KindInt:
		return formInt
	}
	return formOther
}

func decodedForm(d *schema.Decoded) form {
	f := fields.ByName(d.Name)
	switch {
	case !f.HasText():
		return formWall
	case len(d.Inputs) > 1:
		return formOther
	case f.IsError():
		return formError
	case f.IsName():
		return formName
	}
	return formOther
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
	switch {
	case p.format == CSV:
		dst = append(dst, '"')
		dst = appendList(dst, list)
		return append(dst, '"')
	case p.format == JSON || !address:
		return appendList(dst, list)
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = schema.AppendHex(dst, uint64(v))
	}
	return append(dst, ']')
}

// appendList appends numbers in decimal, in brackets.
func appendList(dst []byte, list []int64) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendInt(dst, v)
	}
	return append(dst, ']')
}
