package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// step is a literal and the value behind it.
type step struct {
	literal []byte
	kind    stepKind
	column  *colblock.Vector // of the plan's table, of the kinds that name it
	field   *field           // stepField
	memo    *memo            // stepMemo
	run     *run             // stepRun
}

type stepKind uint8

const (
	stepEnd      stepKind = iota // nothing behind the literal
	stepInt                      // the number in column, which has no nulls
	stepOptional                 // the number in column
	stepMemo                     // what memo has for the row
	stepList                     // the numbers in column, in brackets
	stepWall                     // the wall time of the number in column
	stepField                    // what field appends
	stepRun                      // what run has for the event's row
)

// stepOf returns the step for the value of a field.
func (p *Printer) stepOf(f *field, b *segment.Block) step {
	column := &b.Cols[f.inputs[0]]
	switch {
	case f.pointer && p.format == Line:
	case f.form == formInt && len(column.Nulls) == 0:
		return step{kind: stepInt, column: column}
	case f.form == formInt:
		return step{kind: stepOptional, column: column}
	case f.form == formList && p.format != CSV:
		return step{kind: stepList, column: column}
	case f.form == formWall && p.wall != nil && p.format != Line:
		return step{kind: stepWall, column: column}
	}
	return step{kind: stepField, field: f}
}

// appendSteps appends what the plan says for a row of its table.
func (p *Printer) appendSteps(dst []byte, n *plan, row int) []byte {
	for i := range n.steps {
		s := &n.steps[i]
		dst = append(dst, s.literal...)
		switch s.kind {
		case stepInt:
			dst = appendInt(dst, s.column.Ints[row])
		case stepOptional:
			if s.column.IsNull(row) {
				dst = p.null(dst)
			} else {
				dst = appendInt(dst, s.column.Ints[row])
			}
		case stepMemo:
			dst = s.memo.append(p, dst, row)
		case stepList:
			if s.column.IsNull(row) {
				dst = p.null(dst)
			} else {
				dst = appendList(dst, s.column.ListAt(row))
			}
		case stepWall:
			if s.column.IsNull(row) {
				dst = p.null(dst)
			} else {
				dst = append(dst, '"')
				dst = p.clock.append(dst, p.wall.UnixNS(s.column.Ints[row]))
				dst = append(dst, '"')
			}
		case stepField:
			dst = s.field.append(p, dst)
		case stepRun:
			dst = p.appendRun(dst, s.run)
		}
	}
	return dst
}
