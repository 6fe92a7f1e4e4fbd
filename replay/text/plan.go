package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// plan is how to print something of every row of a table of one block: bytes
// that are the same for all rows, with all keys and separators, and between
// them the values that are not. Most columns hold one value throughout a block,
// or none: with their keys they are such bytes. A plan without steps is none.
type plan struct {
	steps    []step
	literals []byte // of all steps
	open     int    // where the literal that is being made begins
}

// step is a literal and the value behind it.
type step struct {
	literal []byte
	kind    stepKind
	column  *colblock.Vector // stepInt: an int column of the plan's table
	field   *field           // stepField
	run     *run             // stepRun
}

type stepKind uint8

const (
	stepEnd   stepKind = iota // nothing behind the literal
	stepInt                   // the number in column
	stepField                 // what field appends
	stepRun                   // what run has for the event's row
)

// planRows is the number of rows from which on a plan is worth its making.
const planRows = 256

func (n *plan) reset() { n.steps, n.literals, n.open = n.steps[:0], n.literals[:0], 0 }

// end ends the literal with a value.
func (n *plan) end(s step) {
	s.literal = n.literals[n.open:len(n.literals):len(n.literals)]
	n.open = len(n.literals)
	n.steps = append(n.steps, s)
}

// finish ends the last literal, and points the steps to where the literals are
// now: appending to them may have moved them.
func (n *plan) finish() {
	n.end(step{kind: stepEnd})
	from := 0
	for i := range n.steps {
		size := len(n.steps[i].literal)
		n.steps[i].literal = n.literals[from : from+size]
		from += size
	}
}

// makePlan plans for the events of a block.
func (p *Printer) makePlan(b *segment.Block) {
	n := &p.plan
	n.reset()
	if b.Rows[schema.TableEvent] < planRows || p.format == Line && !p.custom {
		return
	}
	p.event.seek(0)
	if p.format == JSON {
		n.literals = append(n.literals, '{')
		if p.kind {
			n.literals = append(n.literals, `"kind":"event"`...)
		}
	}
	first := p.format != JSON || !p.kind
	for i := range p.runs {
		r := &p.runs[i]
		r.plan.reset()
		if !first {
			n.literals = append(n.literals, separators[p.format])
		}
		first = false
		if r.table == schema.TableEvent {
			p.planFields(n, r, b)
			continue
		}
		n.end(step{kind: stepRun, run: r})
		if b.Rows[r.table] >= planRows {
			p.event.rows[r.table] = 0
			p.planFields(&r.plan, r, b)
			r.plan.finish()
		}
	}
	if p.format == JSON {
		n.literals = append(n.literals, '}')
	}
	n.literals = append(n.literals, '\n')
	n.finish()
}

// planFields plans the fields of a run.
func (p *Printer) planFields(n *plan, r *run, b *segment.Block) {
	for i, f := range r.fields {
		if i > 0 {
			n.literals = append(n.literals, separators[p.format])
		}
		n.literals = append(n.literals, f.prefix[p.format]...)
		switch {
		case f.constant(b, r.table):
			n.literals = f.append(p, n.literals)
		case f.plainInt:
			n.end(step{kind: stepInt, column: &b.Cols[f.inputs[0]]})
		default:
			n.end(step{kind: stepField, field: f})
		}
	}
}

// appendSteps appends what the plan says for a row of its table.
func (p *Printer) appendSteps(dst []byte, n *plan, row int) []byte {
	for i := range n.steps {
		s := &n.steps[i]
		dst = append(dst, s.literal...)
		switch s.kind {
		case stepInt:
			if v := s.column; len(v.Nulls) > 0 && v.IsNull(row) {
				dst = p.null(dst)
			} else {
				dst = appendInt(dst, v.Ints[row])
			}
		case stepField:
			dst = s.field.append(p, dst)
		case stepRun:
			dst = p.appendRun(dst, s.run)
		}
	}
	return dst
}

// constant reports whether the field is the same for all rows of a table.
func (f *field) constant(b *segment.Block, table schema.Table) bool {
	for _, id := range f.inputs {
		if tableOf[id] != table || !constantColumn(&b.Cols[id], schema.ByID(id).Kind, b.Rows[table]) {
			return false
		}
	}
	return true
}

// constantColumn reports whether all rows of a column are null, or all are the
// same number. A column that was not read is null.
func constantColumn(v *colblock.Vector, kind schema.Kind, rows int) bool {
	if kind == schema.KindInt && len(v.Ints) == 0 || kind != schema.KindInt && len(v.Offsets) == 0 {
		return true
	}
	if v.IsNull(0) {
		return allNull(v, rows)
	}
	if kind != schema.KindInt || len(v.Ints) < rows {
		return false
	}
	for _, n := range v.Ints[1:rows] {
		if n != v.Ints[0] {
			return false
		}
	}
	for _, word := range v.Nulls {
		if word != 0 {
			return false
		}
	}
	return true
}

func allNull(v *colblock.Vector, rows int) bool {
	if len(v.Nulls) < (rows+63)/64 {
		return false
	}
	for i := range rows / 64 {
		if v.Nulls[i] != ^uint64(0) {
			return false
		}
	}
	for i := rows &^ 63; i < rows; i++ {
		if !v.IsNull(i) {
			return false
		}
	}
	return true
}
