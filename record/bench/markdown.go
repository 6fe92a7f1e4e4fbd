package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// markdownTable renders rows, the first of which is the heading.
func markdownTable(rows [][]string) string {
	var s strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&s, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			s.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
		}
	}
	return s.String()
}

// machine says what was measured, on what, and how.
func machine(o *options) string {
	first := func(name string, args ...string) string {
		// trace-cmd says its version and then ends with an error.
		out, _ := exec.Command(name, args...).CombinedOutput()
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return strings.TrimSuffix(line, " (not-a-git-repo)")
	}
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("Measured on %s: %d CPUs (%s), Linux %s, %s, %s; medians of %d rounds of %d calls.\n",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), model, first("uname", "-r"),
		first("trace-cmd", "--version"), first("perf", "--version"), o.rounds, o.calls)
}

func printTables(w io.Writer, tables map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if _, err := fmt.Fprintf(w, "## %s\n\n%s\n", name, tables[name]); err != nil {
			return err
		}
	}
	return nil
}

// updateDocument replaces what stands between the marks of each table.
func updateDocument(path string, tables map[string]string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := replaceTables(string(b), tables)
	if err != nil {
		return fmt.Errorf("update %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// replaceTables fails when a table has no place.
func replaceTables(text string, tables map[string]string) (string, error) {
	for name, table := range tables {
		begin, end := "<!-- bench:"+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			return "", fmt.Errorf("no place for the table %s", name)
		}
		_, after, ok := strings.Cut(rest, end)
		if !ok {
			return "", fmt.Errorf("the place for the table %s has no end", name)
		}
		text = before + begin + table + end + after
	}
	return text, nil
}
