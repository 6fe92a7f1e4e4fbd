package filter

import (
	"bytes"
	"math/bits"
	"net/netip"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

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
