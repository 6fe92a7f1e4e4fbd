package stats

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Field is one thing to group by: a column, or errno, which is the error
// number in ret (0 for a call that did not fail).
type Field struct {
	Name   string
	column *schema.Column
	errno  bool
}

// fieldErrno is the one field that is no column.
const fieldErrno = "errno"

// ParseFields turns names, as given to --by, into fields. A name that is no
// column is an error that lists what is.
func ParseFields(names []string) ([]Field, error) {
	var fields []Field
	for _, name := range names {
		f := Field{Name: name, column: schema.ByName(name)}
		if name == fieldErrno {
			f.column, f.errno = schema.ByID(schema.ColRet), true
		}
		if f.column == nil || f.column.IsRef() {
			return nil, fmt.Errorf("cannot group by %q: it is no column; columns are %s", name, strings.Join(fieldNames(), ", "))
		}
		fields = append(fields, f)
	}
	return fields, nil
}

func fieldNames() []string {
	names := []string{fieldErrno}
	for _, c := range schema.Columns() {
		names = append(names, c.Name)
	}
	return names
}

// An encoded value begins with what it is, so that null is not empty and a
// tuple of values is the values one after the other.
const (
	encodedNull  = 0
	encodedInt   = 1 // then 8 bytes
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
	return appendInt(dst, f.int(v.Ints[row]))
}

func appendInt(dst []byte, v int64) []byte {
	dst = append(dst, encodedInt)
	return binary.LittleEndian.AppendUint64(dst, uint64(v))
}

// int maps the column's number to the field's.
func (f *Field) int(v int64) int64 {
	if f.errno {
		return schema.Errno(v)
	}
	return v
}

// Value is the value of a field in the key of a group: nil, int64, []byte or
// []int64.
type Value any

// decodeValue returns the first value of an encoded tuple, and the rest.
func decodeValue(encoded []byte) (Value, []byte) {
	kind, rest := encoded[0], encoded[1:]
	switch kind {
	case encodedInt:
		return int64(binary.LittleEndian.Uint64(rest)), rest[8:]
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
	case f.errno && v == 0:
		return "ok"
	case f.errno:
		return errnoName(v)
	case c.Enum != nil:
		return c.Enum.Name(v)
	case c.ID == schema.ColFlags || c.ID == schema.ColMsgFlags:
		return schema.FormatFlags(uint64(v))
	case c.Type == schema.TypePointer:
		return string(schema.AppendHex(nil, uint64(v)))
	}
	return strconv.FormatInt(v, 10)
}

// errnoName returns the errno's name, or its number.
func errnoName(n int64) string {
	if name := schema.ErrnoName(n); name != "" {
		return name
	}
	return strconv.FormatInt(n, 10)
}

// bytesText is safe to show on a terminal.
func (f *Field) bytesText(v []byte) string {
	return string(schema.AppendEscaped(nil, f.decoded(v), "\\"))
}

// bytesJSON has every character that the bytes have.
func (f *Field) bytesJSON(v []byte) string {
	return strings.ToValidUTF8(string(f.decoded(v)), "\ufffd")
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
