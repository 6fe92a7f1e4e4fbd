package traffic

import (
	"errors"
	"fmt"
	"strings"
)

// Map says where sends to recorded addresses go.
type Map struct {
	rules []rule
}

// rule is one mapping.
type rule struct {
	text    string
	pattern pattern
	target  target
}

// Add adds a mapping "RECORDED=TARGET". The error says what is wrong with it.
func (m *Map) Add(text string) error {
	// Paths may have a "=" in them, targets seldom do: the last one counts.
	i := strings.LastIndexByte(text, '=')
	if i <= 0 {
		return errors.New("want RECORDED=TARGET")
	}
	r := rule{text: text}
	var err error
	if r.pattern, err = parsePattern(text[:i]); err != nil {
		return fmt.Errorf("pattern %q: %w", text[:i], err)
	}
	if r.target, err = parseTarget(text[i+1:]); err != nil {
		return err
	}
	for _, other := range m.rules {
		if other.pattern == r.pattern {
			return fmt.Errorf("%q maps the same addresses", other.text)
		}
	}
	m.rules = append(m.rules, r)
	return nil
}

// unmapped is the number of no rule.
const unmapped = -1

// match returns the number of the most specific rule for an endpoint, or
// unmapped.
func (m *Map) match(e *endpoint) int {
	best, most := unmapped, -1
	for i := range m.rules {
		p := &m.rules[i].pattern
		if n := p.specificity(); n > most && p.matches(e) {
			best, most = i, n
		}
	}
	return best
}
