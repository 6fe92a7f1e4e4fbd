package main

import (
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/record"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// recordOptions is what the flags of record say.
type recordOptions struct {
	Output        string
	Force         bool
	PIDs          []uint32
	Comms         []string
	UIDs          []string
	Calls         []string // nil is the default
	Paths         []string // nil is the default
	CountSends    bool
	Duration      time.Duration
	MaxEvents     int64
	BufferSize    sizeFlag
	Probe         string
	FlushInterval time.Duration
	SegmentEvents int
	FailOnLoss    bool
	Quiet         bool
	JSON          bool

	Send         sendOptions
	SendFlags    []string // those of Send that were given
	Spill        string
	SpillBytes   sizeFlag
	DrainTimeout time.Duration
}

// liveMaxWait is --max-wait's default for record: a sink that is back should not
// wait for long.
const liveMaxWait = 5 * time.Second

// newRecordCommand returns `sendmsgrec record`.
func newRecordCommand() *cobra.Command {
	o := recordOptions{BufferSize: bpf.DefaultRingBytes, SpillBytes: spill.DefaultLimitBytes}
	var pids []uint
	cmd := &cobra.Command{
		Use:   "record {-o FILE | --to URL} [flags] [-- COMMAND [ARGUMENT...]]",
		Short: "Record sendmsg() and related calls into a file, or send them on",
		Long: `Record every sendmsg() call of the host, of some processes, or of a command with
all its descendants, into FILE: arguments, the message header with addresses and
control messages, the socket, the result and the time that the call took.

--calls chooses other calls instead, or more of them, or all:
` + strings.Join(bpf.CallNames(), ", ") + `.
send() is a sendto without an address, and recv() a recvfrom. sendmmsg and
recvmmsg give an event for each message. A call that is not chosen is not
attached to and costs nothing.

--paths chooses on which ways into the kernel they are watched: ` + strings.Join(bpf.PathNames(), ", ") + `.
syscall, the system calls of 64-bit programs, always is; compat are those of other
ABIs (32-bit programs, also through socketcall(), and x32 numbers), kernel the
senders inside the kernel. The default is all that cost other system calls
nothing; on the tracepoint tier that is not compat, whose hooks run at every
system call of every process. A path that is named and that this kernel cannot
watch is an error; one that is not watched is named in the file ("sendmsgrec
info"), with the reason.

--count-sends counts all sends of all sockets, by whatever call, and says in the
file how many of them no recorded call made, by process: so a way that is not
watched is seen to be used. Sends of processes that the filters below leave out are
not counted. It needs a kernel with the tracepoint sock_send_length (6.4), and is
not the default because each send of the host then pays for one more program.

Recording ends with SIGINT (Ctrl-C) or SIGTERM, after --duration or --max-events,
or with COMMAND. What the kernel still holds is then drained, the file completed,
and a summary printed. A second signal ends the program at once; the file then
lacks its last second and its index, and is readable all the same.

The filters --pid, --comm and --uid are decided in the kernel. Values of one
filter are alternatives; a call must pass all filters that are given, and belong
to COMMAND or its descendants where there is one. At most ` + strconv.Itoa(bpf.FilterMax) + ` values each. A process
is recorded with all its threads.

COMMAND starts when the probes are attached, so that its first call is recorded.
Recording ends when COMMAND itself ends; descendants that outlive it are not
waited for. SIGTERM is passed on to COMMAND, and SIGINT where the terminal has
not sent it already; COMMAND then has 5 seconds to end. After a SIGINT from the
terminal, recording goes on for as long as COMMAND does. COMMAND's exit status
is in the summary and in the file. It is not that of this program. When
--duration or --max-events ends the recording, COMMAND goes on.

Calls are hooked with the best probe tier that works here: fentry, kprobe or
tracepoint. "sendmsgrec doctor" says which that is and why others do not work; so
does the file.

Lost events are counted by cause, in the summary and in the file; see
--fail-on-loss. FILE is created with mode 0600 and never overwritten without
--force; "-" is standard output.

--to sends the events on while they are recorded, besides FILE or instead of it,
to a URL as in "sendmsgrec replay --help". Recording does not wait for the sink:
while that is slow or away, events wait on disk, in the directory --spill, up to
--spill-bytes. What has no room is lost for the sink, which gets gaps for it. When
the recording has ended, the sink has --drain-timeout for the rest; what is then
left, or is there after a crash, "sendmsgrec replay DIRECTORY" sends. A sink that
fails for good ends a recording without a file.`,
		Example: `  sendmsgrec record -o trace.smr                        # the host, until Ctrl-C
  sendmsgrec record -o trace.smr --duration 10s --uid www-data
  sendmsgrec record -o trace.smr -- curl -s http://localhost/
  sendmsgrec record -o - --pid 1234 | ssh host 'cat > trace.smr'
  sendmsgrec record --to kafka://broker:9092/calls --id --spill /var/lib/smr-spill`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch dash := cmd.ArgsLenAtDash(); {
			case dash > 0 || dash < 0 && len(args) > 0:
				return usageErrorf("unexpected argument %q: the command to record stands after --", args[0])
			case dash == 0 && len(args) == 0:
				return usageErrorf("no command after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, pid := range pids {
				if pid == 0 || pid > 1<<22 {
					return usageErrorf("--pid %d: no process id", pid)
				}
				o.PIDs = append(o.PIDs, uint32(pid))
			}
			if o.SendFlags = sendFlags(cmd.Flags()); o.Send.To == "" && len(o.SendFlags) > 0 {
				return usageErrorf("%s needs --to URL", strings.Fields(o.SendFlags[0])[0])
			}
			return runRecord(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.Output, "output", "o", "", "file to create, or - for standard output")
	f.BoolVar(&o.Force, "force", false, "replace FILE, or that of --to file:, if it exists and is a regular file")
	f.UintSliceVar(&pids, "pid", nil, "record this process and its threads (repeatable)")
	f.StringArrayVar(&o.Comms, "comm", nil, "record threads of this name (repeatable)")
	f.StringArrayVar(&o.UIDs, "uid", nil, "record processes of this user, a name or a number (repeatable)")
	f.StringSliceVar(&o.Calls, "calls", bpf.CallNames()[:1], "record these calls, separated by commas, or all")
	f.StringSliceVar(&o.Paths, "paths", []string{bpf.PathsDefault}, "watch these ways into the kernel, separated by commas, or "+bpf.PathsDefault+", or "+bpf.PathsAll)
	f.BoolVar(&o.CountSends, "count-sends", false, "count the sends that no recorded call makes, by process")
	f.DurationVar(&o.Duration, "duration", 0, "end after this time, for example 10s or 1m30s")
	f.Int64Var(&o.MaxEvents, "max-events", 0, "end after exactly this many recorded events")
	f.StringVar(&o.Probe, "probe", bpf.TierAuto, "how calls are hooked: auto, "+strings.Join(bpf.Tiers(), ", "))
	f.Var(&o.BufferSize, "buffer-size", "ring buffer for each CPU, 4K to 256M, rounded up to a power of two")
	f.DurationVar(&o.FlushInterval, "flush-interval", record.DefaultFlushInterval, "an event is in the file this long after its return")
	f.IntVar(&o.SegmentEvents, "segment-events", record.DefaultSegmentEvents, "close a segment at this many events")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "print no status and no summary, only errors and losses")
	f.BoolVar(&o.JSON, "json", false, "print the summary as one JSON object on standard output")
	o.Send.addFlags(f, 0, liveMaxWait)
	f.StringVar(&o.Spill, "spill", "", "directory where events wait for the sink (default a new one in "+spillParent+")")
	f.Var(&o.SpillBytes, "spill-bytes", "how large the spill may become, "+sizeFlag(spill.MinLimitBytes).String()+" or more; what has no room is lost for the sink")
	f.DurationVar(&o.DrainTimeout, "drain-timeout", 30*time.Second, "how long to wait, after the recording has ended, until the sink has everything")
	for flag, values := range map[string][]string{
		"calls": append(bpf.CallNames(), "all"),
		"paths": append(bpf.PathNames(), bpf.PathsDefault, bpf.PathsAll),
		"probe": append(bpf.Tiers(), bpf.TierAuto),
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err)
		}
	}
	return document(cmd,
		exitFailedText+", and what is left for the sink",
		exitUsageText+", or COMMAND not found",
		"3    the spill had no room for all events, or the sink refused some, or\n       --fail-on-loss and events were lost",
		exitUnsupportedText,
		"130  a second SIGINT, or one while events wait for the sink")
}

// validate finds what is wrong with the flags before anything is touched.
func (o *recordOptions) validate() error {
	switch {
	case o.Output == "" && o.Send.To == "":
		return usageErrorf("where to? Give -o FILE, or -o - for standard output, or --to URL")
	case o.Output == record.Stdout && o.Send.To == "-":
		return usageErrorf("-o - and --to - both want standard output")
	case o.Output == record.Stdout && o.JSON:
		return usageErrorf("-o - and --json both want standard output")
	case o.Send.To == "-" && o.JSON:
		return usageErrorf("--to - and --json both want standard output")
	case o.Probe != "" && o.Probe != bpf.TierAuto && !slices.Contains(bpf.Tiers(), o.Probe):
		return usageErrorf("--probe %s: want %s or %s", o.Probe, bpf.TierAuto, strings.Join(bpf.Tiers(), ", "))
	case o.Duration < 0:
		return usageErrorf("--duration %v is negative", o.Duration)
	case o.MaxEvents < 0:
		return usageErrorf("--max-events %d is negative", o.MaxEvents)
	case o.FlushInterval < 10*time.Millisecond || o.FlushInterval > time.Hour:
		return usageErrorf("--flush-interval %v: want 10ms to 1h", o.FlushInterval)
	case o.SegmentEvents < 1 || o.SegmentEvents > colblock.MaxRows:
		return usageErrorf("--segment-events %d: want 1 to %d", o.SegmentEvents, colblock.MaxRows)
	case o.BufferSize < bpf.MinRingBytes || o.BufferSize > bpf.MaxRingBytes:
		return usageErrorf("--buffer-size %s: want %s to %s", &o.BufferSize, sizeFlag(bpf.MinRingBytes), sizeFlag(bpf.MaxRingBytes))
	}
	for flag, n := range map[string]int{"--pid": len(o.PIDs), "--comm": len(o.Comms), "--uid": len(o.UIDs)} {
		if n > bpf.FilterMax {
			return usageErrorf("%s has %d values: at most %d", flag, n, bpf.FilterMax)
		}
	}
	if err := o.checkSpill(); err != nil {
		return err
	}
	if err := o.checkCalls(); err != nil {
		return err
	}
	if err := o.checkPaths(); err != nil {
		return err
	}
	for _, comm := range o.Comms {
		if comm == "" || len(comm) >= bpf.CommLen {
			return usageErrorf("--comm %q: a thread name has 1 to %d bytes", comm, bpf.CommLen-1)
		}
	}
	return nil
}

// checkSpill finds what is wrong with the flags about the way to the sink.
func (o *recordOptions) checkSpill() error {
	switch {
	case o.Send.To == "" && o.Spill != "":
		return usageErrorf("--spill needs --to URL")
	case o.Send.To == "":
	case o.SpillBytes < spill.MinLimitBytes:
		return usageErrorf("--spill-bytes %s: want %s or more", &o.SpillBytes, sizeFlag(spill.MinLimitBytes))
	case o.DrainTimeout < 0:
		return usageErrorf("--drain-timeout %v is negative", o.DrainTimeout)
	}
	return nil
}

// checkCalls finds names in --calls that are none; "all" becomes all of them.
func (o *recordOptions) checkCalls() error {
	names := bpf.CallNames()
	if slices.Contains(o.Calls, "all") {
		o.Calls = names
		return nil
	}
	if o.Calls != nil && len(o.Calls) == 0 {
		return usageErrorf("--calls names no call: the calls are %s, or all", strings.Join(names, ", "))
	}
	for _, name := range o.Calls {
		if !slices.Contains(names, name) {
			return usageErrorf("--calls: no call %q%s; the calls are %s, or all", name, didYouMean(name, names), strings.Join(names, ", "))
		}
	}
	return nil
}

// checkPaths finds names in --paths that are none.
func (o *recordOptions) checkPaths() error {
	names := append(bpf.PathNames(), bpf.PathsDefault, bpf.PathsAll)
	if o.Paths != nil && len(o.Paths) == 0 {
		return usageErrorf("--paths names no path: there are %s", strings.Join(names, ", "))
	}
	for _, name := range o.Paths {
		if !slices.Contains(names, name) {
			return usageErrorf("--paths: no path %q%s; there are %s", name, didYouMean(name, names), strings.Join(names, ", "))
		}
	}
	return nil
}

// config returns what the kernel is to do.
func (o *recordOptions) config() (bpf.Config, error) {
	c := bpf.Config{RingBytes: int(o.BufferSize), PIDs: o.PIDs, Comms: o.Comms, Calls: o.Calls, Paths: o.Paths, CountSends: o.CountSends, Tier: o.Probe}
	for _, name := range o.UIDs {
		text := name
		if _, err := strconv.ParseUint(name, 10, 32); err != nil {
			u, err := user.Lookup(name)
			if err != nil {
				return c, usageErrorf("--uid: %v", err)
			}
			text = u.Uid
		}
		uid, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return c, usageErrorf("--uid %s: %v", name, err)
		}
		c.UIDs = append(c.UIDs, uint32(uid))
	}
	return c, nil
}

// filters returns the filters as the header states them, one expression each.
func (o *recordOptions) filters(command []string) []string {
	var all []string
	add := func(column string, values []string) {
		text := ""
		for i, v := range values {
			if i > 0 {
				text += " or "
			}
			text += column + " = " + v
		}
		if text != "" {
			all = append(all, text)
		}
	}
	var pids, comms []string
	for _, pid := range o.PIDs {
		pids = append(pids, strconv.Itoa(int(pid)))
	}
	for _, comm := range o.Comms {
		comms = append(comms, strconv.Quote(comm))
	}
	add("pid", pids)
	add("comm", comms)
	add("uid", o.UIDs)
	if len(command) > 0 {
		all = append(all, "the recorded command and its descendants")
	}
	return all
}
