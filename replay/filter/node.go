package filter

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// node is a part of a checked expression, without not: De Morgan's laws have
// moved it down into the leaves. There a negated test is true for what has a
// value that does not pass, so that nulls are selected by neither, and what is
// true of the whole needs no third truth value on the way.
type node struct {
	op       nodeOp
	children []*node // of and, or; one of mapped
	leaf     *leaf
	// space is the table whose rows the node is true or false of.
	space schema.Table
	// onNull is whether the node holds where the table has no row; for nodes of
	// tables other than the event's.
	onNull bool
	cost   int
}

type nodeOp uint8

const (
	opLeaf nodeOp = iota
	opAnd
	opOr
	opMapped // a node of a table, seen from the events
	opAll    // always true
)

// leafOp is what a leaf tests.
type leafOp uint8

const (
	leafInt    leafOp = iota // a number, or the numbers of a list, in a set
	leafPair                 // two columns of numbers
	leafText                 // a text, or an address
	leafIsNull               // nothing is there
)

// leaf is one test.
type leaf struct {
	test   int // number of the test in Program.tests, which it is counted under
	op     leafOp
	target *target
	space  schema.Table
	negate bool

	// leafInt: value & mask compared with the operands.
	compare  compareOp
	mask     int64
	operands []operand
	set      intSet // of the operands, when bound
	// leafPair: target's column compared with other.
	other *schema.Column
	// leafText
	match matchOp
	texts [][]byte
	nets  []netip.Prefix
}

type compareOp uint8

const (
	equal compareOp = iota
	less
	lessEqual
	greater
	greaterEqual
)

type matchOp uint8

const (
	matchEqual matchOp = iota
	matchPrefix
	matchSuffix
	matchContains
)

// columns returns the columns that the leaf reads.
func (l *leaf) columns() []schema.ColumnID {
	if l.op == leafPair {
		return []schema.ColumnID{l.target.column.ID, l.other.ID}
	}
	if l.op == leafInt || l.op == leafIsNull && l.target.kind <= kindList {
		return []schema.ColumnID{l.target.column.ID}
	}
	return l.target.inputs()
}

// reads returns the columns to decode for a test of the leaf's space: to find
// the values of an event, the refs to their tables too.
func (l *leaf) reads() []schema.ColumnID {
	cols := l.columns()
	if l.space != schema.TableEvent {
		return cols
	}
	all := slices.Clone(cols)
	for _, id := range cols {
		if t := schema.ByID(id).Table; t != schema.TableEvent {
			all = append(all, schema.RefOf(t))
		}
	}
	return all
}

// findSpace returns the table by whose rows the leaf can be tested.
func (l *leaf) findSpace() schema.Table {
	switch {
	case l.op == leafPair && l.other.Table != l.target.column.Table:
		return schema.TableEvent
	case l.op == leafPair || l.target.kind <= kindList:
		return l.target.column.Table
	case l.target.field.Pair:
		return schema.TableEvent
	}
	return l.target.field.Table
}

// The costs order the children of a node; what is cheap may make the rest
// needless.
const (
	costTable = iota // rows are few
	costInt
	costPair
	costList
	costText
)

func newLeaf(l *leaf) *node {
	l.space = l.findSpace()
	n := &node{op: opLeaf, leaf: l, space: l.space, onNull: l.op == leafIsNull && !l.negate}
	switch {
	case l.op == leafPair:
		n.cost = costPair
	case l.target.kind == kindInt:
		n.cost = costInt
	case l.target.kind == kindList:
		n.cost = costList
	default:
		n.cost = costText
	}
	return n
}

// join returns the and or the or of nodes. Those of one table become one node
// of that table, so that the table's rows are mapped to events once.
func join(op nodeOp, nodes []*node) *node {
	var flat []*node
	for _, n := range nodes {
		same := []*node{n}
		if n.op == op {
			same = n.children
		}
		for _, c := range same {
			if c.op == opMapped {
				c = c.children[0]
			}
			flat = append(flat, c)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	out := &node{op: op, space: flat[0].space, onNull: op == opAnd}
	for _, n := range flat {
		if n.space != out.space {
			out.space = schema.TableEvent
		}
	}
	for _, n := range flat {
		if op == opAnd {
			out.onNull = out.onNull && n.onNull
		} else {
			out.onNull = out.onNull || n.onNull
		}
		out.cost = max(out.cost, n.cost)
	}
	out.children = flat
	if out.space == schema.TableEvent {
		out.children = mapTables(op, flat)
	}
	slices.SortStableFunc(out.children, func(a, b *node) int { return cmp.Compare(a.cost, b.cost) })
	return out
}

// mapTables makes the children of a node of events nodes of events.
func mapTables(op nodeOp, nodes []*node) []*node {
	var out []*node
	byTable := map[schema.Table][]*node{}
	for _, n := range nodes {
		if n.space == schema.TableEvent {
			out = append(out, n)
		} else {
			byTable[n.space] = append(byTable[n.space], n)
		}
	}
	for t := schema.TableTask; t < schema.NumTables; t++ {
		if same := byTable[t]; len(same) > 0 {
			out = append(out, ofEvents(join(op, same)))
		}
	}
	return out
}

// ofEvents returns n as a node of events.
func ofEvents(n *node) *node {
	if n.space == schema.TableEvent {
		return n
	}
	return &node{op: opMapped, children: []*node{n}, cost: costTable}
}
