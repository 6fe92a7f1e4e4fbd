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

	"golang.org/x/sys/unix"
)

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
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), model, kernelRelease(),
		first("trace-cmd", "--version"), first("perf", "--version"), o.rounds, o.calls)
}

// kernelRelease is what uname -r says.
func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Release[:])
}

func printTables(w io.Writer, tables map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if _, err := fmt.Fprintf(w, "## %s\n\n%s\n", name, tables[name]); err != nil {
			return err
		}
	}
	return nil
}
