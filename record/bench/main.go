// Command bench measures what recording costs, beside trace-cmd and perf:
//
//	go run ./record/bench              # all of it, some minutes, as root
//	go run ./record/bench -update docs/benchmarks.md
//	go run ./record/bench -only against -against OTHER/sendmsgrec
//	go run ./record/bench -only offline # reading alone, by anyone
//
// It prints Markdown tables. -update puts them into the document, each in place
// of the table that stands between its marks.
//
// Every traced run of the load is paired with an untraced one right before it;
// medians of the differences are reported. The load starts when the tracer is
// ready, and says itself how long its loop took. What a tracer spends is the
// rusage of its whole process tree. The machine must be quiet, and no other
// BPF program may be attached to the tracepoints of sendmsg: one that returns 0
// hides the event from perf.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
)

// options are the flags.
type options struct {
	rounds  int
	calls   int
	getppid int
	events  int
	tracers string
	only    string
	pin     bool
	update  string
	dir     string // of the tracers' files
	// programs is where sendmsgrec, workload and smrgen are; built when empty.
	programs     string
	instructions string
	against      string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; the median counts")
	flag.IntVar(&o.calls, "calls", 1_000_000, "sendmsg calls of each run")
	flag.IntVar(&o.getppid, "getppid", 3_000_000, "untraced system calls of each run")
	flag.IntVar(&o.events, "events", 10_000_000, "events of the generated files for the offline part")
	flag.StringVar(&o.tracers, "tracers", "", "only these, comma-separated: "+strings.Join(tracerNames(), ", "))
	flag.StringVar(&o.only, "only", "", "only this part: cost, tax, options, against or offline")
	flag.BoolVar(&o.pin, "pin", true, "keep thread i of the load on CPU i")
	flag.StringVar(&o.update, "update", "", "put the tables into this document")
	flag.StringVar(&o.programs, "programs", "", "use the programs in this directory, do not build them")
	flag.StringVar(&o.instructions, "instructions", "", "in a guest of make bench-vm: count instructions, on these probe tiers, and do nothing else")
	flag.StringVar(&o.against, "against", "", "compare the default recording with that of this other sendmsgrec")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o *options) error {
	if o.only != "offline" {
		if os.Getuid() != 0 {
			return errors.New("recording needs root")
		}
		if !inOwnNamespace() {
			return enterOwnNamespace()
		}
		if err := prepareTracefs(); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.dir = dir
	if o.programs == "" {
		o.programs = dir
		if err := build(o); err != nil {
			return err
		}
	}
	if o.instructions != "" {
		return measureInstructions(o)
	}
	tables := map[string]string{}
	if o.only == "" {
		tables["machine"] = machine(o)
	}
	for _, part := range []struct {
		name    string
		measure func(*options, map[string]string) error
	}{{"cost", measureCost}, {"tax", measureTax}, {"options", measureOptions}, {"against", measureAgainst}, {"offline", measureOffline}} {
		if o.only != "" && o.only != part.name {
			continue
		}
		if err := part.measure(o, tables); err != nil {
			return fmt.Errorf("measure %s: %w", part.name, err)
		}
	}
	if o.update != "" {
		return markdown.Update(o.update, "bench", tables)
	}
	return printTables(os.Stdout, tables)
}

// build builds the programs from the tree, without cgo, as make build does: a
// recorder with cgo keeps its timers as they are (record.RelaxTimers).
func build(o *options) error {
	for program, pkg := range map[string]string{
		"sendmsgrec": "./cmd/sendmsgrec", "workload": "./record/internal/workload", "smrgen": "./replay/gen/smrgen",
	} {
		cmd := exec.Command("go", "build", "-o", o.program(program), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s (run this in the repository's root): %w\n%s", program, err, out)
		}
	}
	return nil
}

func (o *options) program(name string) string { return filepath.Join(o.programs, name) }
