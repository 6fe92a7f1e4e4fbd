package main

import (
	"strconv"
	"strings"
)

// shellQuote returns text that a shell reads as the word s: as it is where that
// is plain, in quotes else, with escapes (bash, zsh, ksh) where it cannot be
// printed.
func shellQuote(s string) string {
	special := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("-_./:,@%+", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	quoted := strconv.QuoteToASCII(s)
	if strings.ReplaceAll(strings.ReplaceAll(quoted, `\"`, `"`), `\\`, `\`) == `"`+s+`"` {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return "$'" + strings.NewReplacer("'", `\'`, `\"`, `"`).Replace(quoted[1:len(quoted)-1]) + "'"
}
