package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
)

// offlineRun is one command over a generated recording.
type offlineRun struct {
	name string
	args func(file, dir string) []string
	// share of the file's events that the command handles.
	share   float64
	program string // "" is sendmsgrec
}

func offlineRuns() []offlineRun {
	on := func(args ...string) func(string, string) []string {
		return func(file, _ string) []string { return append(args, file) }
	}
	lines := func(args ...string) func(string, string) []string {
		return func(file, _ string) []string { return append(args, linesOf(file)) }
	}
	return []offlineRun{
		{name: "info", args: on("info"), share: 1},
		{name: "verify", args: on("verify"), share: 1},
		{name: "stats", args: on("stats"), share: 1},
		{name: "stats by comm", args: on("stats", "--by", "comm"), share: 1},
		{name: "stats by remote address and port", args: on("stats", "--by", "remote_address,remote_port"), share: 1},
		{name: "convert to Parquet", args: func(file, dir string) []string {
			return []string{"convert", "--force", "-o", filepath.Join(dir, "x.parquet"), file}
		}, share: 1},
		{name: "cat --json, the first tenth", args: on("cat", "--json", "--head", "HEAD"), share: 0.1},
		{name: "replay --max to null:", args: on("replay", "--max", "--to", "null:"), share: 1},
		{name: "replay --max to a pipe, JSON with every column", args: on("replay", "--max", "--to", "-"), share: 1},
		{name: "replay --max to a pipe, protobuf with every column", args: on("replay", "--max", "--format", "protobuf", "--to", "-"), share: 1},
		{name: "`cat` copying the same lines to a pipe", args: lines(), share: linesShare, program: "cat"},
		{name: "`jq -c .` copying the same lines to a pipe", args: lines("-c", "."), share: linesShare, program: "jq"},
	}
}

// linesShare is how much of the recording other tools copy as lines of JSON: enough
// to measure, and few enough for jq.
const linesShare = 0.01

func linesOf(file string) string { return file + ".jsonl" }

// writeLines writes the lines that other tools copy.
func (o *options) writeLines(file string) error {
	out, err := os.Create(linesOf(file))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(o.program("sendmsgrec"), "cat", "--json", "--head", fmt.Sprintf("%.0f", float64(o.events)*linesShare), file)
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("write lines: %w", err)
	}
	return out.Close()
}

// measureOffline times the commands that read a recording, on the realistic mix
// and on a uniform loop, as wall time, CPU and memory. The best of the rounds
// counts: there is no untraced run to pair with.
func measureOffline(o *options, tables map[string]string) error {
	rows := [][]string{{"command", "recording", "million events/s", "the same per core", "RSS, MiB"}}
	for _, kind := range []struct {
		name string
		args []string
	}{{"mix", nil}, {"uniform", []string{"-uniform"}}} {
		file := filepath.Join(o.dir, kind.name+".smr")
		args := append([]string{"-events", fmt.Sprint(o.events), "-o", file}, kind.args...)
		if out, err := exec.Command(o.program("smrgen"), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("generate %s: %w\n%s", kind.name, err, out)
		}
		st, err := os.Stat(file)
		if err != nil {
			return err
		}
		if err := o.writeLines(file); err != nil {
			return err
		}
		label := fmt.Sprintf("%s, %.1f bytes an event", kind.name, float64(st.Size())/float64(o.events))
		for _, r := range offlineRuns() {
			row, err := o.offline(r, file)
			if err != nil {
				return err
			}
			rows = append(rows, append([]string{r.name, label}, row...))
		}
	}
	tables["offline"] = markdown.Table(rows)
	return nil
}

func (o *options) offline(r offlineRun, file string) ([]string, error) {
	events := float64(o.events) * r.share
	args := r.args(file, o.dir)
	for i := range args {
		if args[i] == "HEAD" {
			args[i] = fmt.Sprintf("%.0f", events)
		}
	}
	var best, cpu time.Duration
	var rss int64
	for range o.rounds {
		program := r.program
		if program == "" {
			program = o.program("sendmsgrec")
		}
		cmd := exec.Command(program, args...)
		cmd.Stdout = struct{ io.Writer }{io.Discard} // a pipe
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		if took := time.Since(start); best == 0 || took < best {
			best = took
			cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		}
		rss = max(rss, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	fmt.Fprintf(os.Stderr, "%s: %v, CPU %v\n", r.name, best.Round(time.Millisecond), cpu.Round(time.Millisecond))
	return []string{fmt.Sprintf("%.2f", events/best.Seconds()/1e6), fmt.Sprintf("%.2f", events/cpu.Seconds()/1e6),
		fmt.Sprintf("%.0f", float64(rss)/1024)}, nil
}
