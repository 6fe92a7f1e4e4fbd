package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// openRecording opens the recording at path, or on stdin when path is "-".
func openRecording(path string, stdin io.Reader) (*segment.Reader, error) {
	if path == "-" {
		r, err := segment.NewStreamReader(stdin)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return r, nil
	}
	r, err := segment.Open(path)
	if errors.Is(err, segment.ErrNotRecording) {
		return nil, withCode(exitLoss, fmt.Errorf("%w; a recording is made by `sendmsgrec record -o FILE`", err))
	}
	return r, err
}

// openPart opens the first limit bytes of the recording at path, all of it when
// limit is negative, and tells by how much the file is longer.
func openPart(path string, stdin io.Reader, limit int64) (r *segment.Reader, longer int64, err error) {
	r, err = openRecording(path, stdin)
	if err != nil || limit < 0 || r.Size() <= limit {
		return r, 0, err
	}
	longer = r.Size() - limit
	r, err = r.Truncated(limit)
	return r, longer, err
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

// judge warns on stderr about what the recording lost or what of it is
// damaged, and returns the error that the command ends with. Damage is an
// error; loss is one when failOnLoss is set. What a killed recorder leaves
// behind, no end and perhaps a record that is cut, is loss: how much of a write
// the kernel had done is chance, and all before it reads as it is.
func judge(stderr io.Writer, path string, s *segment.Summary, failOnLoss bool) error {
	return judgeWith(stderr, path, s, nil, failOnLoss)
}

// judgeWith is judge with the segments that turned out not to decode, of which
// the summary knows nothing.
func judgeWith(stderr io.Writer, path string, s *segment.Summary, corrupt []segment.Damage, failOnLoss bool) error {
	var found []string
	if s.Lost > 0 {
		found = append(found, "events lost: "+lossText(s.Lost, s.LostByCause, s.LostUpperBound))
	}
	if s.Unexplained > 0 {
		found = append(found, fmt.Sprintf("%d events are missing without a word in the file", s.Unexplained))
	}
	if s.UnknownTail != "" {
		found = append(found, s.UnknownTail)
	}
	damages := slices.Concat(slices.DeleteFunc(slices.Clone(s.Damages), func(d segment.Damage) bool {
		return s.UnknownTail != "" && d.Tail && errors.Is(d.Err, segment.ErrCut)
	}), corrupt)
	for i := range damages[:min(len(damages), maxListed)] {
		found = append(found, damages[i].String())
	}
	if rest := len(damages) - maxListed; rest > 0 {
		found = append(found, fmt.Sprintf("and %d more damages", rest))
	}
	if len(found) == 0 {
		return nil
	}
	if len(damages) == 0 && !failOnLoss {
		fmt.Fprintf(stderr, "sendmsgrec: warning: %s: %s\n", path, strings.Join(found, "; "))
		return nil
	}
	return withCode(exitLoss, fmt.Errorf("%s: %s", path, strings.Join(found, "; ")))
}

// lossText returns "3 (2 ring_full, 1 skipped_entry)".
func lossText(lost int64, byCause [segment.NumCauses]int64, upperBound bool) string {
	if lost == 0 {
		return "0"
	}
	var parts []string
	for cause, n := range byCause {
		if n == 0 {
			continue
		}
		bound := ""
		if upperBound && segment.Cause(cause) == segment.CauseSkippedEntry {
			bound = "at most "
		}
		parts = append(parts, fmt.Sprintf("%s%d %s", bound, n, segment.Cause(cause)))
	}
	return fmt.Sprintf("%d (%s)", lost, strings.Join(parts, ", "))
}

// causeCounts returns the counts by the causes' names, all of them.
func causeCounts(byCause [segment.NumCauses]int64) map[string]int64 {
	m := make(map[string]int64, len(byCause)-1)
	for cause := segment.CauseRingFull; cause < segment.NumCauses; cause++ {
		m[cause.String()] = byCause[cause]
	}
	return m
}

// wallTimeLayout is RFC 3339 with all nine digits, so that columns align and
// text sorts like time.
const wallTimeLayout = "2006-01-02T15:04:05.000000000Z"

// wallTime returns the wall time of a moment of CLOCK_BOOTTIME, in UTC.
func wallTime(w *segment.WallClock, boottimeNS int64) string {
	return time.Unix(0, w.UnixNS(boottimeNS)).UTC().Format(wallTimeLayout)
}
