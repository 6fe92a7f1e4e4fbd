package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

type verifyOptions struct {
	JSON bool
}

// newVerifyCommand returns `sendmsgrec verify`.
func newVerifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check every byte of recordings",
		Long: `Check recordings from the first byte to the last: every record, every column of
every segment with every checksum, the sequence numbers of each CPU against the
gaps, the counters against the events, and the index against the segments.

A recording passes when nothing is wrong with it, it ended cleanly and no event
was lost. FILE may be "-" for standard input.`,
		Example: `  sendmsgrec verify *.smr
  sendmsgrec verify --json trace.smr | jq '.files[].problems'`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVerify(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o, args)
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON object")
	return document(cmd, exitFailedText, exitUsageText,
		"3    a file is damaged, has no end, or events were lost")
}

// verifyFile is the verdict on a file in the output of verify --json.
type verifyFile struct {
	File        string           `json:"file"`
	OK          bool             `json:"ok"`
	Error       string           `json:"error,omitempty"` // the file could not be read at all
	Events      int64            `json:"events"`
	Segments    int              `json:"segments"`
	Columns     int              `json:"columns"` // checked, in all segments
	FileBytes   int64            `json:"file_bytes"`
	Complete    bool             `json:"complete"`
	Lost        int64            `json:"lost"`
	LostByCause map[string]int64 `json:"lost_by_cause"`
	Gaps        int              `json:"gaps"`
	Problems    []verifyProblem  `json:"problems"`

	lost string // for the text
}

// verifyProblem is what is wrong; Offset, CPU, FirstSeq and Count are -1 when
// they are unknown or mean nothing.
type verifyProblem struct {
	Kind     string `json:"kind"`
	Offset   int64  `json:"offset"`
	Size     int64  `json:"size"`
	CPU      int    `json:"cpu"`
	FirstSeq int64  `json:"first_seq"`
	Count    int64  `json:"count"`
	Error    string `json:"error"`
}

// runVerify prints a verdict for each file. The error of the first file that
// cannot be read, else of the files that do not pass, is returned at the end.
func runVerify(_ context.Context, stdin io.Reader, stdout, stderr io.Writer, o verifyOptions, paths []string) error {
	files := []verifyFile{}
	var unreadable error
	failed := 0
	colours := newPalette(stdout)
	for _, path := range paths {
		f, err := verifyOne(stdin, stderr, path)
		if err != nil && exitCode(err) != exitLoss {
			unreadable = errors.Join(unreadable, err)
		}
		if !f.OK {
			failed++
		}
		files = append(files, f)
		if !o.JSON {
			if err := f.writeText(stdout, colours); err != nil {
				return err
			}
		}
	}
	if o.JSON {
		if err := writeJSON(stdout, map[string]any{"ok": failed == 0, "files": files}); err != nil {
			return err
		}
	}
	if unreadable != nil {
		return unreadable
	}
	if failed > 0 {
		return withCode(exitLoss, fmt.Errorf("%d of %d recordings did not pass", failed, len(paths)))
	}
	return nil
}

func verifyOne(stdin io.Reader, stderr io.Writer, path string) (verifyFile, error) {
	f := verifyFile{File: path, LostByCause: map[string]int64{}, Problems: []verifyProblem{}}
	r, err := openRecording(path, stdin)
	if err != nil {
		f.Error = err.Error()
		return f, err
	}
	defer r.Close()
	status := newStatusLine(stderr)
	defer status.clear()
	report, err := segment.Verify(r, func(done, total int64) { status.progress("verify "+path, done, total) })
	if err != nil {
		f.Error = err.Error()
		return f, err
	}
	s := report.Summary
	f.OK, f.Events, f.Columns = report.OK(), report.Events, report.Columns
	f.Segments, f.FileBytes, f.Complete, f.Gaps = s.Segments, s.FileBytes, s.Complete, len(s.Gaps)
	f.Lost, f.LostByCause, f.lost = s.Lost, causeCounts(s.LostByCause), lossText(s.Lost, s.LostByCause, s.LostUpperBound)
	for _, p := range report.Problems {
		f.Problems = append(f.Problems, verifyProblem{
			Kind: p.Kind.String(), Offset: p.Offset, Size: p.Size, CPU: p.CPU, FirstSeq: p.FirstSeq, Count: p.Count, Error: p.Err.Error(),
		})
	}
	return f, nil
}

func (f *verifyFile) writeText(w io.Writer, c palette) error {
	var b bytes.Buffer
	if f.Error != "" {
		fmt.Fprintf(&b, "%s: %s: %s\n", f.File, c.bad("unreadable"), f.Error)
		_, err := w.Write(b.Bytes())
		return err
	}
	verdict := c.good("ok")
	if !f.OK {
		verdict = c.bad("not ok")
	}
	fmt.Fprintf(&b, "%s: %s: %s events in %s segments, %s columns checked, lost %s\n",
		f.File, verdict, grouped(f.Events), grouped(int64(f.Segments)), grouped(int64(f.Columns)), f.lost)
	listed := f.Problems[:min(len(f.Problems), maxListed)]
	for _, p := range listed {
		where := ""
		if p.Offset >= 0 {
			where = fmt.Sprintf(" at offset %d", p.Offset)
		}
		fmt.Fprintf(&b, "  %s%s: %s\n", p.Kind, where, p.Error)
	}
	if rest := len(f.Problems) - len(listed); rest > 0 {
		fmt.Fprintf(&b, "  and %s more (--json lists all)\n", grouped(int64(rest)))
	}
	if f.Gaps > 0 {
		fmt.Fprintf(&b, "  %s gaps state what was lost (see sendmsgrec info)\n", grouped(int64(f.Gaps)))
	}
	_, err := w.Write(b.Bytes())
	return err
}
