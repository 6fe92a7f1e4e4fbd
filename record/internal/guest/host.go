package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"
)

// runningName is the kernel that runs here, which takes part as if it were a
// guest.
const runningName = "running"

// runHost runs the tests on the running kernel, on each tier that loads there.
func runHost(o *options, m *machine, programs map[string]string) *report {
	r := &report{machine: m, single: len(o.command) > 0}
	sendmsgrec := programs[path.Join(binDir, "sendmsgrec")]
	env := append(os.Environ(), "SENDMSGREC_PROGRAM="+sendmsgrec,
		"SENDMSGREC_WORKLOAD="+programs[path.Join(binDir, "workload")], "SENDMSGREC_WORKLOAD32="+programs[path.Join(binDir, workload32)])
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	started := time.Now()
	for _, c := range o.commands(m) {
		tier := c.Name
		var why strings.Builder
		trial := exec.CommandContext(ctx, sendmsgrec, "record", "-q", "-o", "-", "--probe", tier, "--", "true")
		if trial.Stderr = &why; trial.Run() != nil {
			r.refused = append(r.refused, fmt.Sprintf("%s does not load: %s", tier, why.String()))
			continue
		}
		r.expected = append(r.expected, tier)
		cmd := exec.CommandContext(ctx, programs[c.Args[0]], c.Args[1:]...)
		cmd.Env = append(env, "SENDMSGREC_TIERS="+tier)
		out, in := io.Pipe()
		cmd.Stdout, cmd.Stderr = in, in
		r.line(markRun + tier)
		go func() {
			in.CloseWithError(cmd.Run()) // the status is asked for below
		}()
		r.read(out, func(line string) {
			if o.verbose {
				printLine(m, line)
			}
		})
		r.line(fmt.Sprintf("%s%d %s", markExit, cmd.ProcessState.ExitCode(), tier))
	}
	r.done = true
	r.took = time.Since(started)
	return r
}
