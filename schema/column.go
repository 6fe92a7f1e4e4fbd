// Package schema is the single source of what an event is: one table of
// columns, from which the segment codec, the Parquet schema, the JSON keys,
// docs/schema.md and `sendmsgrec schema` are derived, and the offline decoders
// (socket addresses, control messages, flags, errno) of the raw values in them.
//
// The package holds no state, needs no privilege and runs on every OS. All its
// tables are read-only after initialisation; everything may be called
// concurrently.
package schema

import "fmt"

// Version is the schema version that this build writes. It grows when a
// column is appended; ids and meanings of existing columns never change.
const Version = 2

// ColumnID identifies a column for ever: ids are stable and append-only.
type ColumnID uint16

// Kind is how the values of a column are held in memory and on disk.
type Kind uint8

// The kinds. Values are part of the file format (docs/format.md).
const (
	KindInt     Kind = 1 // one signed 64-bit integer a row
	KindBytes   Kind = 2 // one byte string a row
	KindIntList Kind = 3 // one list of signed 64-bit integers a row
)

// String returns the kind's name as docs/format.md spells it.
func (k Kind) String() string {
	switch k {
	case KindInt:
		return "int"
	case KindBytes:
		return "bytes"
	case KindIntList:
		return "int_list"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Table says which table of a segment stores a column. What repeats from
// event to event (the task, the socket, the call's arguments) is stored once
// in a table of its own, and the event row holds its index there (a ref
// column). Readers that want values per event follow the ref.
type Table uint8

// The tables. Values are part of the file format (docs/format.md).
const (
	TableEvent   Table = 0 // one row per event
	TableTask    Table = 1 // one row per distinct state of a sending thread
	TableSocket  Table = 2 // one row per distinct state of a socket
	TableCall    Table = 3 // one row per distinct set of arguments and msghdr scalars
	TableName    Table = 4 // one row per distinct msg_name
	TableControl Table = 5 // one row per distinct msg_control
	NumTables          = 6
)

// String returns the table's name as docs/format.md spells it.
func (t Table) String() string {
	names := [NumTables]string{"event", "task", "socket", "call", "name", "control"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("table(%d)", uint8(t))
}

// Type is what the values mean, and with it the natural type in Parquet, JSON
// and SQL.
type Type uint8

// The types.
const (
	TypeInt32     Type = iota + 1 // a number that fits 32 signed bits
	TypeInt64                     // a number that fits 64 signed bits
	TypeTimestamp                 // nanoseconds of CLOCK_BOOTTIME; shown as UTC wall time beside it
	TypeDuration                  // nanoseconds
	TypePointer                   // a user address, shown in hexadecimal in text
	TypeEnum                      // a small number with a name (Column.Enum)
	TypeString                    // text, up to the first NUL
	TypeBytes                     // raw bytes, decoded offline into a text beside them
)

// String returns the type's name as `sendmsgrec schema` prints it.
func (t Type) String() string {
	names := [...]string{"", "int32", "int64", "timestamp", "duration", "pointer", "enum", "string", "bytes"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Tag is a fact about where a column's value comes from.
type Tag uint8

// The tags, with the letters of the event's origin.
const (
	TagKernel   Tag = 1 << iota // K: originated in the kernel
	TagUser                     // U: from user space, for example behind a user pointer
	TagTOCTOU                   // TOCTOU: may change between the kernel's check and its use
	TagOptional                 // OPT: may be absent; absent is null, never zero
)

// String returns the tags, comma-separated, in the order K, U, TOCTOU, OPT.
func (t Tag) String() string {
	s := ""
	for i, name := range [...]string{"K", "U", "TOCTOU", "OPT"} {
		if t&(1<<i) != 0 {
			if s != "" {
				s += ","
			}
			s += name
		}
	}
	return s
}

// Column describes one column. The zero Unit means a plain number or name.
type Column struct {
	ID    ColumnID
	Name  string // the JSON key, the Parquet column, the word in filters
	Table Table
	Kind  Kind
	Type  Type
	Unit  string // "ns", "bytes" or empty
	Tags  Tag
	Enum  *Enum // names of the values, for TypeEnum
	Group string
	Doc   string
	// Ref is the table whose row index this column holds, for the ref columns
	// of TableEvent; TableEvent itself for all others. Ref columns are storage,
	// not part of the event: Columns leaves them out.
	Ref Table
}

// Nullable reports whether a row may have no value in this column.
func (c *Column) Nullable() bool { return c.Tags&TagOptional != 0 }

// IsRef reports whether the column is a row index into another table.
func (c *Column) IsRef() bool { return c.Ref != TableEvent }
