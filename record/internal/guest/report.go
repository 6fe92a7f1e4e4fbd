package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tailLines is how much of the console a guest that ended badly shows.
const tailLines = 60

// report is what came of a guest.
type report struct {
	machine  *machine
	single   bool     // one command, no tests
	expected []string // names of the commands that have to run
	refused  []string // tiers that do not load on the running kernel, and why
	err      error    // of qemu
	took     time.Duration

	release  string // uname -r
	statuses map[string]int
	done     bool
	tests    []*test
	builds   map[string][]string // of the programs that recorded, by tier
	blind    map[string][]blind  // by tier
	table    []string            // lines of a Markdown table that a command printed
	tail     []string
	tier     string // of the command that runs
	current  *test
}

// test is a test, or a case of one.
type test struct {
	tier, name string
	result     string // PASS, FAIL, SKIP, or "" when it never ended
	seconds    string // that it took there, emulated
	output     []string
}

// blind is something that a tier says that it cannot see.
type blind struct{ what, why string }

var (
	resultLine = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+) \((\d+\.\d+)s\)`)
	blindLine  = regexp.MustCompile(`unavailable on this tier: (\S+): (.*)$`)
	buildLine  = regexp.MustCompile(`build of this tier's programs: (\S+)$`)
	kernelLine = regexp.MustCompile(`the kernel is (\S+)$`)
)

// line takes in one line of the console.
func (r *report) line(s string) {
	if r.tail = append(r.tail, s); len(r.tail) > tailLines {
		r.tail = r.tail[1:]
	}
	switch {
	case strings.HasPrefix(s, markRun):
		r.tier, r.current = s[len(markRun):], nil
	case strings.HasPrefix(s, markExit):
		status, name, _ := strings.Cut(s[len(markExit):], " ")
		n, err := strconv.Atoi(status)
		if err != nil {
			return
		}
		if r.statuses == nil {
			r.statuses = map[string]int{}
		}
		r.statuses[name] = n
		r.current = nil
	case s == markDone:
		r.done = true
	case strings.HasPrefix(s, "| "):
		r.table = append(r.table, s)
	case strings.HasPrefix(s, "=== RUN "), strings.HasPrefix(s, "=== NAME "), strings.HasPrefix(s, "=== CONT "):
		r.current = r.test(strings.TrimSpace(s[len("=== RUN "):]))
	case resultLine.MatchString(s):
		m := resultLine.FindStringSubmatch(s)
		t := r.test(m[2])
		t.result, t.seconds = m[1], m[3]
	case r.current != nil:
		r.current.output = append(r.current.output, s)
	}
	if m := blindLine.FindStringSubmatch(s); m != nil {
		if r.blind == nil {
			r.blind = map[string][]blind{}
		}
		// Each recording says it.
		if b := (blind{m[1], m[2]}); !slices.Contains(r.blind[r.tier], b) {
			r.blind[r.tier] = append(r.blind[r.tier], b)
		}
	}
	if m := buildLine.FindStringSubmatch(s); m != nil {
		if r.builds == nil {
			r.builds = map[string][]string{}
		}
		if !slices.Contains(r.builds[r.tier], m[1]) {
			r.builds[r.tier] = append(r.builds[r.tier], m[1])
		}
	}
	if m := kernelLine.FindStringSubmatch(s); m != nil {
		r.release = m[1]
	}
}

// test returns the test of this name on the tier that runs.
func (r *report) test(name string) *test {
	name = strings.TrimSpace(name)
	i := slices.IndexFunc(r.tests, func(t *test) bool { return t.tier == r.tier && t.name == name })
	if i >= 0 {
		return r.tests[i]
	}
	r.tests = append(r.tests, &test{tier: r.tier, name: name})
	return r.tests[len(r.tests)-1]
}

// verdict is nil when everything that was asked for has run and passed.
func (r *report) verdict() error {
	var errs []error
	if r.err != nil {
		errs = append(errs, r.err)
	}
	for _, name := range r.expected {
		status, ended := r.statuses[name]
		switch {
		case !ended:
			errs = append(errs, fmt.Errorf("%s has not ended", name))
		case status != 0:
			errs = append(errs, fmt.Errorf("%s ended with status %d", name, status))
		case !r.single && !slices.ContainsFunc(r.tests, func(t *test) bool { return t.tier == name }):
			errs = append(errs, fmt.Errorf("%s: no test has run", name))
		}
	}
	for _, tier := range r.expected {
		for _, build := range r.builds[tier] {
			if r.machine.build != "" && build != r.machine.build {
				errs = append(errs, fmt.Errorf("%s: the %s build recorded, and the %s one was refused", tier, build, r.machine.build))
			}
		}
	}
	for _, t := range r.tests {
		if (t.result == "" || t.result == "FAIL") && !r.groups(t) {
			errs = append(errs, fmt.Errorf("%s: %s failed", t.tier, t.name))
		}
	}
	if len(r.expected) == 0 && len(r.refused) > 0 {
		errs = append(errs, errors.New("no tier loads"))
	}
	if len(r.expected) > 0 && !r.done && len(errs) == 0 {
		errs = append(errs, errors.New("the guest has not said that it is done"))
	}
	return errors.Join(errs...)
}

// groups reports whether the test only groups others, which have results of
// their own.
func (r *report) groups(t *test) bool {
	return slices.ContainsFunc(r.tests, func(o *test) bool { return o.tier == t.tier && strings.HasPrefix(o.name, t.name+"/") })
}

// print writes each case's name and result, and for what failed what it said.
func (r *report) print(w io.Writer) {
	printing.Lock()
	defer printing.Unlock()
	for _, t := range r.tests {
		result := strings.ToLower(t.result)
		if result == "" {
			result = "not ended"
		}
		fmt.Fprintf(w, "%-9s %-10s %-4s %6s s  %s\n", r.machine.name, t.tier, result, t.seconds, t.name)
		if result != "pass" {
			for _, line := range t.output {
				fmt.Fprintf(w, "%s %s    %s\n", r.machine.name, t.tier, line)
			}
		}
	}
	for _, line := range r.refused {
		fmt.Fprintf(w, "%s: %s\n", r.machine.name, strings.TrimSpace(line))
	}
	if err := r.verdict(); err != nil && !r.done {
		fmt.Fprintf(w, "%s: the end of what the guest said:\n", r.machine.name)
		for _, line := range r.tail {
			fmt.Fprintf(w, "%s| %s\n", r.machine.name, line)
		}
	}
	fmt.Fprintf(w, "%s: %d s\n", r.machine.name, int(r.took.Seconds()))
}
