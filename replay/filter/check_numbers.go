package filter

import (
	"fmt"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// builder builds the nodes of one test.
type builder struct {
	*checker
	target *target
	test   int
	negate bool
	mask   int64
	offset int    // of the field
	field  string // as written
}

func (b *builder) wrong(format string, args ...any) error {
	return b.errorAt(b.offset, len(b.field), "", format, args...)
}

func (b *builder) leaf(l leaf) *node {
	l.test, l.target = b.test, b.target
	return newLeaf(&l)
}

func (b *builder) masked(e *test) (*node, error) {
	t := b.target
	if t.kind > kindList || t.errno || t.column.Enum != nil || t.column.Type == schema.TypeTimestamp {
		return nil, b.wrong("%s has no bits for &; it takes %s", b.field, t.describe())
	}
	mask, err := b.operand(e.Mask)
	if err != nil {
		return nil, err
	}
	if mask.column != nil || mask.moment != nil {
		return nil, b.wrap(e.Mask, &literalError{message: "& takes bits that are known"})
	}
	b.mask = mask.value
	switch {
	case e.Compare != nil:
		return b.compare(e.Compare.Op, e.Compare.Value)
	case e.Null != nil || e.Match != nil:
		return nil, b.wrong("behind & stands a comparison or nothing")
	}
	b.negate = !b.negate
	return b.ints(equal, []operand{{value: 0}}), nil
}

// operand reads a value of numbers.
func (b *builder) operand(v *value) (operand, error) {
	words := v.Words
	if v.String != nil {
		text, err := b.unquote(v)
		if err != nil {
			return operand{}, err
		}
		words = []string{text}
	}
	o, err := b.target.operand(words)
	if err != nil {
		return o, b.wrap(v, err)
	}
	return o, nil
}

var comparisons = map[string]struct {
	op     compareOp
	negate bool
}{
	"==": {equal, false}, "=": {equal, false}, "!=": {equal, true},
	"<": {less, false}, "<=": {lessEqual, false}, ">": {greater, false}, ">=": {greaterEqual, false},
}

func (b *builder) compare(op string, v *value) (*node, error) {
	c := comparisons[op]
	if c.negate {
		b.negate = !b.negate
	}
	if c.op == equal {
		return b.in([]*value{v})
	}
	if t := b.target; t.kind > kindList || t.errno || t.column.Enum != nil || b.mask == -1 && fields.IsFlags(t.column) {
		return nil, b.wrong("%s has no order for %s; it takes == and in", b.field, op)
	}
	o, err := b.operand(v)
	if err != nil {
		return nil, err
	}
	if o.column != nil {
		return b.pair(c.op, o.column, v)
	}
	return b.ints(c.op, []operand{o}), nil
}

// in is == with any of the values.
func (b *builder) in(values []*value) (*node, error) {
	t := b.target
	for _, v := range values {
		// Of an enum null can be a value's name.
		if len(v.Words) == 1 && v.Words[0] == "null" && (t.kind != kindInt || t.column.Enum == nil) {
			return nil, b.wrap(v, &literalError{message: fmt.Sprintf("null equals nothing; write %s is null (or the text in quotes)", b.field)})
		}
	}
	if t.kind > kindList {
		return b.texts(matchEqual, values)
	}
	if t.column.ID == schema.ColSocketProtocol && b.mask == -1 && !numbers(values) {
		return b.protocol(values)
	}
	var operands []operand
	for _, v := range values {
		o, err := b.operand(v)
		if err != nil {
			return nil, err
		}
		if o.column != nil {
			if len(values) > 1 {
				return nil, b.wrap(v, &literalError{message: "a list holds values, not fields"})
			}
			return b.pair(equal, o.column, v)
		}
		operands = append(operands, o)
	}
	return b.ints(equal, operands), nil
}

func numbers(values []*value) bool {
	for _, v := range values {
		if len(v.Words) != 1 {
			return false
		}
		if _, ok := number(v.Words[0]); !ok && targetOf(v.Words[0]) == nil {
			return false
		}
	}
	return true
}

// protocol compares the name of a protocol, which depends on the family.
func (b *builder) protocol(values []*value) (*node, error) {
	for _, v := range values {
		if v.String != nil {
			continue
		}
		if len(v.Words) == 1 {
			v.Words[0] = strings.ToUpper(v.Words[0])
			if names := protocolNames(); !contains(names, v.Words[0]) {
				return nil, b.wrap(v, &literalError{message: fmt.Sprintf("there is no protocol %q; a list has numbers or names", v.Words[0]),
					nearest: schema.Nearest(v.Words[0], names)})
			}
		}
	}
	b.target = targetOf("socket_protocol_text")
	return b.texts(matchEqual, values)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func (b *builder) pair(op compareOp, other *schema.Column, v *value) (*node, error) {
	if b.mask != -1 {
		return nil, b.wrap(v, &literalError{message: "& is not compared with another field"})
	}
	return b.leaf(leaf{op: leafPair, negate: b.negate, compare: op, other: other}), nil
}

// ints tests numbers. The error number is tested as the return value that it
// is made of.
func (b *builder) ints(op compareOp, operands []operand) *node {
	if !b.target.errno {
		return b.leaf(leaf{op: leafInt, negate: b.negate, compare: op, mask: b.mask, operands: operands})
	}
	var rets []operand
	for _, o := range operands {
		if o.value >= 1 && o.value <= schema.MaxErrno {
			rets = append(rets, operand{value: -o.value})
		}
	}
	is := b.leaf(leaf{op: leafInt, negate: b.negate, compare: op, mask: -1, operands: rets})
	if !b.negate {
		return is
	}
	return join(opAnd, []*node{b.failed(false), is})
}

// failed tests whether a return value is an error.
func (b *builder) failed(negate bool) *node {
	from := b.leaf(leaf{op: leafInt, negate: negate, compare: greaterEqual, mask: -1, operands: []operand{{value: -schema.MaxErrno}}})
	below := b.leaf(leaf{op: leafInt, negate: negate, compare: less, mask: -1, operands: []operand{{value: 0}}})
	if negate {
		return join(opOr, []*node{from, below})
	}
	return join(opAnd, []*node{from, below})
}

func (b *builder) isNull() *node {
	if !b.target.errno {
		return b.leaf(leaf{op: leafIsNull, negate: b.negate})
	}
	if b.negate {
		return b.failed(false)
	}
	return join(opOr, []*node{b.leaf(leaf{op: leafIsNull}), b.failed(true)})
}

func (b *builder) match(m *match) (*node, error) {
	t := b.target
	switch m.Op {
	case "":
		return b.in(m.In)
	case "has":
		if t.kind > kindList || t.errno || t.column.Enum != nil {
			return nil, b.wrong("%s has no bits for has; it takes %s", b.field, t.describe())
		}
		o, err := b.operand(m.Value)
		if err != nil {
			return nil, err
		}
		if o.column != nil || o.moment != nil {
			return nil, b.wrap(m.Value, &literalError{message: "has takes bits that are known"})
		}
		b.mask = o.value
		return b.ints(equal, []operand{o}), nil
	}
	op := map[string]matchOp{"prefix": matchPrefix, "suffix": matchSuffix, "contains": matchContains}[m.Op]
	if t.kind > kindList {
		return b.texts(op, []*value{m.Value})
	}
	names := t.names()
	if names == nil {
		return nil, b.wrong("%s is no text for %s; it takes %s", b.field, m.Op, t.describe())
	}
	text, err := b.textOf(m.Value)
	if err != nil {
		return nil, err
	}
	var operands []operand
	for v, name := range names {
		if op.holds([]byte(name), []byte(text)) {
			operands = append(operands, operand{value: v})
		}
	}
	return b.ints(equal, operands), nil
}

// names returns the names of a target's numbers, nil when they have none.
func (t *target) names() map[int64]string {
	if t.column.Enum != nil {
		return t.column.Enum.Names()
	}
	if !t.errno {
		return nil
	}
	names := map[int64]string{}
	for n := range int64(schema.MaxErrno) {
		if name := schema.ErrnoName(n); name != "" {
			names[n] = name
		}
	}
	return names
}
