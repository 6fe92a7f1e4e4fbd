package text

import "github.com/sendmsgrec/sendmsgrec/schema/colblock"

// part is fields of a run that are printed together: one, or several with a
// memo.
type part struct {
	fields []*field
	memo   *memo
}

// makeParts divides the fields of a run into parts.
func makeParts(fields []*field) []part {
	var parts []part
	for _, f := range fields {
		memorable := f.form == formName || f.form == formError
		if n := len(parts); memorable && n > 0 && parts[n-1].memo != nil && parts[n-1].memo.takes(f) {
			parts[n-1].fields = append(parts[n-1].fields, f)
			parts[n-1].memo.fields = parts[n-1].fields
			continue
		}
		p := part{fields: []*field{f}}
		if memorable {
			p.memo = &memo{fields: p.fields, errors: f.form == formError}
		}
		parts = append(parts, p)
	}
	return parts
}

// memo keeps, from block to block, how neighbouring fields are printed that say
// what one number means: the names of enums, of flags and of errors.
type memo struct {
	fields []*field
	errors bool // the fields are of negative numbers, and the same for all others
	text   []byte
	null   remembered
	kept   [memoSlots]remembered
}

// remembered is the text of one number.
type remembered struct {
	span
	valid  bool
	number int64
}

const (
	memoBits  = 6
	memoSlots = 1 << memoBits
	// maxMemo bounds a memo's text, in bytes: then it forgets.
	maxMemo = 64 << 10
)

func (m *memo) takes(f *field) bool {
	return f.inputs[0] == m.fields[0].inputs[0] && (f.form == formError) == m.errors
}

// append appends the fields for a row of the column, which is the printer's
// row in the column's table.
func (m *memo) append(p *Printer, dst []byte, column *colblock.Vector, row int) []byte {
	k, number := &m.null, int64(0)
	if !column.IsNull(row) {
		number = column.Ints[row]
		if m.errors {
			number = min(number, 0)
		}
		k = &m.kept[uint64(number)*0x9e3779b97f4a7c15>>(64-memoBits)]
	}
	if k.valid && k.number == number {
		return append(dst, m.text[k.start:k.end]...)
	}
	if len(m.text) > maxMemo {
		m.text, m.null, m.kept = m.text[:0], remembered{}, [memoSlots]remembered{}
	}
	start, from := len(dst), len(m.text)
	dst = p.appendFields(dst, m.fields)
	m.text = append(m.text, dst[start:]...)
	*k = remembered{span{uint32(from), uint32(len(m.text))}, true, number}
	return dst
}
