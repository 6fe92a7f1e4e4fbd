package parquet

import (
	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The ways from the columns of a segment to a column chunk.

// gatherInts puts the values of an event column into e.values in time order,
// without the nulls, which are in e.definition when there are any.
func (e *encoder) gatherInts(c *schema.Column) {
	v := &e.rows.Cols[c.ID]
	e.values, e.nulls = e.values[:0], false
	if !anyNull(v, len(e.order)) {
		for _, row := range e.order {
			e.values = append(e.values, v.Ints[row])
		}
		return
	}
	e.nulls, e.definition = true, e.definition[:0]
	for _, row := range e.order {
		if v.IsNull(int(row)) {
			e.definition = append(e.definition, 0)
		} else {
			e.definition = append(e.definition, 1)
			e.values = append(e.values, v.Ints[row])
		}
	}
}

// eventInts writes an event column whose values hardly repeat.
func (e *encoder) eventInts(l *leaf, c *schema.Column) error {
	e.gatherInts(c)
	return e.out.ints(l, e.values, e.present())
}

// maxDistinct is the number of distinct values up to which an event column has
// a dictionary.
const maxDistinct = 1 << 13

// eventDictionary writes an event column whose values often repeat.
func (e *encoder) eventDictionary(l *leaf, c *schema.Column) error {
	e.gatherInts(c)
	return e.dictionaryOrInts(l, e.present())
}

// dictionaryOrInts writes e.values with a dictionary when they repeat enough.
func (e *encoder) dictionaryOrInts(l *leaf, lv levels) error {
	e.ints.reset()
	e.indexes = e.indexes[:0]
	for _, v := range e.values {
		e.indexes = append(e.indexes, e.ints.index(v))
		if len(e.ints.values) > maxDistinct && l.plain64() {
			return e.out.ints(l, e.values, lv)
		}
	}
	return e.out.intDictionary(l, &e.ints, e.indexes, lv)
}

// tableInts writes a column of a table, mapped when as is not nil.
func (e *encoder) tableInts(l *leaf, c *schema.Column, as func(int64) int64) error {
	e.ints.reset()
	e.codes = e.codes[:0]
	for row := range e.rows.Rows[c.Table] {
		v, ok := e.intOf(c.ID, row)
		if !ok {
			e.codes = append(e.codes, noIndex)
			continue
		}
		if as != nil {
			v = as(v)
		}
		e.codes = append(e.codes, e.ints.index(v))
	}
	lv := e.gatherCodes(c.Table, len(e.ints.values))
	return e.out.intDictionary(l, &e.ints, e.indexes, lv)
}

// tableBytes writes byte strings that depend on the row of a table.
func (e *encoder) tableBytes(l *leaf, t schema.Table, value func(e *encoder, row int) ([]byte, bool)) error {
	e.bytes.reset()
	e.codes = e.codes[:0]
	for row := range e.rows.Rows[t] {
		if v, ok := value(e, row); ok {
			e.codes = append(e.codes, e.bytes.index(v))
		} else {
			e.codes = append(e.codes, noIndex)
		}
	}
	lv := e.gatherCodes(t, e.bytes.len())
	return e.out.bytesDictionary(l, &e.bytes, e.indexes, lv)
}

// gatherCodes puts the dictionary indexes of all events into e.indexes, from
// those of the rows of table t in e.codes, without the nulls.
func (e *encoder) gatherCodes(t schema.Table, distinct int) levels {
	rows := e.rowsOf(t)
	null := false
	for _, c := range e.codes {
		null = null || c == noIndex
	}
	if t != schema.TableEvent {
		null = null || anyNull(&e.rows.Cols[schema.RefOf(t)], len(rows))
	}
	e.nulls, e.indexes, e.definition = null, e.indexes[:0], e.definition[:0]
	switch {
	case !null && distinct == 1:
		// The indexes are not looked at.
		e.indexes = append(e.indexes, make([]int32, len(rows))...)
	case !null:
		for _, row := range rows {
			e.indexes = append(e.indexes, e.codes[row])
		}
	default:
		for _, row := range rows {
			code := int32(noIndex)
			if row != noIndex {
				code = e.codes[row]
			}
			if code == noIndex {
				e.definition = append(e.definition, 0)
			} else {
				e.definition = append(e.definition, 1)
				e.indexes = append(e.indexes, code)
			}
		}
	}
	return e.present()
}

// eventText writes the text of an event column that has few distinct values.
func (e *encoder) eventText(l *leaf, f *fields.Field) error {
	v := &e.rows.Cols[f.Column.ID]
	e.ints.reset()
	e.bytes.reset()
	e.codes, e.indexes, e.definition, e.nulls = e.codes[:0], e.indexes[:0], e.definition[:0], false
	for _, row := range e.order {
		code := int32(noIndex)
		if !v.IsNull(int(row)) {
			n := int(e.ints.index(v.Ints[row]))
			if n == len(e.codes) {
				if text, ok := e.textOf(f, int(row), noIndex); ok {
					e.codes = append(e.codes, e.bytes.index(text))
				} else {
					e.codes = append(e.codes, noIndex)
				}
			}
			code = e.codes[n]
		}
		e.appendCode(code)
	}
	return e.out.bytesDictionary(l, &e.bytes, e.indexes, e.present())
}

func (e *encoder) appendCode(code int32) {
	if code == noIndex {
		e.nulls = true
		e.definition = append(e.definition, 0)
		return
	}
	e.definition = append(e.definition, 1)
	e.indexes = append(e.indexes, code)
}

// pairText writes text that depends on a raw value, in a table of its own, and
// on the event's row in the call table.
func (e *encoder) pairText(l *leaf, f *fields.Field) error {
	e.bytes.reset()
	clear(e.pairs)
	e.indexes, e.definition, e.nulls = e.indexes[:0], e.definition[:0], false
	calls := e.refs[schema.TableCall]
	last, lastCode := ^uint64(0), int32(noIndex)
	for i, row := range e.rowsOf(f.Table) {
		code := int32(noIndex)
		if row != noIndex && !e.rows.Cols[f.Column.ID].IsNull(int(row)) {
			pair := uint64(row)<<32 | uint64(uint32(calls[i]))
			if pair != last {
				var known bool
				if lastCode, known = e.pairs[pair]; !known {
					lastCode = noIndex
					if text, ok := e.textOf(f, int(row), int(calls[i])); ok {
						lastCode = e.bytes.index(text)
					}
					e.pairs[pair] = lastCode
				}
				last = pair
			}
			code = lastCode
		}
		e.appendCode(code)
	}
	return e.out.bytesDictionary(l, &e.bytes, e.indexes, e.present())
}

// list writes a list column of the event table. A null list has definition
// level 0, an empty one 1, an element 2; all but the first element of a list
// have repetition level 1.
func (e *encoder) list(l *leaf, c *schema.Column) error {
	v := &e.rows.Cols[c.ID]
	e.values, e.definition, e.repetition = e.values[:0], e.definition[:0], e.repetition[:0]
	for _, row := range e.order {
		list := v.ListAt(int(row))
		if len(list) == 0 {
			level := byte(1)
			if v.IsNull(int(row)) {
				level = 0
			}
			e.definition = append(e.definition, level)
			e.repetition = append(e.repetition, 0)
			continue
		}
		for i := range list {
			e.definition = append(e.definition, 2)
			e.repetition = append(e.repetition, byte(min(i, 1)))
		}
		e.values = append(e.values, list...)
	}
	return e.dictionaryOrInts(l, levels{e.repetition, e.definition, len(e.definition)})
}
