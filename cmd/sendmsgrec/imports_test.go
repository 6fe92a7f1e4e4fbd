package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/sendmsgrec/sendmsgrec/"

// TestImportDirections holds the directions of docs/architecture.md: cmd →
// record → bpf, cmd → replay, everything → schema, and nothing back.
func TestImportDirections(t *testing.T) {
	// What each part of the tree may import of the others.
	allowed := map[string][]string{
		"schema": {},
		"bpf":    {},
		"record": {"bpf", "schema"},
		"replay": {"schema"},
		"cmd":    {"bpf", "record", "replay", "schema"},
	}
	out, err := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from, ours := strings.CutPrefix(fields[0], module)
		if !ours {
			continue
		}
		packages++
		part, _, _ := strings.Cut(from, "/")
		may, known := allowed[part]
		if !known {
			t.Errorf("%s: %q is no part of the tree that this test knows", from, part)
		}
		for _, imported := range fields[1:] {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			other, _, _ := strings.Cut(to, "/")
			ok := other == part
			for _, m := range may {
				ok = ok || other == m
			}
			if !ok {
				t.Errorf("%s imports %s", from, to)
			}
		}
	}
	if packages < 8 {
		t.Errorf("go list found %d packages of ours", packages)
	}
}
