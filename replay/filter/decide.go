package filter

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Decision is what a segment's header tells of its events.
type Decision uint8

// The decisions.
const (
	Some Decision = iota // the events must be looked at
	None                 // no event is selected
	Every
)

// Decide tells from the segment's header alone which of its events are
// selected.
func (p *Program) Decide(s *segment.Segment) Decision {
	if s.Rows == 0 {
		return None
	}
	return p.root.decide(s, func(int) {})
}

// decide calls none with the number of every test that excludes all rows.
func (n *node) decide(s *segment.Segment, none func(test int)) Decision {
	switch n.op {
	case opAll:
		return Every
	case opLeaf:
		d := n.leaf.decide(s)
		if d == None {
			none(n.leaf.test)
		}
		return d
	case opMapped:
		child := n.children[0]
		d := child.decide(s, none)
		if d == Some || child.onNull == (d == Every) {
			return d
		}
		// What holds of every row need not hold of events without one.
		if ref, ok := s.Range(schema.RefOf(child.space)); ok && ref.Nulls == 0 {
			return d
		}
		return Some
	}
	// Or is and with the roles of none and every exchanged.
	absorbing, neutral := None, Every
	if n.op == opOr {
		absorbing, neutral = Every, None
	}
	out := neutral
	for _, c := range n.children {
		switch c.decide(s, none) {
		case absorbing:
			return absorbing
		case Some:
			out = Some
		}
	}
	return out
}

// decide tells which rows of the leaf's table it holds for.
func (l *leaf) decide(s *segment.Segment) Decision {
	if s.TableRows[l.space] == 0 {
		return None
	}
	c := l.target.column
	if l.op == leafIsNull && l.target.kind <= kindList {
		r, ok := s.Range(c.ID)
		switch {
		case !ok:
			return Some
		case r.Nulls == 0 && !l.negate || r.Nulls == s.TableRows[c.Table] && l.negate:
			return None
		case r.Nulls == 0 || r.Nulls == s.TableRows[c.Table]:
			return Every
		}
		return Some
	}
	if l.op != leafInt || l.target.kind != kindInt || l.mask != -1 {
		return Some
	}
	r, ok := s.Range(c.ID)
	if !ok {
		return Some
	}
	if r.Nulls == s.TableRows[c.Table] {
		return None
	}
	if !r.Bounded {
		return Some
	}
	meets, covers := l.set.meets(r.Min, r.Max), l.set.covers(r.Min, r.Max)
	if l.negate {
		meets, covers = !covers, !meets
	}
	switch {
	case !meets:
		return None
	case covers && r.Nulls == 0:
		return Every
	}
	return Some
}
