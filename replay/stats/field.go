package stats

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Field is one thing to group by: a column, or errno, which is the error in ret
// and null for a call that did not fail.
type Field struct {
	Name   string
	column *schema.Column
	errno  bool
}

const (
	// fieldErrno is the one field that is no column.
	fieldErrno = "errno"
	// textSuffix ends the name of a column's decoded text. To group by it is to
	// group by the column.
	textSuffix = "_text"
)

// ParseFields turns names, as given to --by, into fields: names of columns, of
// their decoded texts (remote_address_text), and errno. Any other name is an
// error that lists what there is.
func ParseFields(names []string) ([]Field, error) {
	var fields []Field
	for _, name := range names {
		f := Field{Name: name, column: schema.ByName(name)}
		if name == fieldErrno {
			f.column, f.errno = schema.ByID(schema.ColRet), true
		}
		if raw, text := strings.CutSuffix(name, textSuffix); f.column == nil && text {
			if f.column = schema.ByName(raw); f.column != nil && !f.hasText() {
				f.column = nil
			}
		}
		if f.column == nil || f.column.IsRef() {
			return nil, fmt.Errorf("cannot group by %q: it is no column; columns are %s", name, strings.Join(FieldNames(), ", "))
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// FieldNames returns the names that ParseFields knows, in the order of the
// columns.
func FieldNames() []string {
	var names []string
	for _, c := range schema.Columns() {
		names = append(names, c.Name)
		if f := (Field{column: c}); f.hasText() {
			names = append(names, c.Name+textSuffix)
		}
		if c.ID == schema.ColRet {
			names = append(names, fieldErrno)
		}
	}
	return names
}

// hasText reports whether the column has a decoded text beside it that depends
// on its value alone.
func (f *Field) hasText() bool {
	text := fields.ByName(f.column.Name + textSuffix)
	return text != nil && (text.IsName() || f.column.Kind == schema.KindBytes)
}

// An encoded value begins with what it is, so that null is not empty and a
// tuple of values is the values one after the other. Encoded numbers sort as
// the numbers do, null before all.
const (
	encodedNull  = 0
	encodedInt   = 1 // then 8 bytes, the highest first, the sign inverted
	encodedBytes = 2 // then a length and the bytes
	encodedList  = 3 // then a length and 8 bytes each
)

// appendValue appends the encoded value of the field in a row of its table.
func (f *Field) appendValue(dst []byte, b *segment.Block, row int) []byte {
	v := &b.Cols[f.column.ID]
	if v.IsNull(row) {
		return append(dst, encodedNull)
	}
	switch f.column.Kind {
	case schema.KindBytes:
		dst = append(dst, encodedBytes)
		value := v.BytesAt(row)
		dst = binary.AppendUvarint(dst, uint64(len(value)))
		return append(dst, value...)
	case schema.KindIntList:
		dst = append(dst, encodedList)
		list := v.ListAt(row)
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for _, e := range list {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(e))
		}
		return dst
	}
	if n, ok := f.int(v.Ints[row]); ok {
		return appendInt(dst, n)
	}
	return append(dst, encodedNull)
}

func appendInt(dst []byte, v int64) []byte {
	dst = append(dst, encodedInt)
	return binary.BigEndian.AppendUint64(dst, uint64(v)^1<<63)
}

// int maps the column's number to the field's, which may be null.
func (f *Field) int(v int64) (int64, bool) {
	if f.errno {
		v = schema.Errno(v)
		return v, v != 0
	}
	return v, true
}

// Value is the value of a field in the key of a group: nil, int64, []byte or
// []int64.
type Value any

// decodeValue returns the first value of an encoded tuple, and the rest.
func decodeValue(encoded []byte) (Value, []byte) {
	kind, rest := encoded[0], encoded[1:]
	switch kind {
	case encodedInt:
		return int64(binary.BigEndian.Uint64(rest) ^ 1<<63), rest[8:]
	case encodedBytes:
		n, size := binary.Uvarint(rest)
		rest = rest[size:]
		return rest[:n:n], rest[n:]
	case encodedList:
		n, size := binary.Uvarint(rest)
		rest = rest[size:]
		list := make([]int64, n)
		for i := range list {
			list[i] = int64(binary.LittleEndian.Uint64(rest[8*i:]))
		}
		return list, rest[8*n:]
	}
	return nil, rest
}

// Text returns the value as people read it: names of enums, errnos and flags,
// addresses, paths and control messages decoded, pointers in hexadecimal, and
// no byte that could act on a terminal. Null is -.
func (f *Field) Text(v Value) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case int64:
		return f.intText(v)
	case []byte:
		return f.bytesText(v)
	case []int64:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = f.intText(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}

func (f *Field) intText(v int64) string {
	switch c := f.column; {
	case f.errno:
		return errnoName(v)
	case c.Enum != nil:
		return c.Enum.Name(v)
	case fields.IsFlags(c):
		return schema.FormatFlags(uint64(v))
	case c.Type == schema.TypePointer:
		return string(schema.AppendHex(nil, uint64(v)))
	}
	return strconv.FormatInt(v, 10)
}

// errnoName returns the errno's name, or its number.
func errnoName(n int64) string {
	name, _ := fields.AppendErrno(nil, -n)
	return string(name)
}

// bytesText is safe to show on a terminal.
func (f *Field) bytesText(v []byte) string {
	return string(schema.AppendEscaped(nil, f.decoded(v), "\\"))
}

// addJSON sets the field's value in a group's key as cat --json prints it:
// numbers are numbers, raw bytes are hexadecimal, and the decoded text stands
// beside them.
func (f *Field) addJSON(key map[string]any, v Value) {
	name := f.column.Name
	if f.errno {
		key[fieldErrno] = nil
		if n, ok := v.(int64); ok {
			key[fieldErrno] = errnoName(n)
		}
		return
	}
	key[name] = v
	if f.hasText() {
		key[name+textSuffix] = nil
	}
	switch v := v.(type) {
	case []byte:
		if f.column.Type == schema.TypeString {
			key[name] = strings.ToValidUTF8(string(v), "\ufffd")
			return
		}
		key[name] = hex.EncodeToString(v)
		if f.hasText() {
			key[name+textSuffix] = strings.ToValidUTF8(string(f.decoded(v)), "\ufffd")
		}
	case int64:
		if f.hasText() {
			key[name+textSuffix] = f.intText(v)
		}
	}
}

// decoded returns the text of addresses, paths and names, and of others the
// bytes themselves.
func (f *Field) decoded(v []byte) []byte {
	switch f.column.ID {
	case schema.ColLocalAddress, schema.ColRemoteAddress:
		return schema.AppendIP(nil, v)
	case schema.ColLocalPath, schema.ColRemotePath:
		return schema.AppendUnixPath(nil, v)
	case schema.ColName:
		return schema.AppendAddress(nil, v, int64(len(v)))
	}
	return v
}
