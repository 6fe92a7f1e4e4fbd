package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/stats"
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
		Use:   "stats FILE",
		Short: "Count calls, errors and bytes, and tell how long calls took",
		Long: `Count the calls, errors and bytes of a recording and tell the distribution of the
durations (min, mean, p50, p90, p99, p99.9, p99.99, max), of all events and of
the groups that columns define. Quantiles are by nearest rank; how exact they
are is stated, and so is what was lost and within which bounds each quantile
would lie had nothing been lost.

The memory used does not grow with the recording: with very many groups the
quantiles get less exact, which their stated error tells.

` + filterHelp + `

` + timeRangeHelp + `

FILE may be "-" for standard input. --by takes the columns that sendmsgrec
schema lists, the decoded texts beside them (flags_text, ...), and errno.`,
		Example: `  sendmsgrec stats trace.smr
  sendmsgrec stats --by comm,errno trace.smr
  sendmsgrec stats --by errno --filter 'family == AF_UNIX and ret < 0' trace.smr
  sendmsgrec stats --by remote_address,remote_port --json trace.smr | jq '.groups[0]'`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Select.parse(cmd); err != nil {
				return err
			}
			return runStats(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.By, "by", nil, "group by these columns, separated by commas")
	f.IntVar(&o.Top, "top", stats.DefaultTop, "list this many groups, the largest first (--json has all)")
	o.Select.addFlags(cmd)
	f.BoolVar(&o.JSON, "json", false, "print one JSON object, durations in nanoseconds")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost or the recording has no end")
	return document(cmd, exitFailedText, exitUsageText, exitDamageText)
}

func runStats(_ context.Context, stdin io.Reader, stdout, stderr io.Writer, o statsOptions, path string) error {
	by, err := groupFields(o.By)
	if err != nil {
		return err
	}
	if o.Top < 1 {
		return usageErrorf("--top %d: want 1 or more", o.Top)
	}
	summary, err := summarizeFile(path)
	if err != nil {
		return err
	}
	r, err := openRecording(path, stdin)
	if err != nil {
		return err
	}
	defer r.Close()
	program, bounds, err := o.Select.bind(r.Header(), summary)
	if err != nil {
		return err
	}
	result, err := stats.Run(r, stats.Options{By: by, Program: program, FromNS: bounds.from0(), ToNS: bounds.to0()})
	if err != nil {
		return err
	}
	if o.JSON {
		err = result.WriteJSON(stdout)
	} else {
		err = result.WriteText(stdout, stats.TextOptions{Top: o.Top})
	}
	if err != nil {
		return err
	}
	if err := o.Select.report(stderr, path, program); err != nil {
		return err
	}
	return judgeWith(stderr, path, result.Summary, result.Loss.Corrupt, o.FailOnLoss)
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
