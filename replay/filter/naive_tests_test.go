package filter

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// columnsWhere returns the columns that a test of a kind may be about.
func columnsWhere(ok func(c *schema.Column) bool) (list []*schema.Column) {
	for _, c := range schema.Columns() {
		if ok(c) {
			list = append(list, c)
		}
	}
	return list
}

var (
	intColumns = columnsWhere(func(c *schema.Column) bool {
		return c.Kind == schema.KindInt && c.Enum == nil && !strings.HasSuffix(c.Name, "flags")
	})
	enumColumns = columnsWhere(func(c *schema.Column) bool { return c.Enum != nil })
	listColumns = columnsWhere(func(c *schema.Column) bool { return c.Kind == schema.KindIntList })
)

func randomTest(rng *rand.Rand) naive {
	switch rng.IntN(12) {
	case 0, 1, 2:
		return compareTest(rng)
	case 3:
		return listTest(rng)
	case 4:
		return enumTest(rng)
	case 5:
		return bitsTest(rng)
	case 6:
		return pairTest(rng)
	case 7:
		return errnoTest(rng)
	case 8:
		return nullTest(rng)
	case 9:
		return addressTest(rng)
	case 10:
		return elementTest(rng)
	}
	return textTest(rng)
}

// ofInt is a test of an int column that is unknown for null.
func ofInt(id schema.ColumnID, holds func(v int64) bool) func(*segment.Block, int) truth {
	return func(b *segment.Block, row int) truth {
		v, ok := b.Int(id, row)
		if !ok {
			return unknown
		}
		return truthOf(holds(v))
	}
}

// not negates when negate is set.
func not(negate bool, eval func(*segment.Block, int) truth) func(*segment.Block, int) truth {
	if !negate {
		return eval
	}
	return func(b *segment.Block, row int) truth { return yes - eval(b, row) }
}

// literal writes a number that a column holds as its type has it.
func literal(c *schema.Column, v int64) string {
	if c.Type == schema.TypeTimestamp && v < 0 {
		return "0"
	}
	return strconv.FormatInt(v, 10)
}

func literalValue(c *schema.Column, v int64) int64 {
	if c.Type == schema.TypeTimestamp && v < 0 {
		return 0
	}
	return v
}

func compareTest(rng *rand.Rand) naive {
	c, v := pick(rng, intColumns...), pick(rng, randomInts...)
	op := pick(rng, "==", "=", "!=", "<", "<=", ">", ">=")
	want := literalValue(c, v)
	return naive{fmt.Sprintf("%s %s %s", c.Name, op, literal(c, v)), ofInt(c.ID, func(v int64) bool { return compared(op, v, want) })}
}

func compared(op string, x, y int64) bool {
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	case ">=":
		return x >= y
	case "!=":
		return x != y
	}
	return x == y
}

func listTest(rng *rand.Rand) naive {
	c, negate := pick(rng, intColumns...), rng.IntN(2) == 0
	var words []string
	want := map[int64]bool{}
	for range 1 + rng.IntN(12) {
		v := pick(rng, randomInts...)
		words = append(words, literal(c, v))
		want[literalValue(c, v)] = true
	}
	return naive{c.Name + pick(rng, map[bool]string{true: " not", false: ""}[negate]) + " in (" + strings.Join(words, ", ") + ")",
		not(negate, ofInt(c.ID, func(v int64) bool { return want[v] }))}
}

func enumTest(rng *rand.Rand) naive {
	c := pick(rng, enumColumns...)
	values, names := c.Enum.Sorted()
	i := rng.IntN(len(values))
	if rng.IntN(4) == 0 {
		begin := names[i][:1+rng.IntN(len(names[i]))]
		return naive{fmt.Sprintf("%s prefix %q", c.Name, begin), ofInt(c.ID, func(v int64) bool {
			name, ok := c.Enum.Names()[v]
			return ok && strings.HasPrefix(name, begin)
		})}
	}
	name := pick(rng, names[i], strings.TrimPrefix(strings.TrimPrefix(names[i], "AF_"), "SOCK_"), strings.ToLower(names[i]))
	negate := rng.IntN(2) == 0
	field := pick(rng, c.Name, c.Name+"_text")
	return naive{field + map[bool]string{true: " != ", false: " == "}[negate] + name,
		not(negate, ofInt(c.ID, func(v int64) bool { return v == values[i] }))}
}

func bitsTest(rng *rand.Rand) naive {
	c := pick(rng, schema.ByID(schema.ColFlags), schema.ByID(schema.ColMsgFlags))
	bits, names := schema.MsgFlags.Names()
	i, j := rng.IntN(len(bits)), rng.IntN(len(bits))
	mask := int64(bits[i] | bits[j])
	words := names[i] + "|" + strings.TrimPrefix(names[j], "MSG_")
	switch rng.IntN(4) {
	case 0:
		return naive{c.Name + " has " + words, ofInt(c.ID, func(v int64) bool { return v&mask == mask })}
	case 1:
		return naive{c.Name + " == " + words, ofInt(c.ID, func(v int64) bool { return v == mask })}
	case 2:
		return naive{c.Name + " & " + words + " != " + names[i], ofInt(c.ID, func(v int64) bool { return v&mask != int64(bits[i]) })}
	}
	return naive{c.Name + "&" + words, ofInt(c.ID, func(v int64) bool { return v&mask != 0 })}
}

func pairTest(rng *rand.Rand) naive {
	a, b := pick(rng, intColumns...), pick(rng, intColumns...)
	for a.Type != b.Type || a.Unit != b.Unit {
		b = pick(rng, intColumns...)
	}
	op := pick(rng, "==", "!=", "<", "<=", ">", ">=")
	return naive{a.Name + " " + op + " " + b.Name, func(blk *segment.Block, row int) truth {
		x, ok := blk.Int(a.ID, row)
		y, also := blk.Int(b.ID, row)
		if !ok || !also {
			return unknown
		}
		return truthOf(compared(op, x, y))
	}}
}

func errnoTest(rng *rand.Rand) naive {
	errno := func(b *segment.Block, row int) int64 {
		ret, _ := b.Int(schema.ColRet, row)
		return schema.Errno(ret)
	}
	name, n := "EAGAIN", int64(11)
	if rng.IntN(2) == 0 {
		name, n = "EPIPE", 32
	}
	switch rng.IntN(4) {
	case 0:
		return naive{"errno is null", func(b *segment.Block, row int) truth { return truthOf(errno(b, row) == 0) }}
	case 1:
		return naive{"errno is not null", func(b *segment.Block, row int) truth { return truthOf(errno(b, row) != 0) }}
	case 2:
		return naive{"ret == " + name, ofInt(schema.ColRet, func(v int64) bool { return v == -n })}
	}
	negate := rng.IntN(2) == 0
	return naive{"errno " + map[bool]string{true: "!= ", false: "= "}[negate] + name, func(b *segment.Block, row int) truth {
		e := errno(b, row)
		if e == 0 {
			return unknown
		}
		return truthOf((e == n) != negate)
	}}
}

func nullTest(rng *rand.Rand) naive {
	c := pick(rng, schema.Columns()...)
	for c.ID == schema.ColName {
		c = pick(rng, schema.Columns()...)
	}
	negate := rng.IntN(2) == 0
	return naive{c.Name + " is " + map[bool]string{true: "not ", false: ""}[negate] + "null", func(b *segment.Block, row int) truth {
		_, ok := b.Int(c.ID, row)
		switch c.Kind {
		case schema.KindBytes:
			_, ok = b.Bytes(c.ID, row)
		case schema.KindIntList:
			_, ok = b.List(c.ID, row)
		}
		return truthOf(ok == negate)
	}}
}

func elementTest(rng *rand.Rand) naive {
	c, want, op := pick(rng, listColumns...), pick(rng, randomInts...), pick(rng, "==", "<", "<=", ">", ">=")
	negate := rng.IntN(3) == 0
	text := fmt.Sprintf("%s %s %d", c.Name, op, want)
	if negate {
		text = "not " + text
	}
	return naive{text, not(negate, func(b *segment.Block, row int) truth {
		list, ok := b.List(c.ID, row)
		if !ok {
			return unknown
		}
		held := no
		for _, v := range list {
			held = max(held, truthOf(compared(op, v, want)))
		}
		return held
	})}
}

func receives(b *segment.Block, row int) bool {
	call, _ := b.Int(schema.ColCall, row)
	return schema.Receives(call)
}

func addressTest(rng *rand.Rand) naive {
	nets := []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::ffff:10.1.2.3", "fd00::/8", "::/0", "0.0.0.0/0", "::ffff:0:0/96", "fd00::1"}
	word := pick(rng, nets...)
	net, err := netip.ParsePrefix(word)
	if err != nil {
		a := netip.MustParseAddr(word)
		net = netip.PrefixFrom(a, a.BitLen())
	}
	holds := func(ip netip.Addr, ok bool) truth {
		return truthOf(ok && (net.Contains(ip) || net.Contains(ip.Unmap())))
	}
	if rng.IntN(3) == 0 {
		return naive{"name in " + word, func(b *segment.Block, row int) truth {
			raw, ok := b.Bytes(schema.ColName, row)
			if !ok || len(raw) < 2 {
				return unknown
			}
			if n, ok := b.Int(schema.ColMsgNamelen, row); ok && n < int64(len(raw)) && !receives(b, row) {
				raw = raw[:max(0, n)]
			}
			if len(raw) < 16 || raw[0] != 2 || raw[1] != 0 {
				return no
			}
			return holds(netip.AddrFrom4([4]byte(raw[4:8])), true)
		}}
	}
	c := pick(rng, schema.ByID(schema.ColLocalAddress), schema.ByID(schema.ColRemoteAddress))
	return naive{c.Name + " " + pick(rng, "in", "==", "prefix") + " " + word, func(b *segment.Block, row int) truth {
		raw, ok := b.Bytes(c.ID, row)
		if !ok {
			return unknown
		}
		return holds(netip.AddrFromSlice(raw))
	}}
}

func textTest(rng *rand.Rand) naive {
	want := pick(rng, append(randomTexts, "ng", "/run/", "x", "2e", "10.0", "@")...)
	op := pick(rng, "==", "prefix", "suffix", "contains", "!=")
	type source struct {
		name string
		text func(b *segment.Block, row int) ([]byte, bool)
	}
	of := func(id schema.ColumnID, decode func(v []byte) []byte) func(b *segment.Block, row int) ([]byte, bool) {
		return func(b *segment.Block, row int) ([]byte, bool) {
			v, ok := b.Bytes(id, row)
			return decode(v), ok
		}
	}
	same := func(v []byte) []byte { return v }
	s := pick(rng,
		source{"comm", of(schema.ColComm, same)},
		source{"comm_hex", of(schema.ColComm, func(v []byte) []byte { return []byte(hex.EncodeToString(v)) })},
		source{"control", of(schema.ColControl, func(v []byte) []byte { return []byte(hex.EncodeToString(v)) })},
		source{"local_path", of(schema.ColLocalPath, func(v []byte) []byte { return schema.AppendUnixPath(nil, v) })},
		source{"remote_path_text", of(schema.ColRemotePath, func(v []byte) []byte { return schema.AppendUnixPath(nil, v) })},
		source{"name", func(b *segment.Block, row int) ([]byte, bool) {
			raw, ok := b.Bytes(schema.ColName, row)
			if !ok || len(raw) < 2 {
				return nil, false
			}
			n, ok := b.Int(schema.ColMsgNamelen, row)
			if !ok || receives(b, row) {
				n = int64(len(raw))
			}
			return schema.AppendAddress(nil, raw, n), true
		}},
		source{"control_decoded", func(b *segment.Block, row int) ([]byte, bool) {
			raw, ok := b.Bytes(schema.ColControl, row)
			n, known := b.Int(schema.ColMsgControllen, row)
			if !known || receives(b, row) {
				n = int64(len(raw))
			}
			abi, _ := b.Int(schema.ColABI, row)
			return schema.AppendControlJSON(nil, raw, n, schema.ControlLayoutOf(abi)), ok
		}},
		source{"error", func(b *segment.Block, row int) ([]byte, bool) {
			ret, _ := b.Int(schema.ColRet, row)
			n := schema.Errno(ret)
			return []byte(schema.ErrnoMessage(n)), n != 0
		}},
	)
	if s.name == "name" && want == "10.1.2.3" { // an address, of which addressTest knows
		want = "nginx"
	}
	return naive{s.name + " " + op + " " + quoted(want), func(b *segment.Block, row int) truth {
		v, ok := s.text(b, row)
		if !ok {
			return unknown
		}
		switch op {
		case "prefix":
			return truthOf(bytes.HasPrefix(v, []byte(want)))
		case "suffix":
			return truthOf(bytes.HasSuffix(v, []byte(want)))
		case "contains":
			return truthOf(bytes.Contains(v, []byte(want)))
		case "!=":
			return truthOf(string(v) != want)
		}
		return truthOf(string(v) == want)
	}}
}

// quoted writes a text as a string of the language.
func quoted(text string) string {
	var s strings.Builder
	s.WriteByte('"')
	for _, c := range []byte(text) {
		fmt.Fprintf(&s, `\x%02x`, c)
	}
	s.WriteByte('"')
	return s.String()
}
