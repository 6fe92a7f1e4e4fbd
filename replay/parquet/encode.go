package parquet

import (
	"slices"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// The ways from the columns of a segment to a column chunk.

// gatherInts puts the values of an event column into e.values in time order,
// without the nulls, which are in e.definition when there are any.
func (e *encoder) gatherInts(c *schema.Column) {
	v := &e.rows.Cols[c.ID]
	e.nulls = anyNull(v, len(e.order))
	if !e.nulls {
		e.values = resize(e.values, len(e.order))
		for i, row := range e.order {
			e.values[i] = v.Ints[row]
		}
		return
	}
	if v.AllNull(len(e.order)) {
		e.values = e.values[:0] // the definition is not looked at
		return
	}
	// Without a branch on what cannot be foreseen: each value is written, and
	// the next one over it when it was none.
	e.values, e.definition = resize(e.values, len(e.order)), resize(e.definition, len(e.order))
	n := 0
	for i, row := range e.order {
		word := uint64(0)
		if at := int(row) >> 6; at < len(v.Nulls) {
			word = v.Nulls[at]
		}
		level := byte(^word >> (row & 63) & 1)
		e.values[n] = v.Ints[row]
		e.definition[i] = level
		n += int(level)
	}
	e.values = e.values[:n]
}

// resize returns s with n elements, whatever they are.
func resize[E any](s []E, n int) []E { return slices.Grow(s[:0], n)[:n] }

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

// tableText writes the text of a column of a table: of numbers, each once.
func (e *encoder) tableText(l *leaf, f *fields.Field) error {
	if f.Column.Kind != schema.KindInt || len(f.Decoded.Inputs) > 1 {
		return e.tableBytes(l, f.Table, func(e *encoder, row int) ([]byte, bool) { return e.textOf(f, row, noIndex) })
	}
	v := &e.rows.Cols[f.Column.ID]
	e.ints.reset()
	e.bytes.reset()
	e.codes, e.texts = e.codes[:0], e.texts[:0]
	for row := range e.rows.Rows[f.Table] {
		e.codes = append(e.codes, e.numberText(f, v, row))
	}
	lv := e.gatherCodes(f.Table, e.bytes.len())
	return e.out.bytesDictionary(l, &e.bytes, e.indexes, lv)
}

// numberText returns the dictionary index of the text of the number in a row,
// noIndex when it has none.
func (e *encoder) numberText(f *fields.Field, v *colblock.Vector, row int) int32 {
	if v.IsNull(row) || f.IsError() && v.Ints[row] >= 0 {
		return noIndex
	}
	n := int(e.ints.index(v.Ints[row]))
	if n == len(e.texts) {
		code := int32(noIndex)
		if text, ok := e.textOf(f, row, noIndex); ok {
			code = e.bytes.index(text)
		}
		e.texts = append(e.texts, code)
	}
	return e.texts[n]
}

// gatherCodes puts the dictionary indexes of all events into e.indexes, from
// those of the rows of table t in e.codes, without the nulls.
func (e *encoder) gatherCodes(t schema.Table, distinct int) levels {
	rows := e.rowsOf(t)
	e.nulls = slices.Contains(e.codes, noIndex) || t != schema.TableEvent && anyNull(&e.rows.Cols[schema.RefOf(t)], len(rows))
	switch {
	case e.nulls && distinct == 0:
		e.indexes = e.indexes[:0] // the definition is not looked at
	case e.nulls:
		e.indexesOf(rows)
	case distinct == 1:
		// The indexes are not looked at.
		e.indexes = resize(e.indexes, len(rows))
	default:
		e.indexes = resize(e.indexes, len(rows))
		for i, row := range rows {
			e.indexes[i] = e.codes[row]
		}
	}
	return e.present()
}

// indexesOf puts the indexes of rows, which e.codes has, into e.indexes, and which
// of them are null into e.definition. It has no branch on either, as gatherInts.
func (e *encoder) indexesOf(rows []int32) {
	// A row that is noIndex has the code in front of all others.
	e.codes = slices.Insert(e.codes, 0, noIndex)
	e.indexes, e.definition = resize(e.indexes, len(rows)), resize(e.definition, len(rows))
	n := 0
	for i, row := range rows {
		code := e.codes[row+1]
		level := byte(^uint32(code) >> 31)
		e.indexes[n] = code
		e.definition[i] = level
		n += int(level)
	}
	e.indexes = e.indexes[:n]
}

// eventText writes the text of an event column that has few distinct values.
func (e *encoder) eventText(l *leaf, f *fields.Field) error {
	v := &e.rows.Cols[f.Column.ID]
	e.ints.reset()
	e.bytes.reset()
	e.texts, e.indexes, e.definition, e.nulls = e.texts[:0], e.indexes[:0], e.definition[:0], false
	for _, row := range e.order {
		e.appendCode(e.numberText(f, v, int(row)))
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
