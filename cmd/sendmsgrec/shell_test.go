package main

import (
	"os/exec"
	"testing"
)

// What is printed to be pasted is one word to a shell, whatever a recording says
// that its paths are.
func TestWordsForAShell(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"tcp:10.1.0.1:80=TARGET", "'tcp:10.1.0.1:80=TARGET'"},
		{"unix-stream:/run/it's $(reboot)", `'unix-stream:/run/it'\''s $(reboot)'`},
		{"unix-dgram:@\x1b[2J\"`\\\n", `$'unix-dgram:@\x1b[2J"` + "`" + `\\\n'`},
	} {
		got := shellQuote(c.word)
		if got != c.want {
			t.Errorf("%q is %s, want %s", c.word, got, c.want)
		}
		out, err := exec.Command("bash", "-c", "printf %s. "+got).Output()
		if err != nil || string(out) != c.word+"." {
			t.Errorf("%s is %q to a shell, %v", got, out, err)
		}
	}
}
