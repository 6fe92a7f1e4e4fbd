package filter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// texts tests texts and addresses.
func (b *builder) texts(op matchOp, values []*value) (*node, error) {
	l := leaf{op: leafText, negate: b.negate, match: op}
	for _, v := range values {
		text, err := b.textOf(v)
		if err != nil {
			return nil, err
		}
		net, isNet := network(text)
		switch {
		case b.target.kind != kindText && isNet &&
			(op == matchEqual || op == matchPrefix && (b.target.kind == kindAddress || strings.Contains(text, "/"))):
			l.nets = append(l.nets, net)
			continue
		case b.target.kind == kindAddress && op <= matchPrefix:
			return nil, b.wrap(v, &literalError{message: fmt.Sprintf("%q is no address and no network; %s takes one, such as 10.0.0.0/8", text, b.field)})
		}
		l.texts = append(l.texts, []byte(text))
	}
	return b.leaf(l), nil
}

// network parses an address or a network.
func network(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// textOf returns the text of a value.
func (b *builder) textOf(v *value) (string, error) {
	if v.String != nil {
		return b.unquote(v)
	}
	return strings.Join(v.Words, "|"), nil
}

// unquote returns what a string in quotes says.
func (b *builder) unquote(v *value) (string, error) {
	quoted := *v.String
	var out []byte
	for i := 1; i < len(quoted)-1; i++ {
		c := quoted[i]
		if c != '\\' {
			out = append(out, c)
			continue
		}
		i++
		switch quoted[i] {
		case '\\', '"', '\'':
			out = append(out, quoted[i])
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'x':
			n, err := strconv.ParseUint(quoted[min(i+1, len(quoted)-1):min(i+3, len(quoted)-1)], 16, 8)
			if err != nil || i+3 > len(quoted)-1 {
				return "", b.escapeError(v, i)
			}
			out = append(out, byte(n))
			i += 2
		default:
			return "", b.escapeError(v, i)
		}
	}
	return string(out), nil
}

func (b *builder) escapeError(v *value, i int) error {
	return b.errorAt(v.Pos.Offset+i-1, 2, "", `unknown escape in a string; there are \\, \", \', \n, \t and \xHH`)
}
