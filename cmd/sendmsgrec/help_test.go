package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestHelpTexts compares the help of each command with testdata/help, so that
// a change of it is seen; -update rewrites them.
func TestHelpTexts(t *testing.T) {
	for _, name := range append(commandNames(newRootCommand()), "filter", "") {
		root := newRootCommand()
		var out bytes.Buffer
		root.SetOut(&out)
		golden := filepath.Join("testdata", "help", "sendmsgrec.txt")
		args := []string{"--help"}
		if name != "" {
			golden = filepath.Join("testdata", "help", name+".txt")
			args = []string{name, "--help"}
		}
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("help of %q differs from %s (go test ./cmd/sendmsgrec -update rewrites it):\n%s", name, golden, out.String())
		}
	}
}

func TestEveryCommandIsDocumented(t *testing.T) {
	for _, cmd := range newRootCommand().Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		if cmd.Short == "" || cmd.Example == "" || !strings.Contains(cmd.Long, "Exit status:") {
			t.Errorf("%s: short text, examples and exit status are not all there", cmd.Name())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: flag --%s has no text", cmd.Name(), f.Name)
			}
		})
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: line of %d characters: %s", cmd.Name(), len(line), line)
			}
		}
		checkCommandLines(t, cmd.Name()+" --help", cmd.Example)
	}
}

// TestDocumentsNameOnlyWhatExists looks up every sendmsgrec command line and
// make target that README and docs show, and that README shows every command.
func TestDocumentsNameOnlyWhatExists(t *testing.T) {
	top := filepath.Join("..", "..")
	documents, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(top, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(top, "README.md")
	for _, path := range append(documents, readme) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		checkCommandLines(t, path, string(content))
		for _, m := range regexp.MustCompile("(?m)(?:^|`|sudo |&& )make ([a-z][a-z-]*)").FindAllStringSubmatch(string(content), -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: there is no target %q", path, m[1])
			}
		}
		if path != readme {
			continue
		}
		for _, name := range commandNames(newRootCommand()) {
			if !strings.Contains(string(content), "`"+name) && !strings.Contains(string(content), "sendmsgrec "+name) {
				t.Errorf("README does not name the command %q", name)
			}
		}
	}
}

var commandLine = regexp.MustCompile("(?m)(?:^|[`$|(]|sudo |&& |bin/) *sendmsgrec ([a-z]+)([^\n`|#]*)")

// checkCommandLines finds command lines of sendmsgrec in text and requires
// that their command and flags exist.
func checkCommandLines(t *testing.T, where, text string) {
	t.Helper()
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		cmd := findCommand(m[1])
		if cmd == nil {
			t.Errorf("%s: %q: there is no command %q", where, strings.TrimSpace(m[0]), m[1])
			continue
		}
		own, _, _ := strings.Cut(m[2], " -- ")
		for _, f := range regexp.MustCompile(`(?:^| )--([a-z][a-z0-9-]*)`).FindAllStringSubmatch(own, -1) {
			if f[1] != "help" && cmd.Flags().Lookup(f[1]) == nil {
				t.Errorf("%s: %q: %s has no flag --%s", where, strings.TrimSpace(m[0]), m[1], f[1])
			}
		}
	}
}

func findCommand(name string) *cobra.Command {
	for _, c := range newRootCommand().Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}
