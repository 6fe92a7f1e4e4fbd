package main

import (
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// infoReport is the output of info --json, and what its text is made of. Keys
// are only added, never renamed. Fields that end in NS are nanoseconds;
// first_time_ns and the like are CLOCK_BOOTTIME.
type infoReport struct {
	File          string `json:"file"`
	RecordingID   string `json:"recording_id"`
	FormatVersion int    `json:"format_version"`
	SchemaVersion int    `json:"schema_version"`
	Recorder      string `json:"recorder"`

	Events         int64            `json:"events"`
	Lost           int64            `json:"lost"`
	LostByCause    map[string]int64 `json:"lost_by_cause"`
	LostUpperBound bool             `json:"lost_upper_bound"`
	Filtered       int64            `json:"filtered"`
	InFlight       int64            `json:"in_flight"`
	Seen           int64            `json:"seen"`
	Accounted      bool             `json:"accounted"`
	Unexplained    int64            `json:"unexplained"`
	UnderWay       int64            `json:"under_way"`
	Self           int64            `json:"self"`

	Segments      int     `json:"segments"`
	FileBytes     int64   `json:"file_bytes"`
	RawBytes      int64   `json:"raw_bytes"`
	BytesPerEvent float64 `json:"bytes_per_event"`
	Indexed       bool    `json:"indexed"`

	FirstTime     *string `json:"first_time"`
	LastTime      *string `json:"last_time"`
	FirstTimeNS   *int64  `json:"first_time_ns"`
	LastTimeNS    *int64  `json:"last_time_ns"`
	DurationNS    int64   `json:"duration_ns"`
	MaxDisorderNS int64   `json:"max_disorder_ns"`

	Complete      bool    `json:"complete"`
	EndReason     *string `json:"end_reason"`
	CommandStatus *int    `json:"command_status"`
	UnknownTail   string  `json:"unknown_tail,omitempty"`

	Host        string         `json:"host"`
	Kernel      string         `json:"kernel"`
	Machine     string         `json:"machine"`
	BootID      string         `json:"boot_id"`
	CPUs        int            `json:"cpus"`
	CommandLine []string       `json:"command_line"`
	Filters     []string       `json:"filters"`
	Probe       segment.Probe  `json:"probe"`
	Limits      segment.Limits `json:"limits"`
	// Coverage is empty in recordings that do not tell; to_ns is 0 where the
	// recording has no end.
	Coverage []segment.Coverage `json:"coverage"`

	PerCPU  []infoCPU    `json:"per_cpu"`
	Gaps    []infoGap    `json:"gaps"`
	Damages []infoDamage `json:"damages"`
}

// infoCPU is the account of a CPU; CPU is -1 for what the kernel does not
// count by CPU.
type infoCPU struct {
	CPU         int              `json:"cpu"`
	Seen        int64            `json:"seen"`
	Filtered    int64            `json:"filtered"`
	Recorded    int64            `json:"recorded"`
	InFlight    int64            `json:"in_flight"`
	Lost        int64            `json:"lost"`
	LostByCause map[string]int64 `json:"lost_by_cause"`
}

// infoGap is a hole; CPU and FirstSeq are -1 when they are not known.
type infoGap struct {
	CPU         int    `json:"cpu"`
	FirstSeq    int64  `json:"first_seq"`
	Count       int64  `json:"count"`
	Cause       string `json:"cause"`
	FirstTime   string `json:"first_time"`
	LastTime    string `json:"last_time"`
	FirstTimeNS int64  `json:"first_time_ns"`
	LastTimeNS  int64  `json:"last_time_ns"`
	UpperBound  bool   `json:"upper_bound"`
}

// infoDamage is an unreadable part of the file; Events is -1 when unknown.
type infoDamage struct {
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Error  string `json:"error"`
	Events int64  `json:"events"`
	Tail   bool   `json:"tail"`
}

func newInfoReport(path string, r *segment.Reader, s *segment.Summary) *infoReport {
	h := r.Header()
	wall := segment.NewWallClock(h, s.Clocks)
	p := &infoReport{
		File:          path,
		RecordingID:   h.RecordingID,
		FormatVersion: h.FormatVersion,
		SchemaVersion: h.SchemaVersion,
		Recorder:      h.Recorder,

		Events:         s.Events,
		Lost:           s.Lost,
		LostByCause:    causeCounts(s.LostByCause),
		LostUpperBound: s.LostUpperBound,
		Filtered:       s.Filtered,
		InFlight:       s.InFlight,
		Seen:           s.Seen,
		Accounted:      s.Accounted,
		Unexplained:    s.Unexplained,
		UnderWay:       s.UnderWay,
		Self:           s.Self,

		Segments:      s.Segments,
		FileBytes:     s.FileBytes,
		RawBytes:      s.RawBytes,
		Indexed:       r.HasIndex(),
		MaxDisorderNS: s.MaxDisorderNS,
		Complete:      s.Complete,
		UnknownTail:   s.UnknownTail,

		Host:        h.Host,
		Kernel:      h.Kernel,
		Machine:     h.Machine,
		BootID:      h.BootID,
		CPUs:        h.CPUs,
		CommandLine: nonNil(h.CommandLine),
		Filters:     nonNil(h.Filters),
		Probe:       h.Probe,
		Limits:      h.Limits,
		Coverage:    append([]segment.Coverage{}, s.Coverage...),

		PerCPU:  []infoCPU{},
		Gaps:    []infoGap{},
		Damages: []infoDamage{},
	}
	if s.Events > 0 {
		first, last := wallTime(wall, s.FirstTimeNS), wallTime(wall, s.LastTimeNS)
		p.FirstTime, p.LastTime = &first, &last
		p.FirstTimeNS, p.LastTimeNS = &s.FirstTimeNS, &s.LastTimeNS
		p.DurationNS = s.LastTimeNS - s.FirstTimeNS
		p.BytesPerEvent = float64(s.FileBytes) / float64(s.Events)
	}
	if s.End != nil {
		p.EndReason, p.CommandStatus = &s.End.Reason, s.End.CommandStatus
	}
	for _, c := range s.PerCPU {
		row := infoCPU{CPU: c.CPU, Seen: c.Seen, Filtered: c.Filtered, Recorded: c.Recorded, InFlight: c.InFlight, LostByCause: causeCounts(c.Lost)}
		for _, n := range c.Lost {
			row.Lost += n
		}
		p.PerCPU = append(p.PerCPU, row)
	}
	for _, g := range s.Gaps {
		p.Gaps = append(p.Gaps, infoGap{
			CPU: g.CPU, FirstSeq: g.FirstSeq, Count: g.Count, Cause: g.Cause.String(), UpperBound: g.UpperBound,
			FirstTime: wallTime(wall, g.FirstNS), LastTime: wallTime(wall, g.LastNS), FirstTimeNS: g.FirstNS, LastTimeNS: g.LastNS,
		})
	}
	for _, d := range s.Damages {
		p.Damages = append(p.Damages, infoDamage{Offset: d.Offset, Size: d.Size, Error: d.Err.Error(), Events: d.Events, Tail: d.Tail})
	}
	return p
}

// nonNil makes an empty list of a missing one, so that JSON has [] for both.
func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
