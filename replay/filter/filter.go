// Package filter is the filter language: it parses expressions such as
//
//	duration > 1ms and remote_address in 10.0.0.0/8
//
// checks them against the columns of the schema, and selects the events of
// segments for which they are true. docs/filter.md is the specification.
//
// A Filter is what an expression says of any recording. Bind makes a Program
// of it for one recording, whose clocks and bounds tell what its moments are.
// An Evaluator runs the program: Select decides by the segment's header
// whether any event, or every event, is selected; else it decodes the columns
// that the expression names, one after the other, as long as an event may still
// be selected, and evaluates column by column. Read then decodes what the
// caller wants of a segment with selected events. Nothing is decoded twice.
//
//	f, err := filter.Parse(text) // a *filter.Error shows where it is wrong
//	p, err := f.Bind(filter.Recording{Header: r.Header(), Summary: s})
//	e := p.Evaluator(r.NewDecoder())
//	for each segment s:
//		selected, err := e.Select(s, &block)
//		if selected.Len() == 0 { continue }
//		err = e.Read(s, columns, &block)
//		... rows with selected.Has(row)
//	p.Explain().WriteText(os.Stderr)
//
// Filters and Programs are read-only and may be shared. An Evaluator owns the
// memory of its selections and is for one goroutine; several may run at once.
// No expression, however long, takes more than its length in time and memory
// for each row (MaxBytes, MaxDepth).
package filter

import (
	"math"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Filter is a checked expression. A nil Filter selects everything.
type Filter struct {
	text  string
	root  *node
	tests []string
}

// Parse parses and checks an expression. Errors are *Error.
func Parse(text string) (*Filter, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := checker{text: text}
	root, err := c.or(tree, false)
	if err != nil {
		return nil, err
	}
	return &Filter{text: text, root: ofEvents(root), tests: c.tests}, nil
}

// String returns the expression as it was given.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

// Recording is what a filter must know of a recording.
type Recording struct {
	Header *segment.Header
	// Summary is nil for a stream: its clocks, and its end, are then not known.
	Summary *segment.Summary
	// FromNS and ToNS select the events with FromNS <= time_ns < ToNS besides
	// what the expression does, in nanoseconds of CLOCK_BOOTTIME. 0 is no bound.
	FromNS, ToNS int64
}

// Bind returns the program for a recording. The error is about a moment that
// the recording does not have (moment.ErrNoEnd).
func (f *Filter) Bind(r Recording) (*Program, error) {
	p := &Program{root: &node{op: opAll}}
	if f != nil {
		root, err := bind(f.root, &r)
		if err != nil {
			return nil, err
		}
		p.text, p.root, p.tests = f.text, root, f.tests
	}
	if r.FromNS != 0 || r.ToNS != 0 {
		p.within(r.FromNS, r.ToNS)
	}
	return p, nil
}

// bind copies a node with its moments resolved.
func bind(n *node, r *Recording) (*node, error) {
	out := *n
	out.children = make([]*node, len(n.children))
	for i, c := range n.children {
		var err error
		if out.children[i], err = bind(c, r); err != nil {
			return nil, err
		}
	}
	if n.op != opLeaf || n.leaf.op != leafInt {
		return &out, nil
	}
	l := *n.leaf
	values := make([]int64, len(l.operands))
	for i, o := range l.operands {
		values[i] = o.value
		if o.moment != nil {
			var err error
			if values[i], err = o.moment.BoottimeNS(r.Header, r.Summary); err != nil {
				return nil, err
			}
		}
	}
	l.set = newIntSet(l.compare, values)
	out.leaf = &l
	return &out, nil
}

// Program is a filter bound to a recording.
type Program struct {
	text    string
	root    *node
	tests   []string
	explain explainer
}

// String returns the expression as it was given, empty without one.
func (p *Program) String() string { return p.text }

// within adds the bounds of time.
func (p *Program) within(fromNS, toNS int64) {
	set := intSet{lo: math.MinInt64, hi: math.MaxInt64}
	if fromNS != 0 {
		set.lo = fromNS
	}
	if toNS != 0 {
		set.hi = toNS - 1
	}
	if set.lo > set.hi {
		set = intSet{list: []int64{}} // not an interval from more to less
	}
	l := &leaf{test: len(p.tests), target: targetOf("time_ns"), mask: -1, set: set}
	p.tests = append(p.tests[:len(p.tests):len(p.tests)], "time range")
	nodes := []*node{newLeaf(l)}
	if p.root.op != opAll {
		nodes = append(nodes, p.root)
	}
	p.root = ofEvents(join(opAnd, nodes))
}

// All reports whether the program selects every event of any recording.
func (p *Program) All() bool { return p.root.op == opAll }

// Columns returns the columns that the program may read, the refs to their
// tables included, ascending by id.
func (p *Program) Columns() []schema.ColumnID {
	var need [schema.MaxColumnID + 1]bool
	p.root.need(&need)
	var cols []schema.ColumnID
	for id, ok := range need {
		if ok {
			cols = append(cols, schema.ColumnID(id))
		}
	}
	return cols
}

func (n *node) need(need *[schema.MaxColumnID + 1]bool) {
	for _, c := range n.children {
		c.need(need)
	}
	if n.leaf == nil {
		return
	}
	for _, id := range n.leaf.columns() {
		need[id] = true
		if t := schema.ByID(id).Table; t != schema.TableEvent {
			need[schema.RefOf(t)] = true
		}
	}
}
