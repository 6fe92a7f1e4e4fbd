package filter

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/replay/moment"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// operand is a number in an expression: known, or a moment of the recording
// that the filter is bound to, or the value of another column.
type operand struct {
	value  int64
	moment *moment.Moment
	column *schema.Column
}

// literalError is why a word is no value of a target. Word is the word it is
// about, one of the value's.
type literalError struct {
	message string
	nearest string
	word    int
}

func (e *literalError) Error() string { return e.message }

// operand returns the number that words, which | joined, mean for the target.
func (t *target) operand(words []string) (operand, *literalError) {
	if fields.IsFlags(t.column) && !t.errno {
		return flagsOperand(words)
	}
	if len(words) > 1 {
		return operand{}, &literalError{message: "| joins flags only", word: 1}
	}
	word := words[0]
	switch c := t.column; {
	case t.errno:
		if n, ok := errnoByName(word); ok {
			return operand{value: n}, nil
		}
		if n, ok := number(word); ok {
			return operand{value: n}, nil
		}
		return operand{}, t.unknown(word, errnoNames())
	case c.Enum != nil:
		return t.enumOperand(word)
	case c.Type == schema.TypeTimestamp:
		if m, err := moment.Parse(word); err == nil {
			return operand{moment: &m}, nil
		}
	case c.Type == schema.TypeDuration:
		if n, ok := number(word); ok {
			return operand{value: n}, nil
		}
		if d, err := time.ParseDuration(word); err == nil {
			return operand{value: int64(d)}, nil
		}
	case c.Unit == "bytes" || c.ID == schema.ColRet:
		if n, ok := number(word); ok {
			return operand{value: n}, nil
		}
		if n, ok, err := size(word); ok {
			return operand{value: n}, err
		}
		if n, ok := errnoByName(word); ok && c.ID == schema.ColRet {
			return operand{value: -n}, nil
		}
	default:
		if n, ok := number(word); ok {
			return operand{value: n}, nil
		}
	}
	return t.columnOperand(word)
}

// columnOperand is the last that a word can be: the name of another column of
// numbers of the same meaning.
func (t *target) columnOperand(word string) (operand, *literalError) {
	other := targetOf(word)
	if other == nil {
		names := []string(nil)
		if t.column.ID == schema.ColRet {
			names = errnoNames()
		}
		return operand{}, t.unknown(word, append(names, intFields()...))
	}
	a, b := t.column, other.column
	plain := func(c *schema.Column) bool { return c.Type == schema.TypeInt32 || c.Type == schema.TypeInt64 }
	if other.kind != kindInt || t.kind != kindInt || other.errno || b.Enum != nil ||
		a.Type != b.Type && (!plain(a) || !plain(b)) || a.Unit != b.Unit && a.Unit != "" && b.Unit != "" {
		return operand{}, &literalError{message: fmt.Sprintf("%s cannot be compared with %s; it takes %s", t.name, word, t.describe())}
	}
	return operand{column: b}, nil
}

func (t *target) unknown(word string, names []string) *literalError {
	return &literalError{message: fmt.Sprintf("%q is no value of %s, which takes %s", word, t.name, t.describe()),
		nearest: nearestFold(word, names)}
}

// number parses a decimal or hexadecimal number. A hexadecimal one above 2^63-1
// is taken as columns hold such numbers: negative.
func number(word string) (int64, bool) {
	digits, hex := strings.CutPrefix(word, "0x")
	if hex {
		n, err := strconv.ParseUint(digits, 16, 64)
		return int64(n), err == nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil
}

var sizeUnits = map[string]int64{
	"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

// maxSizeDigits bounds the work on a size.
const maxSizeDigits = 40

// size parses a number with a unit of bytes; ok is false when it is none.
func size(word string) (n int64, ok bool, err *literalError) {
	digits := strings.TrimRight(word, "BKMGki")
	unit, known := sizeUnits[word[len(digits):]]
	if !known || digits == "" || len(digits) > maxSizeDigits || strings.Trim(digits, "+-.0123456789") != "" {
		return 0, false, nil
	}
	r, valid := new(big.Rat).SetString(digits)
	if !valid {
		return 0, false, nil
	}
	r.Mul(r, big.NewRat(unit, 1))
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, true, &literalError{message: fmt.Sprintf("%s is not a whole number of bytes within 63 bits", word)}
	}
	return r.Num().Int64(), true, nil
}

func flagsOperand(words []string) (operand, *literalError) {
	var v uint64
	for i, word := range words {
		bit, ok := schema.MsgFlags.Parse(word)
		if !ok {
			bit, ok = schema.MsgFlags.Parse(strings.ToUpper(word))
		}
		if !ok {
			_, names := schema.MsgFlags.Names()
			return operand{}, &literalError{message: fmt.Sprintf("there is no flag %q", word), nearest: nearestFold(word, names), word: i}
		}
		v |= bit
	}
	return operand{value: int64(v)}, nil
}

// enumPrefixes may be left out of the names of values.
var enumPrefixes = []string{"", "AF_", "SOCK_", "IORING_OP_"}

func (t *target) enumOperand(word string) (operand, *literalError) {
	for _, prefix := range enumPrefixes {
		if v, ok := t.column.Enum.Value(prefix + word); ok {
			return operand{value: v}, nil
		}
	}
	values, names := t.column.Enum.Sorted()
	for i, name := range names {
		for _, prefix := range enumPrefixes {
			if strings.EqualFold(name, prefix+word) {
				return operand{value: values[i]}, nil
			}
		}
	}
	if n, ok := number(word); ok {
		return operand{value: n}, nil
	}
	return operand{}, &literalError{message: fmt.Sprintf("%s is never %q", t.name, word), nearest: nearestFold(word, names)}
}

func errnoByName(word string) (int64, bool) { return schema.ErrnoByName(strings.ToUpper(word)) }

func errnoNames() []string {
	var names []string
	for n := range int64(schema.MaxErrno) {
		if name := schema.ErrnoName(n); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func intFields() []string {
	var names []string
	for _, c := range schema.Columns() {
		if c.Kind == schema.KindInt && c.Enum == nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// protocolNames are the names that socket_protocol is compared with.
func protocolNames() []string {
	_, inet := schema.ProtocolEnum.Sorted()
	_, netlink := schema.NetlinkProtocolEnum.Sorted()
	return append(inet, netlink...)
}

// nearestFold is schema.Nearest, also for words in lower case.
func nearestFold(word string, names []string) string {
	if n := schema.Nearest(word, names); n != "" {
		return n
	}
	return schema.Nearest(strings.ToUpper(word), names)
}
