package text

import (
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// The forms of values in the three formats. All have the same digits, names
// and hexadecimal; they differ in null, in strings and in what holds commas.

func (p *Printer) null(dst []byte) []byte {
	if p.format == CSV {
		return dst // an empty cell; the empty string is ""
	}
	return append(dst, "null"...)
}

// hex appends raw bytes in hexadecimal, which is a string in JSON.
func (p *Printer) hex(dst, b []byte) []byte {
	if p.format == Line && len(b) > 0 {
		return schema.AppendHexBytes(dst, b)
	}
	dst = append(dst, '"')
	dst = schema.AppendHexBytes(dst, b)
	return append(dst, '"')
}

// str appends a string with any bytes in it.
func (p *Printer) str(dst, b []byte) []byte {
	switch p.format {
	case JSON:
		return schema.AppendJSONString(dst, b)
	case CSV:
		return appendCSVString(dst, b)
	}
	if len(b) > 0 && plain(b) && string(b) != "null" {
		return append(dst, b...)
	}
	return schema.AppendQuoted(dst, b)
}

// structured appends a JSON array or object, which CSV holds as a string.
func (p *Printer) structured(dst []byte, json []byte) []byte {
	if p.format != CSV {
		return append(dst, json...)
	}
	dst = append(dst, '"')
	for _, c := range json {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// plain reports whether a value in name=value can stand without quotes.
func plain[T string | []byte](b T) bool {
	for i := range len(b) {
		c := b[i]
		if c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=' {
			return false
		}
	}
	return true
}

// appendCSVString appends a quoted string. Control characters, what a terminal
// must not get and the backslash are escaped as in JSON; invalid UTF-8 becomes
// U+FFFD; so a cell never spans lines.
func appendCSVString(dst, b []byte) []byte {
	dst = append(dst, '"')
	for len(b) > 0 {
		c, size := b[0], 1
		switch {
		case c == '"':
			dst = append(dst, `""`...)
		case c >= ' ' && c <= '~' && c != '\\':
			dst = append(dst, c)
		default:
			if c >= utf8.RuneSelf {
				_, size = utf8.DecodeRune(b)
			}
			start := len(dst)
			dst = schema.AppendJSONString(dst, b[:size])
			// Without JSON's own quotes.
			dst = append(dst[:start], dst[start+1:len(dst)-1]...)
		}
		b = b[size:]
	}
	return append(dst, '"')
}
