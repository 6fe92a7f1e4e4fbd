package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// writeSummary prints the result of a recording for people; file says that there
// is a file.
func writeSummary(w io.Writer, s *record.Summary, file bool) {
	p := newPalette(w)
	rate := int64(0)
	if s.Seconds > 0 {
		rate = int64(float64(s.Events) / s.Seconds)
	}
	took := time.Duration(s.Seconds * float64(time.Second)).Round(10 * time.Millisecond)
	fmt.Fprintf(w, "events   %s in %v, %s/s", grouped(s.Events), took, grouped(rate))
	if s.Filtered > 0 {
		fmt.Fprintf(w, "; filtered %s", grouped(s.Filtered))
	}
	if s.InFlight > 0 {
		fmt.Fprintf(w, "; in flight %s", grouped(s.InFlight))
	}
	if s.Lost > 0 {
		fmt.Fprintf(w, "\n%s\n", p.bad(lossLine(s)))
	} else {
		fmt.Fprintf(w, "\nlost     0\n")
	}
	if s.Unmarked > 0 {
		fmt.Fprintln(w, p.bad(unmarkedLine(s)))
	}
	if file {
		fmt.Fprintf(w, "written  %s bytes in %s segments", grouped(s.FileBytes), grouped(s.Segments))
		if s.Events > 0 && s.FileBytes > 0 {
			fmt.Fprintf(w, "; %.1f bytes/event, 1:%.0f", float64(s.FileBytes)/float64(s.Events), float64(s.RawBytes)/float64(s.FileBytes))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "CPU      %.2f s", s.CPUSeconds)
	if s.Events >= 1000 {
		fmt.Fprintf(w, ", %.3f s per million events", s.CPUSeconds/float64(s.Events)*1e6)
	}
	fmt.Fprintln(w)
	if s.CommandStatus != nil {
		fmt.Fprintf(w, "command  exit status %d\n", *s.CommandStatus)
	}
	if file && !s.Complete {
		fmt.Fprintln(w, p.bad("The file has no end: see the error below."))
	}
	for _, wrong := range s.Unbalanced {
		fmt.Fprintln(w, p.bad("DEFECT   the account does not balance: "+wrong))
	}
}

// unmarkedLine says what is missing without a count.
func unmarkedLine(s *record.Summary) string {
	return fmt.Sprintf("missing  %s descendants of the command, which the kernel had no memory to mark, with all their calls", grouped(s.Unmarked))
}

// lossLine says what was lost, by cause.
func lossLine(s *record.Summary) string {
	var causes []string
	for cause := segment.Cause(1); cause < segment.NumCauses; cause++ {
		n := s.LostByCause[cause.String()]
		if n == 0 {
			continue
		}
		text := cause.String() + " " + grouped(n)
		if cause == segment.CauseSkippedEntry && s.LostUpperBound {
			text += " at most"
		}
		causes = append(causes, text)
	}
	return fmt.Sprintf("lost     %s (%s)", grouped(s.Lost), strings.Join(causes, ", "))
}

// sizeFlag is a number of bytes, given with an optional unit.
type sizeFlag int64

// String implements pflag.Value.
func (s sizeFlag) String() string {
	for _, unit := range []struct {
		shift int
		name  string
	}{{30, "G"}, {20, "M"}, {10, "K"}} {
		if n := int64(s); n != 0 && n&(1<<unit.shift-1) == 0 {
			return strconv.FormatInt(n>>unit.shift, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Type implements pflag.Value.
func (s *sizeFlag) Type() string { return "size" }

// Set implements pflag.Value: K, M and G are powers of 1024, with or without B
// or iB behind them.
func (s *sizeFlag) Set(text string) error {
	digits := strings.TrimRight(text, "KMGkmgiBb")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("want a size like 65536, 64K or 8M")
	}
	shift := 0
	switch unit := strings.ToUpper(text[len(digits):]); unit {
	case "", "B":
	case "K", "KB", "KIB":
		shift = 10
	case "M", "MB", "MIB":
		shift = 20
	case "G", "GB", "GIB":
		shift = 30
	default:
		return fmt.Errorf("unknown unit %q: want K, M or G", unit)
	}
	if n < 0 || n > 1<<62>>shift {
		return fmt.Errorf("size out of range")
	}
	*s = sizeFlag(n << shift)
	return nil
}
