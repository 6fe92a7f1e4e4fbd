package filter

import (
	"strings"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// kind is how the values of a field are tested.
type kind uint8

const (
	kindInt      kind = iota // one number a row
	kindList                 // a list of numbers a row
	kindText                 // text
	kindAddress              // an internet address, and its text
	kindEndpoint             // an address of any family, in short form
)

// target is a field as a test sees it.
type target struct {
	name   string // as written
	field  *fields.Field
	kind   kind
	hex    bool // kindText: the bytes of the column in hexadecimal
	errno  bool // kindInt: the error number in ret
	column *schema.Column
}

// aliases are the second names of fields.
var aliases = map[string]string{
	"duration": "duration_ns", "time": "time_ns", "start_time": "start_time_ns",
	"wall_time": "time_ns", "start_wall_time": "start_time_ns",
	"family": "socket_family", "protocol": "socket_protocol",
}

// FieldNames returns the names that expressions may use.
func FieldNames() []string {
	var names []string
	for i := range fields.All() {
		names = append(names, fields.All()[i].Name)
	}
	for name := range aliases {
		if fields.ByName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// targetOf returns what the name means, or nil.
func targetOf(name string) *target {
	full := name
	if a, ok := aliases[name]; ok {
		full = a
	}
	f := fields.ByName(full)
	if f == nil {
		return nil
	}
	t := &target{name: name, field: f, column: f.Column}
	c := f.Column
	text := fields.ByName(c.Name + "_text")
	switch {
	case f.Name == "errno":
		t.errno = true
	case strings.HasSuffix(f.Name, "_address") || strings.HasSuffix(f.Name, "_address_text"):
		t.kind, t.field = kindAddress, text
	case f.Name == "name" || f.Name == "name_text":
		t.kind, t.field = kindEndpoint, text
	case strings.HasSuffix(f.Name, "_endpoint"):
		t.kind = kindEndpoint
	case f.IsName():
		t.field = fields.ByName(c.Name)
	case f.Decoded != nil:
		t.kind = kindText
	case c.Kind == schema.KindInt:
	case c.Kind == schema.KindIntList:
		t.kind = kindList
	case text != nil:
		t.kind, t.field = kindText, text
	default:
		t.kind, t.hex = kindText, c.Type != schema.TypeString
	}
	return t
}

// inputs are the columns that the target's value is made of.
func (t *target) inputs() []schema.ColumnID { return t.field.Inputs }

// appendText appends the value of a target that is no number.
func (t *target) appendText(dst []byte, e *fields.Event) ([]byte, bool) {
	if !t.hex {
		return t.field.AppendText(dst, e)
	}
	v, ok := e.Bytes(t.column.ID)
	return schema.AppendHexBytes(dst, v), ok
}

// describe says what the target is compared with, for errors.
func (t *target) describe() string {
	c := t.column
	switch {
	case t.errno:
		return "the name or number of an error, such as EAGAIN"
	case t.kind == kindAddress:
		return "an address or a network, such as 10.0.0.0/8"
	case t.kind == kindEndpoint:
		return "an address, a network or a text"
	case t.kind == kindText:
		return "a text"
	case c.Enum != nil:
		return "a name or a number"
	case fields.IsFlags(c):
		return "names of flags, such as MSG_DONTWAIT|MSG_NOSIGNAL"
	case c.Type == schema.TypeTimestamp:
		return "a moment, such as 2026-01-31T10:00:00Z, +1.5s, -2s or 3600123456789"
	case c.Type == schema.TypeDuration:
		return "a duration, such as 1.5ms (nanoseconds without a unit)"
	case c.ID == schema.ColRet:
		return "a number of bytes or the name of an error, such as EAGAIN"
	case c.Unit == "bytes":
		return "a number of bytes, such as 64KiB"
	}
	return "a number"
}
