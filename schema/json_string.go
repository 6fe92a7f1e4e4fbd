package schema

import "unicode/utf8"

// AppendJSONString appends b as a JSON string. Invalid UTF-8 becomes U+FFFD,
// one for each byte, so the result is always valid JSON; what is behind it is
// in the column's hexadecimal form. Control characters, the C1 ones included,
// and the marks that change the direction of text are escaped, so that the
// string can be shown on a terminal.
func AppendJSONString(dst, b []byte) []byte {
	dst = append(dst, '"')
	for len(b) > 0 {
		c := b[0]
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			dst = append(dst, c)
			b = b[1:]
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendJSONEscape(dst, c)
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, "\ufffd"...)
		case Unprintable(r):
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = append(dst, b[:size]...)
		}
		b = b[size:]
	}
	return append(dst, '"')
}

func appendJSONEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// Unprintable reports whether a rune beyond ASCII must not reach a terminal:
// the C1 controls, line and paragraph separators, and the marks and isolates
// of bidirectional text.
func Unprintable(r rune) bool {
	return r >= 0x80 && r < 0xa0 || r == 0x061c || r >= 0x200e && r <= 0x200f ||
		r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}
