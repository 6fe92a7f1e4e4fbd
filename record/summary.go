package record

import (
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
	LostByCause    map[string]int64 `json:"lost_by_cause"` // of all causes
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
	Unmarked       int64            `json:"unmarked"`             // descendants that the kernel could not follow: their calls are filtered
	UnderWay       int64            `json:"under_way"`            // calls that began before the recording
}

func (r *Recorder) summarize(end *segment.End, d *drain) *Summary {
	s := &Summary{
		LostByCause:   map[string]int64{},
		Segments:      r.pipeline.segments,
		FileBytes:     r.fileBytes(),
		RawBytes:      r.pipeline.rawBytes.Load(),
		Reason:        end.Reason,
		CommandStatus: end.CommandStatus,
		Unbalanced:    d.defects,
		UnderWay:      end.Counters.UnderWay,
	}
	for cause := segment.Cause(1); cause < segment.NumCauses; cause++ {
		s.LostByCause[cause.String()] = 0
	}
	for i := range d.cpus {
		s.Unmarked += int64(d.cpus[i].kernel.Unmarked)
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

// cpuTime is the processor time that this process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
