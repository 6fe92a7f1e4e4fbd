package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/parquet"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

type convertOptions struct {
	Select     selection
	Output     string
	Force      bool
	FailOnLoss bool
}

// newConvertCommand returns `sendmsgrec convert`.
func newConvertCommand() *cobra.Command {
	var o convertOptions
	cmd := &cobra.Command{
		Use:   "convert FILE -o OUTPUT",
		Short: "Convert a recording to Parquet, JSON lines or CSV",
		Long: `Convert a recording to another format, which the end of OUTPUT's name tells:

  .parquet  one column for each of the schema and each decoded text, zstd, row
            groups sorted by time; losses and environment in the metadata
  .jsonl    one JSON object a line, as cat --json prints it (also .ndjson)
  .csv      as cat --csv prints it

` + filterHelp + `

` + timeRangeHelp + `

OUTPUT appears when it is complete, with mode 0600, and replaces nothing without
--force. What of a damaged FILE is readable is converted. FILE may be "-" for
standard input.`,
		Example: `  sendmsgrec convert trace.smr -o trace.parquet
  sendmsgrec convert --filter 'ret < 0' trace.smr -o failed.jsonl
  duckdb -c "select comm, count(*), quantile_disc(duration_ns, 0.99)
             from 'trace.parquet' group by comm"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Select.parse(cmd); err != nil {
				return err
			}
			// A first signal cancels the work, so that nothing half done is
			// left behind; a second one kills the process.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop)
			return runConvert(ctx, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.Output, "output", "o", "", "file to write; the end of its name tells the format")
	o.Select.addFlags(cmd)
	f.BoolVar(&o.Force, "force", false, "replace OUTPUT when it is a regular file")
	f.BoolVar(&o.FailOnLoss, "fail-on-loss", false, "end with exit status 3 when events were lost or the recording has no end (OUTPUT is written all the same)")
	return document(cmd, exitFailedText, exitUsageText, exitDamageText, exitInterruptedText)
}

// converted is what a converter tells.
type converted struct {
	events  int64
	summary *segment.Summary
	corrupt []segment.Damage
	detail  string // for the closing line
}

// source is the recording to convert, and what of it.
type source struct {
	r       *segment.Reader
	summary *segment.Summary // nil for a stream
	program *filter.Program
	bounds  timeBounds
}

type converter func(s *source, w io.Writer) (converted, error)

// converterFor returns the converter that the end of the path asks for.
func converterFor(path string) (converter, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".parquet":
		return convertParquet, nil
	case ".jsonl", ".ndjson":
		return convertText(text.JSON), nil
	case ".csv":
		return convertText(text.CSV), nil
	default:
		return nil, usageErrorf("-o %q: its name must end with .parquet, .jsonl or .csv", path)
	}
}

func runConvert(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, o convertOptions, path string) error {
	if o.Output == "" {
		return usageErrorf("where to? Give -o OUTPUT.parquet")
	}
	convert, err := converterFor(o.Output)
	if err != nil {
		return err
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
	status := newStatusLine(stderr)
	defer status.clear()
	out, err := createNewFile(ctx, o.Output, o.Force, func(done int64) { status.progress("writing "+o.Output, done, 0) })
	if err != nil {
		return err
	}
	defer out.discard()
	c, err := convert(&source{r, summary, program, bounds}, out)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	status.clear()
	if _, err := fmt.Fprintf(stdout, "%s: %s events%s, %s bytes\n", o.Output, grouped(c.events), c.detail, grouped(out.size)); err != nil {
		return err
	}
	if err := o.Select.report(stderr, path, program); err != nil {
		return err
	}
	return judgeWith(stderr, path, c.summary, c.corrupt, o.FailOnLoss)
}

func convertParquet(s *source, w io.Writer) (converted, error) {
	result, err := parquet.Convert(s.r, w, parquet.Options{Program: s.program, CreatedBy: "sendmsgrec " + buildVersion().Version})
	if err != nil {
		return converted{}, err
	}
	detail := fmt.Sprintf(" in %s row groups", grouped(int64(result.RowGroups)))
	return converted{events: result.Events, summary: result.Summary, corrupt: result.Corrupt, detail: detail}, nil
}

// convertText returns a converter to one of the text formats.
func convertText(format text.Format) converter {
	return func(s *source, w io.Writer) (converted, error) {
		printer, err := text.New(format, text.Options{})
		if err != nil {
			return converted{}, err
		}
		buffered := bufio.NewWriterSize(w, 1<<20)
		if _, err := buffered.Write(printer.Header(nil)); err != nil {
			return converted{}, err
		}
		p := newEventPrinter(buffered, printer, -1)
		summary, err := p.recording(s.r, s.summary, s.program, s.bounds, -1)
		if err != nil {
			return converted{}, err
		}
		return converted{events: p.printed, summary: summary, corrupt: p.corrupt}, buffered.Flush()
	}
}
