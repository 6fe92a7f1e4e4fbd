package stats

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// code numbers the distinct values of a dimension, and the groups.
type code = uint32

// codeOther is the code of every value that came when no more could be kept.
const codeOther code = 0

// dimension is the fields of a key that stand in one table. Its value is
// looked up once per row of the table in each segment, not once per event;
// fields of the event table itself are a dimension each.
type dimension struct {
	table  schema.Table
	fields []*Field
	index  []int           // of each field among all
	codes  map[string]code // by encoded tuple
	keys   []string        // by code
	ofRow  []code          // by row of the table, in the segment at hand
	null   code            // of an event without a row in the table, 0 until needed
	buf    []byte
	recent []recentInt // for a single int column, which is not encoded each time
}

// recentInt is an entry of a small cache in front of codes.
type recentInt struct {
	value int64
	code  code // codeOther: empty
}

const recentInts = 1 << 10

// newDimensions divides the fields into dimensions. Every field appears in
// one; the order is that of first use.
func newDimensions(fields []Field) []*dimension {
	var dims []*dimension
	ofTable := map[schema.Table]*dimension{}
	for i := range fields {
		f := &fields[i]
		t := f.column.Table
		d := ofTable[t]
		if d == nil {
			d = &dimension{table: t, codes: map[string]code{}, keys: []string{""}}
			dims = append(dims, d)
			if t != schema.TableEvent {
				ofTable[t] = d
			} else if f.column.Kind == schema.KindInt {
				d.recent = make([]recentInt, recentInts)
			}
		}
		d.fields = append(d.fields, f)
		d.index = append(d.index, i)
	}
	return dims
}

// load finds the codes of all rows of the dimension's table in b.
func (d *dimension) load(b *segment.Block, m *memory) {
	rows := b.Rows[d.table]
	d.ofRow = d.ofRow[:0]
	if d.recent != nil {
		d.loadInts(b, rows, m)
		return
	}
	for row := range rows {
		d.buf = d.buf[:0]
		for _, f := range d.fields {
			d.buf = f.appendValue(d.buf, b, row)
		}
		d.ofRow = append(d.ofRow, d.codeOf(d.buf, m))
	}
}

// loadInts does the same for a single int column.
func (d *dimension) loadInts(b *segment.Block, rows int, m *memory) {
	f := d.fields[0]
	v := &b.Cols[f.column.ID]
	for row, raw := range v.Ints[:rows] {
		if v.IsNull(row) {
			d.ofRow = append(d.ofRow, d.nullCode(m))
			continue
		}
		value, ok := f.int(raw)
		if !ok {
			d.ofRow = append(d.ofRow, d.nullCode(m))
			continue
		}
		recent := &d.recent[uint64(value)*0x9e3779b97f4a7c15>>(64-10)]
		if recent.code == codeOther || recent.value != value {
			*recent = recentInt{value, d.codeOf(appendInt(d.buf[:0], value), m)}
		}
		d.ofRow = append(d.ofRow, recent.code)
	}
}

// nullCode returns the code of events that have no row in the table.
func (d *dimension) nullCode(m *memory) code {
	if d.null == codeOther {
		d.buf = d.buf[:0]
		for range d.fields {
			d.buf = append(d.buf, encodedNull)
		}
		d.null = d.codeOf(d.buf, m)
	}
	return d.null
}

// keyBytes is what an entry of codes and keys takes besides the key's bytes.
const keyBytes = 64

// codeOf returns the code of an encoded tuple, a new one if need be and
// possible.
func (d *dimension) codeOf(key []byte, m *memory) code {
	if c, ok := d.codes[string(key)]; ok {
		return c
	}
	if m.closed {
		return codeOther
	}
	k := string(key)
	c := code(len(d.keys))
	d.codes[k] = c
	d.keys = append(d.keys, k)
	m.used += keyBytes + int64(len(k))
	return c
}

// eventCodes appends the code of each event to dst.
func (d *dimension) eventCodes(dst []code, b *segment.Block, m *memory) []code {
	if d.table == schema.TableEvent {
		return append(dst, d.ofRow...)
	}
	ref := &b.Cols[schema.RefOf(d.table)]
	if len(ref.Nulls) == 0 {
		for _, row := range ref.Ints {
			dst = append(dst, d.ofRow[row])
		}
		return dst
	}
	for i, row := range ref.Ints {
		if ref.IsNull(i) {
			dst = append(dst, d.nullCode(m))
		} else {
			dst = append(dst, d.ofRow[row])
		}
	}
	return dst
}
