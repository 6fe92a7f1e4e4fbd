package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// FuzzFilter parses anything, and runs what parses: neither may panic, an
// error points into the text, and not of an expression never selects what the
// expression does.
func FuzzFilter(f *testing.F) {
	for _, c := range wrongExpressions {
		if len(c.text) < 300 {
			f.Add(c.text)
		}
	}
	for _, text := range []string{
		"call == sendmsg", "flags & MSG_DONTWAIT or flags has NOSIGNAL", "ret == EAGAIN", "errno in (EAGAIN, 32)",
		"remote_address in (10.0.0.0/8, fe80::/10)", "name in 127.0.0.0/8 or name suffix :53", "comm prefix \"ng\\x69n\"",
		"requested_bytes >= 64KiB && duration > 1m30s", "time >= +1ms and time < -1s", "ret < requested_bytes",
		"not (iov_len > 1KiB or control is not null)", "protocol == IPPROTO_TCP", "toctou in (same, name)",
		"control_decoded contains SCM_RIGHTS", "local_endpoint == 'a b'", "abi prefix compat",
	} {
		f.Add(text)
	}
	file := generated(f, gen.Options{Events: 300, Seed: 5, SegmentEvents: 150, CPUs: 2})
	r := open(f, file)
	list := segments(f, r)
	summary, err := segment.Summarize(open(f, file))
	if err != nil {
		f.Fatal(err)
	}
	rec := Recording{Header: r.Header(), Summary: summary}
	f.Fuzz(func(t *testing.T, text string) {
		is, err := Parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(e.Text) || strings.Count(e.Error(), "\n") > 2 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		isNot, err := Parse("not (" + text + ")")
		if err != nil {
			if len(text)+len("not ()") > MaxBytes || strings.Contains(err.Error(), "levels") {
				return
			}
			t.Fatalf("%q parses, but not its negation: %v", text, err)
		}
		a, err := is.Bind(rec)
		if err != nil {
			t.Fatal(err)
		}
		b, err := isNot.Bind(rec)
		if err != nil {
			t.Fatal(err)
		}
		ea, eb := a.Evaluator(r.NewDecoder()), b.Evaluator(r.NewDecoder())
		var ba, bb segment.Block
		for _, s := range list {
			x, err := ea.Select(s, &ba)
			if err != nil {
				t.Fatal(err)
			}
			y, err := eb.Select(s, &bb)
			if err != nil {
				t.Fatal(err)
			}
			for row := range s.Rows {
				if x.Has(row) && y.Has(row) {
					t.Fatalf("%q and its negation select event %d", text, row)
				}
			}
		}
		a.Explain()
	})
}
