package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/record"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func runRecord(stdin io.Reader, stdout, stderr io.Writer, o recordOptions, args []string) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	config, err := o.config()
	if err != nil {
		return err
	}
	for _, pid := range o.PIDs {
		if errors.Is(syscall.Kill(int(pid), 0), syscall.ESRCH) {
			return usageErrorf("--pid %d: no such process", pid)
		}
	}
	if o.Output != "" {
		if err := record.CheckOutput(o.Output, o.Force); err != nil {
			return err
		}
	}
	to, err := o.openSending(stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.abandon()) }()
	var command *record.Command
	if len(args) > 0 {
		command, err = record.StartCommand(args, stdin, commandOutput(o, stdout, stderr), stderr)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			return withCode(exitUsage, err)
		}
		if err != nil {
			return err
		}
		config.RootPID = uint32(command.PID())
	}
	// Only now, so that the command inherits what the signals meant before.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	r, out, probe, err := o.open(config, args, to)
	if err != nil {
		if command != nil {
			command.Abandon()
		}
		return err
	}
	defer func() { err = errors.Join(err, probe.Close()) }()
	if size := sizeFlag(probe.RingBytes()); size < o.BufferSize && o.BufferSize != bpf.DefaultRingBytes {
		fmt.Fprintf(stderr, "sendmsgrec: warning: this kernel allows ring buffers of %s, not %s\n", &size, &o.BufferSize)
	}
	if command != nil {
		if err := command.Begin(); err != nil {
			return withCode(exitUsage, errors.Join(err, discard(out)))
		}
		go func() { r.CommandEnded(command.Wait()) }()
	}
	go control(r, signals, command)

	status := newRecordStatus(stderr, o.Quiet || command != nil)
	go status.run(r, to)
	to.start(r, o.Output == "")
	summary, err := r.Run()
	status.end()
	if out != nil {
		err = errors.Join(err, out.Close())
	}
	return o.report(stdout, stderr, &recordReport{Summary: summary, To: to.finish(signals)}, err)
}

// discard removes the output of a recording that never began.
func discard(out *record.Output) error {
	if out == nil {
		return nil
	}
	return errors.Join(out.Close(), out.Remove())
}

// commandOutput is the standard output of the command, and of the program of
// --to exec:; standard error where ours is taken by the recording, the sink or
// the summary.
func commandOutput(o recordOptions, stdout, stderr io.Writer) io.Writer {
	if o.Output == record.Stdout || o.Send.To == "-" || o.JSON {
		return stderr
	}
	return stdout
}

// open attaches the probes and creates the output, in this order: a host that
// cannot record leaves no file behind.
func (o *recordOptions) open(config bpf.Config, args []string, to *sending) (_ *record.Recorder, _ *record.Output, _ *bpf.Probe, err error) {
	probe, err := bpf.Open(config)
	if err != nil {
		return nil, nil, nil, attachError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, probe.Close())
		}
	}()
	var out *record.Output
	if o.Output != "" {
		if out, err = record.CreateOutput(o.Output, o.Force); err != nil {
			return nil, nil, nil, err
		}
	}
	// A goroutine that returns from a system call needs one of the runtime's
	// processors. Were there only as many as cores, the drain could find them
	// all taken by encoders whose threads the kernel lets wait.
	cores := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(cores + 2)
	filters := o.filters(args)
	header := o.header(probe, filters)
	r, err := record.New(record.FromProbe(probe), out, header, record.Options{
		Spill:         to.spill(header),
		SegmentEvents: o.SegmentEvents,
		FlushInterval: o.FlushInterval,
		Duration:      o.Duration,
		MaxEvents:     o.MaxEvents,
		Workers:       min(cores, 4),
		Filtered:      len(filters) > 0,
		Started:       started,
	})
	if err != nil {
		return nil, nil, nil, errors.Join(err, discard(out))
	}
	return r, out, probe, nil
}

// started is called when the drain has its priority, the command and the
// program of --to exec: have been started, and nothing more takes a privilege.
func started() error { return errors.Join(record.RelaxTimers(), record.DropPrivileges()) }

// What ends the error of a recorder that lacks privileges, and of one that has them.
const (
	privilegeAdvice = "; recording needs root, or the capabilities that `sendmsgrec doctor --caps`, run as root, finds to suffice here"
	forbiddenAdvice = "; this kernel forbids it even to root: `sendmsgrec doctor` says what it allows"
)

// attachError gives an error of bpf.Open its exit code and a hint.
func attachError(err error) error {
	switch {
	case errors.Is(err, bpf.ErrPrivilege):
		advice := privilegeAdvice
		if bpf.IsRoot() {
			advice = forbiddenAdvice
		}
		return withCode(exitUnsupported, fmt.Errorf("attach probes: %w%s", err, advice))
	case errors.Is(err, bpf.ErrPath):
		return withCode(exitUnsupported, fmt.Errorf("attach probes: %w; left out of --paths, it does not stop the others", err))
	case errors.Is(err, bpf.ErrUnsupported):
		return withCode(exitUnsupported, fmt.Errorf("attach probes: %w; `sendmsgrec doctor` says what this kernel lacks", err))
	}
	return fmt.Errorf("attach probes: %w", err)
}

// header describes the recording that is about to begin.
func (o *recordOptions) header(probe *bpf.Probe, filters []string) *segment.Header {
	d := probe.Describe()
	h := &segment.Header{
		Recorder:    "sendmsgrec " + buildVersion().Version,
		CPUs:        probe.CPUs(),
		Probe:       segment.Probe{Tier: d.Tier, Build: d.Build, Calls: d.Calls, Paths: d.Paths, Hooks: d.Hooks, Unavailable: d.Unavailable, Rejected: d.Rejected},
		Filters:     filters,
		CommandLine: withoutQuery(os.Args, o.Send.To),
		Limits: segment.Limits{
			RingBytesPerCPU: probe.RingBytes(),
			NameBytes:       bpf.NameMax,
			ControlBytes:    bpf.ControlMax,
			Iovecs:          bpf.IovMax,
		},
	}
	record.Environment(h)
	return h
}

// withoutQuery returns the arguments of a command line for a recording's header.
// The query of --to, in which services have keys, does not leave the host.
func withoutQuery(args []string, to string) []string {
	target, err := sink.Parse(to)
	if err != nil {
		return args
	}
	args = slices.Clone(args)
	for i, a := range args {
		if flag, found := strings.CutSuffix(a, to); found && (flag == "" || flag == "--to=") {
			args[i] = flag + target.String()
		}
	}
	return args
}

// commandGrace is how long a command may take to end after a signal that was
// passed on to it.
const commandGrace = 5 * time.Second

// control turns signals into an orderly end. The first one is ours; after it a
// signal does what it does by default, and ends the process.
func control(r *record.Recorder, signals chan os.Signal, command *record.Command) {
	var s os.Signal
	select {
	case <-r.Stopped():
		return
	case s = <-signals:
		signal.Stop(signals)
	}
	if command != nil {
		if s == os.Interrupt && inForeground() {
			// The command has it from the terminal, and may live on.
			return
		}
		_ = command.Signal(s)
		select {
		case <-r.Stopped():
		case <-time.After(commandGrace):
		}
	}
	r.Stop(record.ReasonSignal)
}

// inForeground reports whether the terminal sends its signals to us, and so to
// the command, which is in our process group.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// recordReport is what record says at its end.
type recordReport struct {
	*record.Summary
	To *liveReport `json:"to,omitempty"`
}

// report prints the summary and turns it into the command's error.
func (o *recordOptions) report(stdout, stderr io.Writer, s *recordReport, err error) error {
	switch {
	case o.JSON:
		err = errors.Join(err, writeJSON(stdout, s))
	case !o.Quiet:
		writeSummary(stderr, s.Summary, o.Output != "")
		if s.To != nil {
			s.To.write(stderr)
		}
	default:
		s.warn(stderr)
	}
	var sent error
	if s.To != nil {
		sent = s.To.judge()
	}
	if err != nil {
		// As text: EPIPE would be the quiet end that a reader of text may wish,
		// and the failure counts for more than what became of the sink.
		return withCode(exitFailed, errors.New(errors.Join(err, sent).Error()))
	}
	if sent != nil {
		return sent
	}
	if o.FailOnLoss && s.Lost+s.Unmarked > 0 {
		return withCode(exitLoss, errors.New("events were lost, and --fail-on-loss is set"))
	}
	return nil
}

// warn says only what went wrong.
func (s *recordReport) warn(w io.Writer) {
	if s.Lost > 0 {
		fmt.Fprintf(w, "sendmsgrec: warning: %s\n", lossLine(s.Summary))
	}
	if s.Unmarked > 0 {
		fmt.Fprintf(w, "sendmsgrec: warning: %s\n", unmarkedLine(s.Summary))
	}
	if s.To != nil && s.To.Send != "" {
		fmt.Fprintf(w, "sendmsgrec: warning: %s events are left; this sends them: %s\n", grouped(s.To.Left), s.To.Send)
	}
}
