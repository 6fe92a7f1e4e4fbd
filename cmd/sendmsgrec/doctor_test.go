package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/bpf"
)

func TestDoctorVerdict(t *testing.T) {
	works := bpf.Check{Name: "rings", State: bpf.StateYes, Required: true}
	better := bpf.Check{Name: "fentry", State: bpf.StateNo, Detail: "operation not permitted", Hint: "another kernel"}
	missing := bpf.Check{Name: "tracefs", State: bpf.StateNo, Required: true, Hint: "mount it"}
	for _, c := range []struct {
		name   string
		checks []bpf.Check
		tier   string
		code   int
		lines  []string
	}{
		{"all there is works", []bpf.Check{works}, "fentry", 0, []string{"yes      rings\n", "recording works here, with the fentry tier"}},
		{"a better tier that fails does no harm", []bpf.Check{works, better}, "tracepoint", 0,
			[]string{"no       fentry", "not needed; operation not permitted; hint: another kernel", "recording works here"}},
		{"something required is missing", []bpf.Check{works, missing}, "tracepoint", 4,
			[]string{"required; hint: mount it", "recording does not work here"}},
		{"no tier works", []bpf.Check{works, better}, "", 4, []string{"recording does not work here"}},
	} {
		var out bytes.Buffer
		err := runDoctor(context.Background(), &out, false, func() ([]bpf.Check, string) { return c.checks, c.tier })
		if got := exitCode(err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.code)
		}
		// Names are padded to the longest; compare without.
		text := strings.Join(strings.FieldsFunc(out.String(), func(r rune) bool { return r == ' ' }), " ")
		for _, line := range c.lines {
			if want := strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' }), " "); !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in:\n%s", c.name, line, out.String())
			}
		}
		out.Reset()
		if err := runDoctor(context.Background(), &out, true, func() ([]bpf.Check, string) { return c.checks, c.tier }); exitCode(err) != c.code {
			t.Errorf("%s: --json ends with %v", c.name, err)
		}
		var p doctorReport
		if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.CanRecord != (c.code == 0) || len(p.Checks) != len(c.checks) {
			t.Errorf("%s: --json: %v\n%s", c.name, err, out.String())
		}
	}
}

func TestDoctorTellsABuildThatKeepsItsPrivileges(t *testing.T) {
	if check := checkThreads(true); check.State != bpf.StateYes || check.Hint != "" {
		t.Errorf("%+v", check)
	}
	if check := checkThreads(false); check.State != bpf.StateNo || check.Required || !strings.Contains(check.Hint, "CGO_ENABLED=0") {
		t.Errorf("%+v", check)
	}
}
