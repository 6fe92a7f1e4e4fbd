package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

// TestCommandsOfTheFilterDocumentRun runs every command line that
// docs/filter.md shows, on a generated recording.
func TestCommandsOfTheFilterDocumentRun(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "filter.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var recording bytes.Buffer
	if _, err := gen.Write(&recording, gen.Options{Events: 20_000, SegmentEvents: 2000}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("trace.smr", recording.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(doc), -1) {
		for line := range strings.Lines(block[1]) {
			args := words(t, strings.TrimSpace(line))
			if args[0] != "sendmsgrec" {
				t.Fatalf("%s: what command is that?", line)
			}
			var stdout, stderr bytes.Buffer
			if err := execute(args[1:], nil, &stdout, &stderr); err != nil || stdout.Len() == 0 {
				t.Errorf("%s: %v, %d bytes of output\n%s", line, err, stdout.Len(), stderr.String())
			}
			if strings.Contains(line, "--explain") != strings.Contains(stderr.String(), "never decompressed") {
				t.Errorf("%s: on standard error is\n%s", line, stderr.String())
			}
			ran++
		}
	}
	if ran == 0 {
		t.Error("there is no command line")
	}
}

// words splits a command line at spaces outside of single quotes.
func words(t *testing.T, line string) (list []string) {
	t.Helper()
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}
