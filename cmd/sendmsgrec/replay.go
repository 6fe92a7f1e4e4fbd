package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

type replayOptions struct {
	sendOptions
	As         string
	Traffic    trafficOptions
	Select     selection
	Pace       pace.Options
	Loops      int
	Policy     string
	Checkpoint string
	Resume     bool
	Window     time.Duration
	SHA256     bool
	JSON       bool
	Force      bool
	FailOnLoss bool
}

// newReplayCommand returns `sendmsgrec replay`.
func newReplayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay {FILE... | DIRECTORY} {--to URL | --as traffic --map RECORDED=TARGET}",
		Short: "Send the events of recordings to a file, a program, a server, or make the sends again",
		Long: `Send the events of recordings somewhere else, in the order in which they entered
the kernel, at their original pace or any other. Several FILEs are merged. Gaps,
unreadable parts and clocks travel as records of their own kind. URL is one of

` + sink.Help() + `
Delivery is at least once: what a sink has not acknowledged is sent again. With
--checkpoint FILE an interrupted replay goes on where it was with --resume.
Every record has an id (recording, CPU, sequence number) by which duplicates can
be removed; --id puts it into JSON objects and protobuf messages.

` + filterHelp + `

--from and --until select events by the time of their entry (time_ns), --from
included, --until not. A moment is one of
` + momentHelp + `

DIRECTORY is the spill of "sendmsgrec record --to": what is left in it is sent to
the sink that it is for, as it is, and removed.

With --as traffic the recorded sends are made again, as load: the same sizes, iovec
counts, flags and gaps, a thread for each recorded thread, a socket for each
recorded socket, generated payload, to targets of your own. --map says where sends
to a recorded address go now; --list-map tells what there is to map. RECORDED is an
address, PREFIX/BITS or * with or without :PORT, a Unix path, @NAME or unnamed,
behind tcp:, udp:, unix:, unix-stream: and the like for these sockets only; TARGET
is tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, or drop. While any send has no target
nothing is sent. The report compares recorded and replayed latency.

Credentials come from files or the environment ($SENDMSGREC_TOKEN,
$SENDMSGREC_USER), never from the command line. FILE may be "-" for standard
input. docs/replay.md leads from a recording to rows in each sink.`,
		Example: `  sendmsgrec replay trace.smr --to -
  sendmsgrec replay --speed 10 trace.smr --to exec:./consumer
  sendmsgrec replay --max trace.smr --format protobuf --to file:events.pb
  sendmsgrec replay --max trace.smr --to http://localhost:8080/ --checkpoint t.ckpt
  sendmsgrec replay --max trace.smr --to http://localhost:8080/ --checkpoint t.ckpt --resume
  sendmsgrec replay --as traffic trace.smr --list-map
  sendmsgrec replay --as traffic trace.smr --map 10.0.0.0/8:443=tcp:localhost:9000 --map '*=drop'`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Select.parse(cmd); err != nil {
				return err
			}
			chosen := 0
			for _, name := range []string{"speed", "rate", "max"} {
				if cmd.Flags().Changed(name) {
					chosen++
				}
			}
			if chosen > 1 {
				return usageErrorf("--speed, --rate and --max exclude each other")
			}
			if cmd.Flags().Changed("speed") && !(o.Pace.Speed >= 0.1 && o.Pace.Speed <= 1000) {
				return usageErrorf("--speed %v: want 0.1 to 1000, or --max", o.Pace.Speed)
			}
			if err := checkAs(cmd.Flags(), o.As); err != nil {
				return err
			}
			// A first signal ends the replay in order; a second one kills it.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop)
			if o.As == asTraffic {
				return runTraffic(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
			}
			if len(args) == 1 && isDirectory(args[0]) {
				if err := onlyForSpill(cmd.Flags(), args[0]); err != nil {
					return err
				}
				return runReplaySpill(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args[0], sendFlags(cmd.Flags()))
			}
			return runReplay(ctx, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.As, "as", asRecords, "what to send: records about the calls, or traffic, the calls themselves")
	o.Traffic.addFlags(f)
	o.addFlags(f, deliver.DefaultRetry.Attempts, deliver.DefaultRetry.Most)
	o.Select.addFilterFlags(cmd)
	f.StringVar(&o.Select.times.from, "from", "", "leave out events before this moment")
	f.StringVar(&o.Select.times.to, "until", "", "leave out events at this moment and later")
	f.Float64Var(&o.Pace.Speed, "speed", 1, "so many times as fast as recorded, 0.1 to 1000")
	f.Var((*rateFlag)(&o.Pace.RateHz), "rate", "so many events per second, whatever their times")
	f.BoolVar(&o.Pace.Unpaced, "max", false, "as fast as the sink takes them")
	f.DurationVar(&o.Pace.MaxGap, "max-gap", 0, "wait between two events no longer than this")
	f.IntVar(&o.Loops, "loop", 1, "replay so many times")
	f.StringVar(&o.Policy, "policy", deliver.PolicyNames()[0], "when the sink is too slow: block (wait, then catch up), drop (count and leave out), skew (wait and be later from then on)")
	f.StringVar(&o.Checkpoint, "checkpoint", "", "keep in this file how far the replay has come")
	f.BoolVar(&o.Resume, "resume", false, "go on where the checkpoint says, or begin when there is none")
	f.DurationVar(&o.Window, "window", order.DefaultWindow, "for standard input: how long, in recorded time, events wait for earlier ones")
	f.BoolVar(&o.SHA256, "sha256", false, "report the SHA-256 of the stream")
	f.BoolVar(&o.JSON, "json", false, "report as one JSON object on standard output (with --to - on standard error)")
	f.BoolVar(&o.Force, "force", false, "let file: and smr: replace a file")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost while recording or a recording has no end")
	return document(cmd, "1    failed; the message says why, and what was delivered", exitUsageText,
		"3    finished, but records were dropped or refused or sends failed, FILE is damaged\n       (what is readable was sent), or --fail-on-loss and events were lost", exitInterruptedText)
}
