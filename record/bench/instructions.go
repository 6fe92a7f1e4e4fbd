package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
)

// Calls of each run, and of each batch of which the middle one counts.
const (
	instructionCalls   = 20_000
	instructionGetppid = 40_000
	instructionBatch   = 100
)

// measureInstructions counts what tracing adds to the traced thread, in a guest
// whose clock moves by 1 ns with each instruction (qemu -icount shift=0): there
// is no noise, so one run is enough. What the tracers do beside the thread, on
// the same only CPU, falls into few batches of calls and not into the middle one.
func measureInstructions(o *options) error {
	var list []tracer
	for _, name := range []string{"perf", "trace-cmd"} {
		i := slices.IndexFunc(tracers(), func(t tracer) bool { return t.name == name })
		list = append(list, tracers()[i])
	}
	for _, tier := range strings.Split(o.instructions, ",") {
		name := "sendmsgrec, " + tier
		list = append(list, recorder(name, ofThisTree, "--probe", tier))
		if _, err := os.Stat("/sys/kernel/tracing/events/sock/sock_send_length"); err == nil {
			list = append(list, recorder(name+", --count-sends", ofThisTree, "--probe", tier, "--count-sends"))
		}
	}
	untraced, err := o.countInstructions()
	if err != nil {
		return err
	}
	rows := [][]string{{"kernel", "tracer", "sendmsg and recv", "added by tracing", "of perf's", "getppid", "added by tracing"}}
	row := func(name string, c, perf instructions) {
		added := c.sendmsg - untraced.sendmsg
		fmt.Fprintf(os.Stderr, "%s: %.0f and %.0f instructions\n", name, c.sendmsg, c.getppid)
		of := "-"
		if perf.sendmsg > 0 {
			of = fmt.Sprintf("%.2f", added/(perf.sendmsg-untraced.sendmsg))
		}
		rows = append(rows, []string{kernelRelease(), name, fmt.Sprintf("%.0f", c.sendmsg), fmt.Sprintf("%.0f", added), of,
			fmt.Sprintf("%.0f", c.getppid), fmt.Sprintf("%.0f", c.getppid-untraced.getppid)})
	}
	row("none", untraced, instructions{})
	var perf instructions
	for _, t := range list {
		var traced instructions
		file := filepath.Join(o.dir, "recording")
		_, err := t.trace(o, file, func() (err error) {
			traced, err = o.countInstructions()
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		os.Remove(file)
		if t.name == "perf" {
			perf = traced
		}
		row(t.name, traced, perf)
	}
	fmt.Print(markdown.Table(rows))
	return nil
}

// instructions is what one call costs its thread.
type instructions struct{ sendmsg, getppid float64 }

func (o *options) countInstructions() (c instructions, err error) {
	for _, part := range []struct {
		dst  *float64
		args []string
	}{
		{&c.sendmsg, []string{"load", "-pin", "-n", fmt.Sprint(instructionCalls)}},
		{&c.getppid, []string{"getppid", "-n", fmt.Sprint(instructionGetppid)}},
	} {
		cmd := exec.Command(o.program("workload"), append(part.args, "-batch", fmt.Sprint(instructionBatch))...)
		out, err := cmd.Output()
		if err != nil {
			return c, err
		}
		var l truth.Load
		if err := json.Unmarshal(out, &l); err != nil {
			return c, err
		}
		*part.dst = l.MedianNSPerCall
	}
	return c, nil
}
