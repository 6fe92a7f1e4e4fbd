package filter

import "github.com/sendmsgrec/sendmsgrec/schema"

// bitmap returns an empty bitmap with room for rows.
func (e *Evaluator) bitmap(rows int) []uint64 {
	words := (rows + 63) / 64
	if n := len(e.free); n > 0 && cap(e.free[n-1]) >= words {
		b := e.free[n-1]
		e.free = e.free[:n-1]
		return b[:0]
	}
	return make([]uint64, 0, words)
}

func (e *Evaluator) release(b []uint64) { e.free = append(e.free, b) }

// eval takes the rows that n does not hold for out of cand, a bitmap of rows
// of n's space.
func (e *Evaluator) eval(n *node, cand []uint64) error {
	switch n.op {
	case opAll:
		return nil
	case opAnd:
		for _, c := range n.children {
			if !anySet(cand) {
				return nil
			}
			if err := e.eval(c, cand); err != nil {
				return err
			}
		}
		return nil
	case opOr:
		return e.evalOr(n, cand)
	case opMapped:
		return e.evalMapped(n.children[0], cand)
	}
	l := n.leaf
	if err := e.read(l.reads()...); err != nil {
		return err
	}
	e.counts.tests[l.test].rows += int64(count(cand))
	switch {
	case l.op == leafIsNull && l.target.kind <= kindList:
		l.nulls(cand, &e.b.Cols[l.target.column.ID])
	case l.op == leafInt && l.target.kind == kindInt:
		e.evalInts(l, cand)
	case l.op == leafInt:
		e.evalLists(l, cand)
	case l.op == leafPair:
		e.evalPair(l, cand)
	default:
		e.evalText(l, cand)
	}
	return nil
}

// read decodes columns that the block lacks.
func (e *Evaluator) read(cols ...schema.ColumnID) error {
	missing := false
	for _, id := range cols {
		missing = missing || !e.b.Has(id)
	}
	if !missing {
		return nil
	}
	return e.dec.ReadMore(e.s, cols, e.b)
}

func (e *Evaluator) evalOr(n *node, cand []uint64) error {
	left := append(e.bitmap(len(cand)*64), cand...) // what no child holds for so far
	part := e.bitmap(len(cand) * 64)
	defer func() { e.release(part); e.release(left) }()
	clear(cand)
	for _, c := range n.children {
		if !anySet(left) {
			return nil
		}
		part = append(part[:0], left...)
		if err := e.eval(c, part); err != nil {
			return err
		}
		for i, w := range part {
			cand[i] |= w
			left[i] &^= w
		}
	}
	return nil
}

// evalMapped evaluates a node of a table for the table's rows, and takes the
// result to the events.
func (e *Evaluator) evalMapped(n *node, cand []uint64) error {
	rows := e.b.Rows[n.space]
	held := onesOf(e.bitmap(rows), rows)
	defer func() { e.release(held) }()
	if rows > 0 {
		if err := e.eval(n, held); err != nil {
			return err
		}
	}
	if !n.onNull && !anySet(held) {
		clear(cand)
		return nil
	}
	ref := schema.RefOf(n.space)
	every := count(held) == rows
	if r, ok := e.s.Range(ref); every && ok && (n.onNull || r.Nulls == 0) {
		return nil
	}
	if err := e.read(ref); err != nil {
		return err
	}
	v := &e.b.Cols[ref]
	for w, c := range cand {
		if c == 0 {
			continue
		}
		nulls := uint64(0)
		if w < len(v.Nulls) {
			nulls = v.Nulls[w]
		}
		bits := uint64(0)
		if rows > 0 {
			for i, row := range v.Ints[w<<6 : min(len(v.Ints), w<<6+64)] {
				bits |= held[row>>6] >> (row & 63) & 1 << i
			}
		}
		if n.onNull {
			bits |= nulls
		} else {
			bits &^= nulls
		}
		cand[w] = c & bits
	}
	return nil
}
