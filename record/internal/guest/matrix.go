package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
)

// isCase reports whether a test is a case of the shared table: of sendmsg, or of
// its related calls, or of either as 32-bit programs make them.
func isCase(name string) bool {
	test, _, _ := strings.Cut(name, "/")
	return test != name && slices.Contains([]string{"TestTable", "TestRelatedCalls", "TestTableOf32BitPrograms"}, test)
}

// matrix renders kernel by tier: how many cases of the table passed, failed or
// need what this kernel has not got, how the other tests went, and what the
// tier says that it cannot see.
func matrix(reports []*report) string {
	rows := [][]string{{"kernel", "tier", "build", "cases passed", "failed", "absent there", "other tests", "unavailable"}}
	for _, r := range reports {
		for _, tier := range r.expected {
			cases, others := r.count(tier)
			status := fmt.Sprintf("%d passed", others.passed)
			if others.failed > 0 {
				status += fmt.Sprintf(", %d failed", others.failed)
			}
			if code, ended := r.statuses[tier]; !ended || code != 0 && cases.failed+others.failed == 0 {
				status += ", not ended"
			}
			var names []string
			for _, b := range r.blind[tier] {
				names = append(names, b.what)
			}
			rows = append(rows, []string{r.kernel(), tier, strings.Join(r.builds[tier], ", "), fmt.Sprint(cases.passed), fmt.Sprint(cases.failed), fmt.Sprint(cases.absent),
				status, strings.Join(names, ", ")})
		}
	}
	return markdown.Table(rows)
}

// kernel is the release that the guest said, or what was asked for.
func (r *report) kernel() string {
	if r.release == "" {
		return r.machine.name
	}
	return r.release
}

type counts struct{ passed, failed, absent int }

// count counts the tier's cases of the table, and other tests. A test that only
// groups others is none.
func (r *report) count(tier string) (cases, others counts) {
	for _, t := range r.tests {
		if t.tier != tier || r.groups(t) {
			continue
		}
		c := &others
		if isCase(t.name) {
			c = &cases
		}
		switch {
		case t.result != "PASS":
			c.failed++
		case t.absent():
			c.absent++
		default:
			c.passed++
		}
	}
	return cases, others
}

// absent reports whether the case needs what the kernel has not got.
func (t *test) absent() bool {
	return slices.ContainsFunc(t.output, func(s string) bool { return strings.Contains(s, ": absent: ") })
}

// reasons renders why a tier cannot see what.
func reasons(reports []*report) string {
	rows := [][]string{{"tier", "unavailable", "why", "guests"}}
	for _, r := range reports {
		for _, tier := range r.expected {
			for _, b := range r.blind[tier] {
				i := slices.IndexFunc(rows, func(row []string) bool { return slices.Equal(row[:3], []string{tier, b.what, b.why}) })
				if i < 0 {
					rows = append(rows, []string{tier, b.what, b.why, r.machine.name})
				} else {
					rows[i][3] += ", " + r.machine.name
				}
			}
		}
	}
	return markdown.Table(rows)
}

// instructionTable joins the tables that the guests printed.
func instructionTable(reports []*report) string {
	var lines []string
	for _, r := range reports {
		for i, line := range r.table {
			if i >= 2 || len(lines) < 2 { // the heading once
				lines = append(lines, line+"\n")
			}
		}
	}
	return strings.Join(lines, "")
}
