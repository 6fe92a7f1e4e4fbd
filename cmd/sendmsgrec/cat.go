package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
)

type catOptions struct {
	Format     text.Format
	Fields     []string // nil: all
	Select     selection
	Head, Tail int64 // -1: all
	FailOnLoss bool
}

// newCatCommand returns `sendmsgrec cat`.
func newCatCommand() *cobra.Command {
	var o catOptions
	var asJSON, asCSV bool
	cmd := &cobra.Command{
		Use:   "cat FILE...",
		Short: "Print the events of recordings",
		Long: `Print the events of recordings, one a line: like strace does, or with --json one
object each, or with --csv. Addresses, flags, errno and control messages are
decoded. Gaps and unreadable parts are shown where they are: as lines that
start with "---", as objects with "kind" other than "event"; CSV has no place
for them, only the warning on standard error. With --json, what was watched is an
object of kind "coverage", at the start and, replacing that, at the end.

Within a segment of the file events are in the order of their entry. Across
segments an event that took long may come behind later ones; sendmsgrec info
tells by how much at most. FILE may be "-" for standard input.

` + filterHelp + `

` + timeRangeHelp + `

sendmsgrec schema lists the fields that --fields takes.`,
		Example: `  sendmsgrec cat trace.smr | head
  sendmsgrec cat --json trace.smr | jq 'select(.ret < 0)'
  sendmsgrec cat --fields wall_time,comm,ret --tail 20 trace.smr
  sendmsgrec cat --filter 'ret == EAGAIN and comm prefix ngin' trace.smr
  sendmsgrec cat --csv --from +1s --to +1.5s trace.smr > part.csv
  sendmsgrec record -o - | sendmsgrec cat -`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case asJSON && asCSV:
				return usageErrorf("--json and --csv exclude each other")
			case cmd.Flags().Changed("fields") && len(o.Fields) == 0:
				return usageErrorf("--fields is empty")
			case asJSON:
				o.Format = text.JSON
			case asCSV:
				o.Format = text.CSV
			}
			if err := o.Select.parse(cmd); err != nil {
				return err
			}
			if !cmd.Flags().Changed("head") {
				o.Head = -1
			}
			if !cmd.Flags().Changed("tail") {
				o.Tail = -1
			}
			return runCat(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	f.BoolVar(&asCSV, "csv", false, "print CSV with a header line")
	f.StringSliceVar(&o.Fields, "fields", nil, "print these fields only, in this order, separated by commas")
	o.Select.addFlags(cmd)
	f.Int64Var(&o.Head, "head", 0, "print the first N events only")
	f.Int64Var(&o.Tail, "tail", 0, "print the last N events only")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost or a recording has no end")
	return document(cmd, exitFailedText, exitUsageText, exitDamageText)
}

func runCat(_ context.Context, stdin io.Reader, stdout, stderr io.Writer, o catOptions, paths []string) error {
	switch {
	case o.Head >= 0 && o.Tail >= 0:
		return usageErrorf("--head and --tail exclude each other")
	case o.Tail >= 0 && len(paths) > 1:
		return usageErrorf("--tail is for one recording, not for %d", len(paths))
	case o.Head < -1 || o.Tail < -1:
		return usageErrorf("--head and --tail take a number of events, 0 or more")
	}
	printer, err := text.New(o.Format, text.Options{Fields: o.Fields})
	var unknown *text.UnknownFieldError
	if errors.As(err, &unknown) {
		return usageErrorf("--fields: %w", err)
	}
	if err != nil {
		return err
	}
	p := newEventPrinter(stdout, printer, o.Head)
	if _, err := stdout.Write(printer.Header(nil)); err != nil {
		return err
	}
	var found error // the first loss or damage
	for _, path := range paths {
		err := catFile(p, stdin, stderr, o, path)
		var coded *exitError
		if errors.As(err, &coded) && coded.Code == exitLoss && len(paths) > 1 {
			fmt.Fprintf(stderr, "sendmsgrec: %v\n", err)
			found = &exitError{Code: exitLoss}
			continue
		}
		if err != nil {
			return err
		}
	}
	return found
}

// catFile prints one recording.
func catFile(p *eventPrinter, stdin io.Reader, stderr io.Writer, o catOptions, path string) error {
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
	if summary, err = p.recording(r, summary, program, bounds, o.Tail); err != nil {
		return err
	}
	if err := o.Select.report(stderr, path, program); err != nil || summary == nil {
		return err // summary is nil for a stream of which enough was read
	}
	return judgeWith(stderr, path, summary, p.corrupt, o.FailOnLoss)
}
