package parquet

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/format"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

var errPageSize = errors.New("larger than a page can be")

// leaf is a column of the Parquet file and how its values are made.
type leaf struct {
	name     string
	physical format.Type
	logical  format.LogicalTypeValue // nil: none
	optional bool
	list     bool // a list of int64
	encode   func(e *encoder, l *leaf) error
}

// path is where the leaf's values are in the file's schema.
func (l *leaf) path() []string {
	if l.list {
		return []string{l.name, "list", "element"}
	}
	return []string{l.name}
}

func (l *leaf) maxDefinition() byte {
	switch {
	case l.list:
		return 2 // the list is there, and has an element
	case l.optional:
		return 1
	}
	return 0
}

// intBytes returns a bound for the statistics.
func (l *leaf) intBytes(v int64) []byte {
	if l.physical == format.Int32 {
		return binary.LittleEndian.AppendUint32(nil, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(v))
}

var timestamp = &format.TimestampType{
	IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.NanoSeconds{}},
}

// leaves are the columns of the file, in order.
var leaves = makeLeaves()

// timeLeaf is the index of time_ns, by which row groups are sorted.
var timeLeaf = func() int {
	for i := range leaves {
		if leaves[i].name == schema.ByID(schema.ColTimeNS).Name {
			return i
		}
	}
	panic("no time_ns")
}()

func makeLeaves() []leaf {
	var all []leaf
	rest := schema.AllDecoded()
	for _, c := range schema.Columns() {
		all = append(all, columnLeaf(c))
		if c.Type == schema.TypeTimestamp {
			boottime := columnLeaf(c)
			boottime.name = c.Name[:len(c.Name)-len("ns")] + "boottime_ns"
			boottime.logical, boottime.encode = nil, encodeColumn(c)
			all = append(all, boottime)
		}
		for ; len(rest) > 0 && rest[0].After == c.ID; rest = rest[1:] {
			// Timestamps are wall time already.
			if d := &rest[0]; !d.Extra && c.Type != schema.TypeTimestamp {
				all = append(all, decodedLeaf(d))
			}
		}
	}
	return all
}

// columnLeaf returns the leaf of a column of the schema.
func columnLeaf(c *schema.Column) leaf {
	l := leaf{name: c.Name, physical: format.Int64, optional: c.Nullable(), encode: encodeColumn(c)}
	switch c.Type {
	case schema.TypeInt32, schema.TypeEnum:
		l.physical = format.Int32
	case schema.TypeTimestamp:
		l.logical = timestamp
		l.encode = encodeWallTime(c)
	case schema.TypeString:
		l.physical, l.logical = format.ByteArray, &format.StringType{}
	case schema.TypeBytes:
		l.physical = format.ByteArray
	}
	l.list = c.Kind == schema.KindIntList
	return l
}

// encodeColumn returns what writes a column as it is.
func encodeColumn(c *schema.Column) func(*encoder, *leaf) error {
	switch {
	case c.Kind == schema.KindIntList:
		return func(e *encoder, l *leaf) error { return e.list(l, c) }
	case c.Kind == schema.KindBytes:
		value := func(e *encoder, row int) ([]byte, bool) { return e.bytesOf(c.ID, row) }
		if c.Type == schema.TypeString {
			raw := value
			value = func(e *encoder, row int) ([]byte, bool) {
				v, ok := raw(e, row)
				return e.validUTF8(v), ok
			}
		}
		return func(e *encoder, l *leaf) error { return e.tableBytes(l, c.Table, value) }
	case c.Table != schema.TableEvent:
		return func(e *encoder, l *leaf) error { return e.tableInts(l, c, nil) }
	}
	switch c.ID {
	case schema.ColSeq, schema.ColTimeNS, schema.ColDurationNS:
		return func(e *encoder, l *leaf) error { return e.eventInts(l, c) }
	}
	return func(e *encoder, l *leaf) error { return e.eventDictionary(l, c) }
}

// encodeWallTime returns what writes a timestamp as wall time.
func encodeWallTime(c *schema.Column) func(*encoder, *leaf) error {
	if c.Table != schema.TableEvent {
		return func(e *encoder, l *leaf) error {
			return e.tableInts(l, c, func(v int64) int64 { return e.wall.UnixNS(v) })
		}
	}
	return func(e *encoder, l *leaf) error {
		e.gatherInts(c)
		for i, v := range e.values {
			e.values[i] = e.wall.UnixNS(v)
		}
		return e.out.ints(l, e.values, e.present())
	}
}

// plain64 reports whether the values can be written without a dictionary.
func (l *leaf) plain64() bool { return l.physical == format.Int64 }
