package text

import (
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// memo keeps, from block to block, how neighbouring fields are printed that say
// what a few numbers are or mean: most combinations come again and again.
type memo struct {
	fields  []*field
	inputs  []schema.ColumnID  // of the fields, int columns of one table
	columns []*colblock.Vector // of the block at hand
	errors  bool               // the fields are of negative numbers, and the same for all others
	text    []byte
	kept    [memoSlots]remembered
	key     []int64
}

// remembered is the text for the numbers in a row of columns.
type remembered struct {
	span
	valid bool
	nulls uint64 // bits of the columns that have no number
	key   []int64
}

// span is a part of a text.
type span struct{ start, end uint32 }

const (
	memoBits  = 8
	memoSlots = 1 << memoBits
	// maxMemo bounds a memo's text, in bytes: then it forgets.
	maxMemo = 256 << 10
)

// newMemo returns a memo of fields whose inputs are int columns.
func newMemo(fields []*field) *memo {
	m := &memo{fields: fields, errors: true}
	for _, f := range fields {
		m.errors = m.errors && f.form == formError
		for _, id := range f.inputs {
			if !slices.Contains(m.inputs, id) {
				m.inputs = append(m.inputs, id)
			}
		}
	}
	m.key = make([]int64, len(m.inputs))
	return m
}

// of makes b the block whose rows append is for.
func (m *memo) of(b *segment.Block) *memo {
	m.columns = m.columns[:0]
	for _, id := range m.inputs {
		m.columns = append(m.columns, &b.Cols[id])
	}
	return m
}

// append appends the fields for a row of the columns, which is the printer's
// row in their table.
func (m *memo) append(p *Printer, dst []byte, row int) []byte {
	const mix = 0x9e3779b97f4a7c15
	hash, nulls := uint64(0), uint64(0)
	for i, column := range m.columns {
		number := int64(0)
		switch {
		case row >= len(column.Ints) || column.IsNull(row):
			nulls |= 1 << i
		case m.errors:
			number = min(column.Ints[row], 0)
		default:
			number = column.Ints[row]
		}
		m.key[i] = number
		hash = (hash>>32 ^ hash ^ uint64(number)) * mix
	}
	k := &m.kept[(hash^nulls*mix)>>(64-memoBits)]
	if k.valid && k.nulls == nulls && slices.Equal(k.key, m.key) {
		return append(dst, m.text[k.start:k.end]...)
	}
	if len(m.text) > maxMemo {
		m.text = m.text[:0]
		for i := range m.kept {
			m.kept[i].valid = false
		}
	}
	start, from := len(dst), len(m.text)
	dst = p.appendFields(dst, m.fields)
	m.text = append(m.text, dst[start:]...)
	k.span, k.valid, k.nulls, k.key = span{uint32(from), uint32(len(m.text))}, true, nulls, append(k.key[:0], m.key...)
	return dst
}

// memos are those of a run.
type memos struct{ list []*memo }

// maxMemos bounds them: from block to block, the fields may be grouped in other
// ways.
const maxMemos = 16

// of returns the memo of fields.
func (m *memos) of(fields []*field) *memo {
	for _, known := range m.list {
		if &known.fields[0] == &fields[0] && len(known.fields) == len(fields) {
			return known
		}
	}
	if len(m.list) == maxMemos {
		m.list = append(m.list[:0], m.list[1:]...)
	}
	m.list = append(m.list, newMemo(fields))
	return m.list[len(m.list)-1]
}

// recalled returns how many of the fields, from the first on, a memo can say for
// the rows of a table: none, or two and more whose numbers are few in the block,
// or those that say what one number means.
func recalled(fields []*field, b *segment.Block, table schema.Table) int {
	n := 0
	columns := 0
	for i, f := range fields {
		columns += len(f.inputs)
		if columns > maxColumns || !f.few(b, table) {
			break
		}
		if !f.constant(b, table) {
			n = i + 1
		}
	}
	if n > 1 {
		return n
	}
	f := fields[0]
	if f.form != formName && f.form != formError {
		return 0
	}
	n = 1
	for n < len(fields) && fields[n].form == f.form && fields[n].inputs[0] == f.inputs[0] {
		n++
	}
	return n
}

// maxColumns is the number of columns that remembered.nulls has bits for.
const maxColumns = 64

// few reports whether the field depends on nothing but numbers of the table, of
// which there are few. Of events it does not: it would take as long to find out
// as it saves.
func (f *field) few(b *segment.Block, table schema.Table) bool {
	if table == schema.TableEvent || f.form == formWall { // the wall clock changes
		return false
	}
	for _, id := range f.inputs {
		if tableOf[id] != table || schema.ByID(id).Kind != schema.KindInt || !fewNumbers(&b.Cols[id], b.Rows[table]) {
			return false
		}
	}
	return true
}

// maxFew is how many numbers are few.
const maxFew = 16

func fewNumbers(v *colblock.Vector, rows int) bool {
	var known [maxFew]int64
	n, last := 0, 0
	for _, number := range v.Ints[:min(rows, len(v.Ints))] {
		if n > 0 && number == known[last] {
			continue
		}
		last = slices.Index(known[:n], number)
		if last >= 0 {
			continue
		}
		if n == maxFew {
			return false
		}
		known[n], last = number, n
		n++
	}
	return true
}
