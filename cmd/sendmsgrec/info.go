package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

type infoOptions struct {
	JSON       bool
	FailOnLoss bool
}

// newInfoCommand returns `sendmsgrec info`.
func newInfoCommand() *cobra.Command {
	var o infoOptions
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Say what a recording holds and what it lost",
		Long: `Say what a recording holds, what it lost, when, on which CPU and why, what the
probe could not see, and whether the file is complete. Only the headers of the
segments are read, so that this takes no longer for a large file.

FILE may be "-" for standard input. With --json, first_time and last_time are
wall-clock times in UTC; first_time_ns and last_time_ns are nanoseconds of
CLOCK_BOOTTIME, like the column time_ns. Every count adds up:

  seen = filtered + events + lost + in_flight`,
		Example: `  sendmsgrec info trace.smr
  sendmsgrec info --json trace.smr | jq .lost_by_cause`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInfo(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args[0])
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost or the recording has no end")
	return document(cmd, exitFailedText, exitUsageText, exitDamageText)
}

func runInfo(_ context.Context, stdin io.Reader, stdout, stderr io.Writer, o infoOptions, path string) error {
	r, err := openRecording(path, stdin)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := segment.Summarize(r)
	if err != nil {
		return err
	}
	report := newInfoReport(path, r, s)
	if o.JSON {
		err = writeJSON(stdout, report)
	} else {
		err = report.writeText(stdout, newPalette(stdout))
	}
	if err != nil {
		return err
	}
	return judge(stderr, path, s, o.FailOnLoss)
}
