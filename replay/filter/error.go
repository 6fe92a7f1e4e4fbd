package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Error is what is wrong with an expression, and where. Its text is a message
// and, on lines of their own, the part of the expression with carets below what
// is meant.
type Error struct {
	Text string // the expression
	// Offset and Length are the bytes of Text that the message is about.
	Offset, Length int
	Message        string
	// Nearest is the word that was probably meant, empty when none is near.
	Nearest string
}

// Summary returns the message with the suggestion, on one line.
func (e *Error) Summary() string {
	if e.Nearest == "" {
		return e.Message
	}
	return fmt.Sprintf("%s; did you mean %q?", e.Message, e.Nearest)
}

// maxShown is how much of a long expression an error shows, in characters.
const maxShown = 76

func (e *Error) Error() string {
	line, from, to := e.line()
	if line == "" {
		return e.Summary()
	}
	return fmt.Sprintf("%s\n  %s\n  %s%s", e.Summary(), line, strings.Repeat(" ", from), strings.Repeat("^", max(1, to-from)))
}

// line returns what is shown of the expression and the range in it to point at,
// in characters.
func (e *Error) line() (line string, from, to int) {
	var shown []rune
	start, end := min(e.Offset, len(e.Text)), min(e.Offset+e.Length, len(e.Text))
	from, to = -1, -1
	for at := 0; at < len(e.Text); {
		r, size := utf8.DecodeRuneInString(e.Text[at:])
		if from < 0 && at+size > start {
			from = len(shown)
		}
		if to < 0 && at >= end {
			to = len(shown)
		}
		if r < ' ' || r == 0x7f || r == utf8.RuneError || schema.Unprintable(r) {
			r = ' '
			if size == 1 && e.Text[at] >= 0x7f {
				r = '?'
			}
		}
		shown = append(shown, r)
		at += size
	}
	if from < 0 {
		from = len(shown)
	}
	if to < from {
		to = len(shown)
	}
	if cut := from - maxShown/2; len(shown) > maxShown && cut > 0 {
		shown = append([]rune("..."), shown[cut:]...)
		from, to = from-cut+3, to-cut+3
	}
	if len(shown) > maxShown {
		shown = append(shown[:maxShown-3:maxShown-3], []rune("...")...)
		to = min(to, maxShown)
	}
	return string(shown), from, to
}
