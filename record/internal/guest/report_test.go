package main

import (
	"strings"
	"testing"
)

// What a guest prints of a test that passes, up to its end.
const passing = "@guest run kprobe\n=== RUN   TestTable\n    table_test.go:27: the kernel is 6.1.0-50\n" +
	"=== RUN   TestTable/kprobe\n    x.go:1: unavailable on this tier: toctou: no hook shows it\n" +
	"    x.go:1: build of this tier's programs: mixed\n" +
	"=== RUN   TestTable/kprobe/EPIPE\n=== RUN   TestTable/kprobe/vsock\n    x.go:2: absent: no such device\n" +
	"--- PASS: TestTable (1.00s)\n    --- PASS: TestTable/kprobe (1.00s)\n" +
	"        --- PASS: TestTable/kprobe/EPIPE (0.00s)\n        --- PASS: TestTable/kprobe/vsock (0.00s)\nPASS\n"

func TestVerdict(t *testing.T) {
	for _, c := range []struct{ name, console, wrong, row string }{
		{"all cases pass", passing + "@guest exit 0 kprobe\n@guest done\n", "",
			"| 6.1.0-50 | kprobe | mixed | 1 | 0 | 1 | 0 passed | toctou |"},
		{"related calls are cases too, and what both recordings say is said once",
			passing + strings.ReplaceAll(passing, "TestTable", "TestRelatedCalls") + "@guest exit 0 kprobe\n@guest done\n", "",
			"| 6.1.0-50 | kprobe | mixed | 2 | 0 | 2 | 0 passed | toctou |"},
		{"a case fails", strings.ReplaceAll(strings.Replace(passing, "PASS: TestTable/kprobe/EPIPE", "FAIL: TestTable/kprobe/EPIPE", 1), "PASS\n", "FAIL\n") +
			"@guest exit 1 kprobe\n@guest done\n", "kprobe: TestTable/kprobe/EPIPE failed",
			"| 6.1.0-50 | kprobe | mixed | 0 | 1 | 1 | 0 passed | toctou |"},
		{"the kernel panics in a case", passing[:strings.Index(passing, "--- PASS")] + "[ 1.0] Kernel panic\n",
			"kprobe has not ended", "| 6.1.0-50 | kprobe | mixed | 0 | 2 | 0 | 0 passed, not ended | toctou |"},
		{"another build than the kernel takes", passing + strings.Replace(passing, "mixed", "portable", 1) + "@guest exit 0 kprobe\n@guest done\n",
			"kprobe: the portable build recorded, and the mixed one was refused", "| 6.1.0-50 | kprobe | mixed, portable | 1 | 0 | 1 | 0 passed | toctou |"},
		{"no test matches", "@guest run kprobe\nPASS\n@guest exit 0 kprobe\n@guest done\n", "no test has run", ""},
		{"a test program that dies of a signal", passing + "@guest exit 128 kprobe\n@guest done\n", "kprobe ended with status 128", ""},
		{"the guest never says anything", "", "kprobe has not ended", ""},
		{"the power goes before the end", passing + "@guest exit 0 kprobe\n", "has not said that it is done", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &report{machine: &machine{name: "6.1-amd64", build: "mixed"}, expected: []string{"kprobe"}}
			r.read(strings.NewReader(strings.ReplaceAll(c.console, "\n", "\r\n")), func(string) {})
			err := r.verdict()
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("verdict %v, expected %q", err, c.wrong)
			}
			if m := matrix([]*report{r}); !strings.Contains(m, c.row) {
				t.Errorf("no row %q in\n%s", c.row, m)
			}
		})
	}
}
