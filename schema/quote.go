package schema

// AppendQuoted appends b as a C string literal in the way of strace: in double
// quotes, with everything but printable ASCII escaped (\n and its like, else
// octal), so that no byte of a recording can act on a terminal.
func AppendQuoted(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, b, "\"\\")
	return append(dst, '"')
}

// AppendEscaped appends b without quotes, escaped as AppendQuoted does; of the
// printable characters those in special are escaped too: a quote or backslash
// by a backslash, any other in octal.
func AppendEscaped(dst, b []byte, special string) []byte {
	for i, c := range b {
		switch c {
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\v':
			dst = append(dst, `\v`...)
		case '\f':
			dst = append(dst, `\f`...)
		default:
			if c < ' ' || c > '~' {
				dst = appendOctal(dst, c, i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '7')
			} else if !contains(special, c) {
				dst = append(dst, c)
			} else if c == '"' || c == '\\' {
				dst = append(dst, '\\', c)
			} else {
				dst = appendOctal(dst, c, true)
			}
		}
	}
	return dst
}

func contains(s string, c byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return true
		}
	}
	return false
}

// appendOctal appends \ooo: three digits before an octal digit, which would
// else belong to the escape, and as few as possible elsewhere.
func appendOctal(dst []byte, c byte, full bool) []byte {
	dst = append(dst, '\\')
	if full || c >= 0o100 {
		dst = append(dst, '0'+c>>6)
	}
	if full || c >= 0o10 {
		dst = append(dst, '0'+c>>3&7)
	}
	return append(dst, '0'+c&7)
}

// AppendHexQuoted appends b as a C string literal of \xhh escapes alone, as
// strace prints data that it does not decode.
func AppendHexQuoted(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, c := range b {
		dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// AppendHexBytes appends b as lower-case hexadecimal digits.
func AppendHexBytes(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// AppendHex appends v in hexadecimal as strace does: with 0x, but for 0.
func AppendHex(dst []byte, v uint64) []byte {
	if v == 0 {
		return append(dst, '0')
	}
	dst = append(dst, '0', 'x')
	shift := 60
	for v>>shift == 0 {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// appendHexWidth appends v with 0x and zeros up to width characters in all; a
// zero has no 0x, as in C's %#0*x.
func appendHexWidth(dst []byte, v uint64, width int) []byte {
	if v != 0 {
		dst = append(dst, '0', 'x')
		width -= 2
	}
	digits := 1
	for digits < 16 && v>>(4*digits) != 0 {
		digits++
	}
	for i := max(width, digits); i > digits; i-- {
		dst = append(dst, '0')
	}
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[v>>(4*i)&15])
	}
	return dst
}
