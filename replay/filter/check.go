package filter

import (
	"fmt"
	"strings"
)

// checker turns a parsed expression into nodes, and finds what it means wrong.
type checker struct {
	text  string
	tests []string // as written
}

func (c *checker) or(e *orExpr, negate bool) (*node, error) {
	op := opOr
	if negate {
		op = opAnd
	}
	var nodes []*node
	for _, t := range e.Terms {
		n, err := c.and(t, negate)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return join(op, nodes), nil
}

func (c *checker) and(e *andExpr, negate bool) (*node, error) {
	op := opAnd
	if negate {
		op = opOr
	}
	var nodes []*node
	for _, t := range e.Terms {
		n, err := c.not(t, negate)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return join(op, nodes), nil
}

func (c *checker) not(e *notExpr, negate bool) (*node, error) {
	switch {
	case e.Not != nil:
		return c.not(e.Not, !negate)
	case e.Group != nil:
		return c.or(e.Group, negate)
	}
	return c.test(e.Test, negate)
}

func (c *checker) errorAt(offset, length int, nearest, format string, args ...any) error {
	return &Error{Text: c.text, Offset: offset, Length: length, Nearest: nearest, Message: fmt.Sprintf(format, args...)}
}

// wrap says where a literal is wrong.
func (c *checker) wrap(v *value, err *literalError) error {
	offset, length := v.Pos.Offset, v.EndPos.Offset-v.Pos.Offset
	length = len(strings.TrimRight(c.text[offset:offset+length], " \t\r\n"))
	if len(v.Words) > 1 {
		for i, word := range v.Words {
			at := strings.Index(c.text[offset:], word)
			if at < 0 {
				break
			}
			offset += at
			if length = len(word); i == err.word {
				break
			}
			offset += length
		}
	}
	return c.errorAt(offset, length, err.nearest, "%s", err.message)
}

func (c *checker) test(e *test, negate bool) (*node, error) {
	offset := e.Pos.Offset
	t := targetOf(e.Field)
	if t == nil {
		return nil, c.errorAt(offset, len(e.Field), nearestFold(e.Field, FieldNames()), "there is no field %q", e.Field)
	}
	written := strings.TrimSpace(c.text[offset:e.EndPos.Offset])
	b := &builder{checker: c, target: t, test: len(c.tests), negate: negate, mask: -1, offset: offset, field: e.Field}
	c.tests = append(c.tests, strings.Join(strings.Fields(written), " "))
	if e.Mask != nil {
		return b.masked(e)
	}
	switch {
	case e.Compare != nil:
		return b.compare(e.Compare.Op, e.Compare.Value)
	case e.Null != nil:
		if e.Null.Not {
			b.negate = !b.negate
		}
		return b.isNull(), nil
	case e.Match != nil:
		if e.Match.Not {
			b.negate = !b.negate
		}
		return b.match(e.Match)
	}
	return nil, c.errorAt(offset, len(e.Field), "", "%s is not compared with anything; it takes %s", e.Field, t.describe())
}
