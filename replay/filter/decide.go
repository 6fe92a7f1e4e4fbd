package filter

import (
	"bytes"
	"net/netip"

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
	if l.op == leafText && l.target.kind == kindAddress {
		return l.decideAddresses(s)
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
	if c.ID == schema.ColRet && r.Min < 0 && r.Min >= -schema.MaxErrno {
		if errnos, ok := s.Errors(); ok {
			meets, covers = l.set.ofResults(errnos, r.Max)
		}
	}
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

// ofResults tells of return values that are the errors with these numbers, and
// others from 0 to hi if hi is not negative, whether one may be in the set and
// whether all are.
func (s *intSet) ofResults(errnos []uint16, hi int64) (meets, covers bool) {
	covers = true
	for _, n := range errnos {
		if s.has(-int64(n)) {
			meets = true
		} else {
			covers = false
		}
	}
	if hi >= 0 {
		meets = meets || s.meets(0, hi)
		covers = covers && s.covers(0, hi)
	}
	return meets, covers
}

// decideAddresses tells from the smallest and the largest addresses of a column
// whether one may be in the networks.
func (l *leaf) decideAddresses(s *segment.Segment) Decision {
	known := s.ByteRange(l.target.column.ID)
	if len(known) == 0 || l.negate || len(l.texts) > 0 {
		return Some
	}
	for _, n := range l.nets {
		lo, hi := bounds(n)
		if meetsBytes(known, lo, hi) {
			return Some
		}
		// The same addresses as IPv6 has them.
		if n.Addr().Is4() && meetsBytes(known, append(mapped[:12:12], lo...), append(mapped[:12:12], hi...)) {
			return Some
		}
	}
	return None
}

// meetsBytes reports whether a value from lo to hi, of their size, may be there.
func meetsBytes(known []segment.ByteBounds, lo, hi []byte) bool {
	for _, k := range known {
		if len(k.Min) == len(lo) && bytes.Compare(lo, k.Max) <= 0 && bytes.Compare(k.Min, hi) <= 0 {
			return true
		}
	}
	return false
}

// mapped begins IPv6 addresses that are IPv4 addresses.
var mapped = [12]byte{10: 0xff, 11: 0xff}

// bounds returns the first and the last address of a network.
func bounds(n netip.Prefix) (lo, hi []byte) {
	lo = n.Addr().AsSlice()
	hi = append([]byte{}, lo...)
	for bit := n.Bits(); bit < 8*len(hi); bit++ {
		hi[bit/8] |= 0x80 >> (bit % 8)
	}
	return lo, hi
}
