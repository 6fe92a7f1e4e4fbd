package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
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
		p.planRun(n, r, b)
	}
	if p.format == JSON {
		n.literals = append(n.literals, '}')
	}
	n.literals = append(n.literals, '\n')
	n.finish()
}

// planRun plans a run's part of an event.
func (p *Printer) planRun(n *plan, r *run, b *segment.Block) {
	switch {
	case r.table == schema.TableEvent:
		p.planFields(n, r, b)
	case r.constant(b):
		n.literals = p.appendFields(n.literals, r.fields)
	default:
		n.end(step{kind: stepRun, run: r})
		if b.Rows[r.table] >= planRows {
			row := p.event.rows[r.table]
			p.event.rows[r.table] = 0
			p.planFields(&r.plan, r, b)
			r.plan.finish()
			p.event.rows[r.table] = row
		}
	}
}

// planFields plans the fields of a run for the rows of its table.
func (p *Printer) planFields(n *plan, r *run, b *segment.Block) {
	for i := 0; i < len(r.fields); {
		if i > 0 {
			n.literals = append(n.literals, separators[p.format])
		}
		f := r.fields[i]
		if f.constant(b, r.table) {
			n.literals = p.appendFields(n.literals, r.fields[i:i+1])
			i++
			continue
		}
		if k := recalled(r.fields[i:], b, r.table); k > 0 {
			n.end(step{kind: stepMemo, memo: r.memos.of(r.fields[i : i+k]).of(b)})
			i += k
			continue
		}
		n.literals = append(n.literals, f.prefix[p.format]...)
		n.end(p.stepOf(f, b))
		i++
	}
}
