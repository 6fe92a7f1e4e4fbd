package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// tracer is one way to record the two ends of sendmsg on the whole host.
type tracer struct {
	name string
	args func(o *options, file string) []string
	// ready returns when the started tracer records; start changes the command
	// before, where that needs it.
	start func(*exec.Cmd) (ready func(file string) error, err error)
	// events counts the calls in the file.
	events func(o *options, file string) (int64, error)
	// slow: counting takes so long that it is done in the last round alone.
	slow bool
	// attempts of a run, 0 is one; perf gives up now and then ("Thread and evlist pollfd
	// index mismatch").
	attempts int
}

const (
	enterEvent = "syscalls:sys_enter_sendmsg"
	exitEvent  = "syscalls:sys_exit_sendmsg"
)

func tracers() []tracer {
	traceCmd := func(compression string) func(*options, string) []string {
		return func(_ *options, file string) []string {
			return []string{"stdbuf", "-oL", "trace-cmd", "record", "-o", file, "--compression", compression, "-e", enterEvent, "-e", exitEvent}
		}
	}
	perf := func(more ...string) func(*options, string) []string {
		return func(_ *options, file string) []string {
			args := []string{"perf", "record", "-o", file, "--control", "fd:3,4", "-a", "-e", enterEvent + "," + exitEvent}
			return append(args, more...)
		}
	}
	return []tracer{
		{"trace-cmd", traceCmd("none"), traceCmdReady, traceCmdEvents, true, 0},
		{"trace-cmd-zstd", traceCmd("zstd"), traceCmdReady, traceCmdEvents, true, 0},
		{"perf", perf(), perfReady, perfEvents, false, 3},
		{"perf-z", perf("-z", "-m", "32M"), perfReady, perfEvents, false, 3},
		recorder("sendmsgrec", ofThisTree),
	}
}

func tracerNames() []string {
	var names []string
	for _, t := range tracers() {
		names = append(names, t.name)
	}
	return names
}

// traceCmdReady waits for the line that trace-cmd prints when it records; stdbuf
// has it printed at once.
func traceCmdReady(cmd *exec.Cmd) (func(string) error, error) {
	out, err := cmd.StdoutPipe()
	return func(string) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "Hit Ctrl^C") {
				go io.Copy(io.Discard, out)
				return nil
			}
		}
		return errors.Join(errors.New("trace-cmd ended without recording"), lines.Err())
	}, err
}

var traceCmdLine = regexp.MustCompile(`sys_(enter|exit)_sendmsg`)

// traceCmdEvents counts the printed events; two are a call.
func traceCmdEvents(_ *options, file string) (int64, error) {
	cmd := exec.Command("trace-cmd", "report", "-i", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var n int64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if traceCmdLine.Match(lines.Bytes()) {
			n++
		}
	}
	return n / 2, cmd.Wait()
}

// perfReady asks perf over its control pipe until it answers.
func perfReady(cmd *exec.Cmd) (func(string) error, error) {
	controlRead, controlWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ackRead, ackWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{controlRead, ackWrite}
	return func(string) error {
		controlRead.Close()
		ackWrite.Close()
		if _, err := controlWrite.WriteString("ping\n"); err != nil {
			return err
		}
		if _, err := bufio.NewReader(ackRead).ReadString('\n'); err != nil {
			return fmt.Errorf("perf does not answer: %w", err)
		}
		return nil
	}, nil
}

var perfSamples = regexp.MustCompile(`(?m)SAMPLE events: +([0-9]+)`)

// perfEvents counts samples; two are a call.
func perfEvents(_ *options, file string) (int64, error) {
	out, err := exec.Command("perf", "report", "-i", file, "--stats").Output()
	if err != nil {
		return 0, err
	}
	m := perfSamples.FindSubmatch(out)
	if m == nil {
		return 0, errors.New("perf got no samples: is another BPF program attached to sendmsg's tracepoints?")
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	return n / 2, err
}

// recorderReady waits for the file: it is made when the probes are attached.
func recorderReady(*exec.Cmd) (func(string) error, error) {
	return func(file string) error {
		for range 6000 {
			if r, err := segment.Open(file); err == nil {
				return r.Close()
			}
			time.Sleep(5 * time.Millisecond)
		}
		return fmt.Errorf("no recording appears")
	}, nil
}

func recorderEvents(o *options, file string) (int64, error) {
	out, err := exec.Command(o.program("sendmsgrec"), "info", "--json", file).Output()
	if err != nil {
		return 0, err
	}
	var info struct{ Events int64 }
	return info.Events, json.Unmarshal(out, &info)
}

// usage is what a tracer and its children spent.
type usage struct {
	start time.Duration // CPU until it recorded
	cpu   time.Duration // CPU from then on, until all was in the file
	rss   int64         // KiB, of its largest process
}

// trace runs f while the tracer records into the file.
func (t *tracer) trace(o *options, file string, f func() error) (usage, error) {
	args := t.args(o, file)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = o.dir // trace-cmd leaves its parts there
	// The signal that ends it goes to its children too, as from a terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var printed bytes.Buffer
	cmd.Stderr = &printed
	ready, err := t.start(cmd)
	if err != nil {
		return usage{}, err
	}
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	var u usage
	if err = ready(file); err == nil {
		u.start, err = spent(cmd.Process.Pid)
	}
	if err == nil {
		err = f()
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	waited := cmd.Wait()
	if err == nil && waited != nil && cmd.ProcessState.ExitCode() > 0 {
		err = waited
	}
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", t.name, err, printed.String())
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() - u.start
	u.rss = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return u, nil
}

// spent returns the CPU time that the processes of a group have used so far. It
// asks their clocks: the times in /proc are in hundredths of a second.
func spent(group int) (total time.Duration, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// Behind the name, which may hold anything, in parentheses.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		const pgrp = 5 - 3 // proc(5) counts from 1, and the name is 2
		if fields[pgrp] != strconv.Itoa(group) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return 0, err
		}
		const schedClock = 2 // of a process, as clock_getcpuclockid(3) has it
		var used unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|schedClock), &used); err == nil {
			total += time.Duration(used.Nano())
		}
	}
	return total, nil
}
