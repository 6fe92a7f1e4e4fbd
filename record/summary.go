package record

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Summary is the result of a recording. Its JSON keys are those of
// `sendmsgrec info --json` where they mean the same.
type Summary struct {
	Events         int64            `json:"events"` // written
	Seen           int64            `json:"seen"`
	Filtered       int64            `json:"filtered"`
	InFlight       int64            `json:"in_flight"`
	Lost           int64            `json:"lost"`
	LostByCause    map[string]int64 `json:"lost_by_cause"` // only causes that lost something
	LostUpperBound bool             `json:"lost_upper_bound"`
	Segments       int64            `json:"segments"`
	FileBytes      int64            `json:"file_bytes"`
	RawBytes       int64            `json:"raw_bytes"` // of the columns in memory
	Complete       bool             `json:"complete"`  // the file has its index and end record
	Reason         string           `json:"end_reason"`
	CommandStatus  *int             `json:"command_status,omitempty"`
	Seconds        float64          `json:"seconds"`
	CPUSeconds     float64          `json:"cpu_seconds"`          // of the recorder itself
	Unbalanced     []string         `json:"unbalanced,omitempty"` // accounts that do not add up: a defect
	UnderWay       int64            `json:"under_way"`            // calls that began before the recording
}

func (r *Recorder) summarize(end *segment.End, defects []string) *Summary {
	s := &Summary{
		LostByCause:   map[string]int64{},
		Segments:      r.pipeline.segments,
		FileBytes:     r.out.Size(),
		RawBytes:      r.pipeline.rawBytes.Load(),
		Reason:        end.Reason,
		CommandStatus: end.CommandStatus,
		Unbalanced:    defects,
		UnderWay:      end.Counters.UnderWay,
	}
	for _, c := range end.Counters.CPUs {
		s.Events += c.Recorded
		s.Seen += c.Seen
		s.Filtered += c.Filtered
		s.InFlight += c.InFlight
		for cause, n := range c.Lost {
			if n != 0 {
				s.Lost += n
				s.LostByCause[segment.Cause(cause).String()] += n
			}
		}
		if c.Lost[segment.CauseSkippedEntry] > 0 && end.Counters.UpperBound {
			s.LostUpperBound = true
		}
	}
	return s
}

// WriteText prints the summary for people.
func (s *Summary) WriteText(w io.Writer) {
	fmt.Fprintf(w, "recorded %s events in %s (%s/s)", grouped(s.Events), seconds(s.Seconds), grouped(perSecond(s.Events, s.Seconds)))
	if s.Filtered > 0 {
		fmt.Fprintf(w, ", filtered %s", grouped(s.Filtered))
	}
	if s.InFlight > 0 {
		fmt.Fprintf(w, ", in flight %s", grouped(s.InFlight))
	}
	fmt.Fprintf(w, "\nlost     %s", grouped(s.Lost))
	var causes []string
	for cause := segment.Cause(1); cause < segment.NumCauses; cause++ {
		if n := s.LostByCause[cause.String()]; n > 0 {
			text := fmt.Sprintf("%s %s", cause, grouped(n))
			if cause == segment.CauseSkippedEntry && s.LostUpperBound {
				text += " at most: calls that the filter would have dropped count here"
			}
			causes = append(causes, text)
		}
	}
	if len(causes) > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(causes, ", "))
	}
	fmt.Fprintf(w, "\nwritten  %s in %d segments", sizeBytes(s.FileBytes), s.Segments)
	if s.Events > 0 && s.FileBytes > 0 {
		fmt.Fprintf(w, ", %.1f bytes/event, ratio %.0f", float64(s.FileBytes)/float64(s.Events), float64(s.RawBytes)/float64(s.FileBytes))
	}
	fmt.Fprintf(w, "\nCPU      %.2f s", s.CPUSeconds)
	if s.Events >= 1000 {
		fmt.Fprintf(w, ", %.3f s per million events", s.CPUSeconds/float64(s.Events)*1e6)
	}
	fmt.Fprintln(w)
	if s.CommandStatus != nil {
		fmt.Fprintf(w, "command  exit status %d\n", *s.CommandStatus)
	}
	for _, wrong := range s.Unbalanced {
		fmt.Fprintf(w, "DEFECT   the account does not balance: %s\n", wrong)
	}
}

// cpuTime is the processor time that this process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func perSecond(n int64, seconds float64) int64 {
	if seconds <= 0 {
		return 0
	}
	return int64(float64(n) / seconds)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// grouped is n with commas between groups of three digits.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func sizeBytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}
