package filter

import (
	"bytes"
	"math/bits"
	"net/netip"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Evaluator selects events of segments. It decodes with the decoder that it
// was given, which nothing else may use meanwhile.
type Evaluator struct {
	p   *Program
	dec *segment.Decoder
	sel Selection

	s     *segment.Segment
	b     *segment.Block
	event fields.Event
	text  []byte
	free  [][]uint64 // bitmaps
	// pairs holds what a text was for a row of its table and one of the call table.
	pairs  map[uint64]bool
	counts *explainCounts
	// uncounted takes the counts of what is done again.
	uncounted explainCounts
}

// Evaluator returns a new evaluator of the program.
func (p *Program) Evaluator(dec *segment.Decoder) *Evaluator {
	e := &Evaluator{p: p, dec: dec, pairs: map[uint64]bool{}}
	e.counts = &explainCounts{tests: make([]testCounts, len(p.tests))}
	e.uncounted.tests = make([]testCounts, len(p.tests))
	p.explain.add(e.counts)
	return e
}

// skip counts a segment that is skipped, and which tests ruled it out.
func (e *Evaluator) skip(s *segment.Segment) {
	e.counts.see(s)
	e.counts.skipped++
	e.p.root.decide(s, func(test int) { e.counts.tests[test].excluded++ })
}

// Reselect is Select for a segment that Select has seen before: it is not
// counted again.
func (e *Evaluator) Reselect(s *segment.Segment, b *segment.Block) (*Selection, error) {
	counts := e.counts
	e.counts = &e.uncounted
	defer func() { e.counts = counts }()
	return e.Select(s, b)
}

// Select returns the selected events of s and makes b a block of s; what of it
// was decoded is the filter's business. The selection is valid until the next
// call. Errors are those of Decoder.ReadBlock.
func (e *Evaluator) Select(s *segment.Segment, b *segment.Block) (*Selection, error) {
	e.s, e.b, e.event.Block = s, b, b
	e.sel.words, e.sel.rows, e.sel.n = e.sel.words[:0], s.Rows, 0
	before := e.dec.Stats()
	if err := e.dec.ReadBlock(s, []schema.ColumnID{}, b); err != nil {
		return nil, err
	}
	if s.Rows == 0 {
		return &e.sel, nil
	}
	switch e.p.Decide(s) {
	case None:
		e.skip(s)
	case Every:
		e.counts.see(s)
		e.counts.whole++
		e.sel.n = s.Rows
	default:
		e.counts.see(s)
		e.counts.tested++
		all := e.bitmap(s.Rows)
		all = onesOf(all, s.Rows)
		err := e.eval(e.p.root, all)
		e.sel.words = append(e.sel.words[:0], all...)
		e.release(all)
		e.counts.add(&e.counts.filterBytes, before, e.dec.Stats())
		if err != nil {
			return nil, err
		}
		e.sel.n = count(e.sel.words)
		if e.sel.n == 0 {
			e.counts.empty++
		}
	}
	e.counts.selected += int64(e.sel.n)
	return &e.sel, nil
}

// Read decodes columns of s into b, which Select was given last, beside what
// it holds, with the refs to their tables. nil means all.
func (e *Evaluator) Read(s *segment.Segment, cols []schema.ColumnID, b *segment.Block) error {
	before := e.dec.Stats()
	var need []schema.ColumnID
	if cols == nil {
		for i := range schema.All() {
			need = append(need, schema.All()[i].ID)
		}
	}
	for _, id := range cols {
		need = append(need, id)
		if c := schema.ByID(id); c != nil && c.Table != schema.TableEvent {
			need = append(need, schema.RefOf(c.Table))
		}
	}
	err := e.dec.ReadMore(s, need, b)
	e.counts.add(&e.counts.outputBytes, before, e.dec.Stats())
	return err
}

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

// nulls keeps the rows without a value, or with negate those with one.
func (l *leaf) nulls(cand []uint64, v interface{ IsNull(int) bool }) {
	for w, c := range cand {
		for rest := c; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			if v.IsNull(w<<6+i) == l.negate {
				c &^= 1 << i
			}
		}
		cand[w] = c
	}
}

func (e *Evaluator) evalInts(l *leaf, cand []uint64) {
	v := &e.b.Cols[l.target.column.ID]
	held := e.bitmap(len(cand) * 64)[:len(cand)]
	l.set.words(held, cand, v.Ints, l.mask)
	for w := range cand {
		h := held[w]
		if l.negate {
			h = ^h
		}
		if w < len(v.Nulls) {
			h &^= v.Nulls[w]
		}
		cand[w] &= h
	}
	e.release(held)
}

// evalLists keeps the rows of which an element is in the set.
func (e *Evaluator) evalLists(l *leaf, cand []uint64) {
	v := &e.b.Cols[l.target.column.ID]
	filterRows(cand, func(row int) bool {
		if v.IsNull(row) {
			return false
		}
		for _, x := range v.ListAt(row) {
			if l.set.has(x & l.mask) {
				return !l.negate
			}
		}
		return l.negate
	})
}

// filterRows keeps the rows for which keep is true.
func filterRows(cand []uint64, keep func(row int) bool) {
	for w, c := range cand {
		for rest := c; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			if !keep(w<<6 + i) {
				c &^= 1 << i
			}
		}
		cand[w] = c
	}
}

func (e *Evaluator) evalPair(l *leaf, cand []uint64) {
	a, b := l.target.column, l.other
	space := l.space
	filterRows(cand, func(row int) bool {
		x, ok := e.intAt(a, space, row)
		y, also := e.intAt(b, space, row)
		return ok && also && l.compare.holds(x, y) != l.negate
	})
}

// intAt returns the value of an int column for a row of the space, which is
// the column's own table or the events.
func (e *Evaluator) intAt(c *schema.Column, space schema.Table, row int) (int64, bool) {
	if space == c.Table {
		v := &e.b.Cols[c.ID]
		return v.Ints[row], !v.IsNull(row)
	}
	return e.b.Int(c.ID, row)
}

func (op compareOp) holds(x, y int64) bool {
	switch op {
	case less:
		return x < y
	case lessEqual:
		return x <= y
	case greater:
		return x > y
	case greaterEqual:
		return x >= y
	}
	return x == y
}

func (op matchOp) holds(text, want []byte) bool {
	switch op {
	case matchPrefix:
		return bytes.HasPrefix(text, want)
	case matchSuffix:
		return bytes.HasSuffix(text, want)
	case matchContains:
		return bytes.Contains(text, want)
	}
	return bytes.Equal(text, want)
}

// evalText tests texts and addresses, and whether there is one.
func (e *Evaluator) evalText(l *leaf, cand []uint64) {
	ev := &e.event
	if l.space != schema.TableEvent {
		for t := range ev.Rows {
			ev.Rows[t] = -1
		}
		filterRows(cand, func(row int) bool {
			ev.Rows[l.space] = row
			return l.holds(e)
		})
		return
	}
	own := l.target.field.Table
	clear(e.pairs)
	filterRows(cand, func(row int) bool {
		ev.Seek(row)
		if own == schema.TableEvent {
			return l.holds(e)
		}
		key := uint64(uint32(ev.Rows[own]))<<32 | uint64(uint32(ev.Rows[schema.TableCall]))
		held, ok := e.pairs[key]
		if !ok {
			held = l.holds(e)
			e.pairs[key] = held
		}
		return held
	})
}

// holds tests the event that e.event is at.
func (l *leaf) holds(e *Evaluator) bool {
	text, ok := l.target.appendText(e.text[:0], &e.event)
	e.text = text[:0]
	if l.op == leafIsNull {
		return ok == l.negate
	}
	if !ok {
		return false
	}
	return l.matches(text, &e.event) != l.negate
}

func (l *leaf) matches(text []byte, ev *fields.Event) bool {
	for _, want := range l.texts {
		if l.match.holds(text, want) {
			return true
		}
	}
	if l.nets == nil {
		return false
	}
	ip, ok := l.target.field.IP(ev)
	return ok && within(l.nets, ip)
}

// within reports whether an address is in one of the networks, as it is or as
// the IPv4 address in it.
func within(nets []netip.Prefix, ip netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(ip) || ip.Is4In6() && n.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}
