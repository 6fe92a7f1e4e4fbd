package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

type catOptions struct {
	Format     text.Format
	Fields     []string // nil: all
	Times      timeRange
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
for them, only the warning on standard error.

Within a segment of the file events are in the order of their entry. Across
segments an event that took long may come behind later ones; sendmsgrec info
tells by how much at most. FILE may be "-" for standard input.

` + timeRangeHelp + `

sendmsgrec schema lists the fields that --fields takes.`,
		Example: `  sendmsgrec cat trace.smr | head
  sendmsgrec cat --json trace.smr | jq 'select(.ret < 0)'
  sendmsgrec cat --fields wall_time,comm,ret --tail 20 trace.smr
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
	o.Times.addFlags(cmd)
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
	limit := o.Head
	if o.Tail == 0 {
		limit = 0
	}
	p := newEventPrinter(stdout, printer, limit)
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
	bounds, err := o.Times.bounds(r.Header(), summary)
	if err != nil {
		return err
	}
	read := newItemReader(r, summary)
	p.printer.SetWallClock(read.wallClock())
	dec, next, skip := r.NewDecoder(), read.next, int64(0)
	if o.Tail > 0 {
		if next, skip, err = read.tail(dec, bounds, o.Tail); err != nil {
			return err
		}
	}
	corrupt := p.corrupt
	for !p.done() {
		item, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if _, ok := item.(*segment.Clock); ok && summary == nil {
			p.printer.SetWallClock(read.wallClock())
		}
		if skip, err = p.item(dec, item, bounds, skip); err != nil {
			return err
		}
	}
	if summary = read.finish(); summary == nil {
		return nil // a stream of which enough was read
	}
	err = judge(stderr, path, summary, o.FailOnLoss)
	if n := p.corrupt - corrupt; err == nil && n > 0 {
		err = withCode(exitLoss, fmt.Errorf("%s: segments with damaged columns: %d", path, n))
	}
	return err
}

// summarizeFile returns the summary of a file, nil for standard input.
func summarizeFile(path string) (*segment.Summary, error) {
	if path == "-" {
		return nil, nil
	}
	r, err := openRecording(path, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return segment.Summarize(r)
}

// itemReader reads the items of a recording and, when it is a stream, adds up
// its summary as it goes.
type itemReader struct {
	r       *segment.Reader
	summary *segment.Summary    // nil for a stream until its end
	adding  *segment.Summarizer // nil for a file
	clocks  []segment.Clock
}

func newItemReader(r *segment.Reader, s *segment.Summary) *itemReader {
	if s != nil {
		return &itemReader{r: r, summary: s, clocks: s.Clocks}
	}
	return &itemReader{r: r, adding: segment.NewSummarizer()}
}

func (i *itemReader) wallClock() *segment.WallClock {
	return segment.NewWallClock(i.r.Header(), i.clocks)
}

func (i *itemReader) next() (segment.Item, error) {
	item, err := i.r.Next()
	switch {
	case i.adding == nil:
	case err == nil:
		i.adding.Add(item)
		if c, ok := item.(*segment.Clock); ok {
			i.clocks = append(i.clocks, *c)
		}
	case err == io.EOF && i.summary == nil:
		i.summary = i.adding.Finish(i.r)
	}
	return item, err
}

// finish returns the summary, nil for a stream that was not read to its end.
func (i *itemReader) finish() *segment.Summary { return i.summary }

// tail reads to the end and returns a function that gives the last items
// again, from the first segment that has one of the last n events within
// bounds, and how many events before these to skip.
func (i *itemReader) tail(dec *segment.Decoder, bounds timeBounds, n int64) (next func() (segment.Item, error), skip int64, err error) {
	type counted struct {
		item segment.Item
		rows int64
	}
	var kept []counted
	var rows int64
	var scratch segment.Block
	for {
		item, err := i.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		c := counted{item: item}
		if s, ok := item.(*segment.Segment); ok {
			if c.rows, err = rowsWithin(dec, s, bounds, &scratch); err != nil {
				return nil, 0, err
			}
			if c.rows == 0 {
				continue
			}
		}
		kept = append(kept, c)
		rows += c.rows
		for rows-kept[0].rows >= n {
			rows -= kept[0].rows
			kept[0] = counted{}
			kept = kept[1:]
		}
	}
	next = func() (segment.Item, error) {
		if len(kept) == 0 {
			return nil, io.EOF
		}
		item := kept[0].item
		kept = kept[1:]
		return item, nil
	}
	return next, max(0, rows-n), nil
}
