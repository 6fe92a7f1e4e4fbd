package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		code  int
		shown bool
	}{
		{"no error is done", nil, 0, false},
		{"an error without a code is a failure", fs.ErrNotExist, 1, true},
		{"the reader of our pipe went away", fmt.Errorf("write: %w", syscall.EPIPE), 0, false},
		{"an interrupted command has nothing to say", fmt.Errorf("convert: %w", context.Canceled), 130, false},
		{"a usage error", usageErrorf("no such column"), 2, true},
		{"a code survives wrapping", fmt.Errorf("a.smr: %w", withCode(exitLoss, errors.New("lost"))), 3, true},
		{"everything was said already", &exitError{Code: exitLoss}, 3, false},
		{"a code for no error is no error", withCode(exitLoss, nil), 0, false},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.code)
		}
		if got := shown(c.err); got != c.shown {
			t.Errorf("%s: shown %v, want %v", c.name, got, c.shown)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"pdi", `; did you mean "pid"?`},
		{"duration", `; did you mean "duration_ns"?`},
		{"zzzzzz", ""},
	} {
		if got := didYouMean(c.word, []string{"pid", "duration_ns", "comm"}); got != c.want {
			t.Errorf("didYouMean(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}
