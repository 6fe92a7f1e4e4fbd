package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

type statsOptions struct {
	By         []string
	Top        int
	Select     selection
	JSON       bool
	FailOnLoss bool
}

// newStatsCommand returns `sendmsgrec stats`.
func newStatsCommand() *cobra.Command {
	var o statsOptions
	cmd := &cobra.Command{
		Use:   "stats FILE...",
		Short: "Count calls, errors and bytes, and tell how long calls took",
		Long: `Count the calls, errors and bytes of recordings and tell the distribution of the
durations (min, mean, p50, p90, p99, p99.9, p99.99, max), of all events and of
the groups that columns define. Quantiles are by nearest rank; how exact they
are is stated, and so is what was lost and within which bounds each quantile
would lie had nothing been lost.

Several FILEs are counted together, whatever hosts they are of: they need no
common clock. What each holds and lost is told beside the sums. --from, --to and
times in --filter mean for each recording what they mean by its own clocks. A
recording that is given twice is refused; one that replay --to smr: has made of
others is not theirs, and their events beside it count twice.

The memory used does not grow with the recordings: with very many groups the
quantiles get less exact, which their stated error tells.

` + filterHelp + `

` + timeRangeHelp + `

One FILE may be "-" for standard input. --by takes the columns that sendmsgrec
schema lists, the decoded texts beside them (flags_text, ...), and errno.`,
		Example: `  sendmsgrec stats trace.smr
  sendmsgrec stats --by comm,errno trace.smr
  sendmsgrec stats --by errno --filter 'family == AF_UNIX and ret < 0' trace.smr
  sendmsgrec stats --by remote_address,remote_port --json trace.smr | jq '.groups[0]'
  sendmsgrec stats --by comm db1.smr db2.smr web1.smr`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Select.parse(cmd); err != nil {
				return err
			}
			return runStats(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.By, "by", nil, "group by these columns, separated by commas")
	f.IntVar(&o.Top, "top", stats.DefaultTop, "list this many groups, the largest first (--json has all)")
	o.Select.addFlags(cmd)
	f.BoolVar(&o.JSON, "json", false, "print one JSON object, durations in nanoseconds")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost or a recording has no end")
	return document(cmd, exitFailedText, exitUsageText, exitDamageText)
}

func runStats(_ context.Context, stdin io.Reader, stdout, stderr io.Writer, o statsOptions, paths []string) error {
	by, err := groupFields(o.By)
	if err != nil {
		return err
	}
	if o.Top < 1 {
		return usageErrorf("--top %d: want 1 or more", o.Top)
	}
	inputs, err := statsInputs(stdin, &o, paths)
	if err != nil {
		return err
	}
	counter := stats.New(stats.Options{By: by})
	for i := range inputs {
		if err := inputs[i].count(counter); err != nil {
			return err
		}
	}
	result := counter.Result()
	if o.JSON {
		err = result.WriteJSON(stdout)
	} else {
		err = result.WriteText(stdout, stats.TextOptions{Top: o.Top})
	}
	if err != nil {
		return err
	}
	var found error
	for i, in := range inputs {
		if err := o.Select.report(stderr, in.path, in.program); err != nil {
			return err
		}
		r := &result.Recordings[i]
		if err := judgeWith(stderr, in.path, r.Summary, r.Loss.Corrupt, o.FailOnLoss); err != nil {
			if found != nil {
				fmt.Fprintf(stderr, "sendmsgrec: %v\n", found)
			}
			found = err
		}
	}
	return found
}

// statsInput is a recording that is going to be counted.
type statsInput struct {
	path    string
	id      [16]byte
	program *filter.Program
	bounds  timeBounds
	stream  *segment.Reader // open, since it cannot be opened twice; nil for a file
}

// statsInputs looks at all recordings before one is counted: whether each can
// be read, what the flags mean for it, and that none is there twice. Files are
// closed again, so that their number does not matter.
func statsInputs(stdin io.Reader, o *statsOptions, paths []string) ([]statsInput, error) {
	var inputs []statsInput
	known := map[[16]byte]string{}
	for i, path := range paths {
		if path == "-" && slices.Contains(paths[:i], path) {
			return nil, usageErrorf("standard input can be one of the recordings only")
		}
		in, err := newStatsInput(stdin, o, path)
		if err != nil {
			return nil, err
		}
		if other, ok := known[in.id]; ok {
			return nil, usageErrorf("%s and %s are the same recording, whose events would be counted twice; give one of them, the longer one if they differ", other, path)
		}
		known[in.id] = path
		inputs = append(inputs, in)
	}
	return inputs, nil
}

func newStatsInput(stdin io.Reader, o *statsOptions, path string) (statsInput, error) {
	in := statsInput{path: path}
	r, err := openRecording(path, stdin)
	if err != nil {
		return in, err
	}
	in.id = r.FileID()
	var summary *segment.Summary
	if path == "-" || r.Size() < 0 {
		in.stream = r
	} else {
		defer r.Close()
		if summary, err = segment.Summarize(r); err != nil {
			return in, err
		}
	}
	in.program, in.bounds, err = o.Select.bind(r.Header(), summary)
	return in, err
}

// count counts the recording.
func (in *statsInput) count(counter *stats.Counter) error {
	r := in.stream
	if r == nil {
		var err error
		if r, err = openRecording(in.path, nil); err != nil {
			return err
		}
	}
	defer r.Close()
	if r.FileID() != in.id {
		return fmt.Errorf("%s: another recording has taken its place meanwhile; run this again", in.path)
	}
	return counter.Add(stats.Input{
		Name: in.path, Reader: r, Program: in.program, FromNS: in.bounds.from0(), ToNS: in.bounds.to0(),
	})
}

// groupFields parses --by.
func groupFields(names []string) ([]stats.Field, error) {
	for _, name := range names {
		if _, err := stats.ParseFields([]string{name}); err != nil {
			return nil, usageErrorf("--by: no column %q%s", name, didYouMean(name, stats.FieldNames()))
		}
	}
	return stats.ParseFields(names)
}
