package main

import (
	"fmt"
	"io"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/play"
)

// replayReport is what replay says at its end.
type replayReport struct {
	To        string  `json:"to"`
	Resumed   bool    `json:"resumed"`
	ElapsedNS int64   `json:"elapsed_ns"`
	Records   int64   `json:"records"` // acknowledged in this run
	Events    int64   `json:"events"`
	Bytes     int64   `json:"bytes"`
	PerSecond float64 `json:"events_per_second"`
	Batches   int64   `json:"batches"`
	Retries   int64   `json:"retries"`
	Resent    int64   `json:"resent"`
	Refused   int64   `json:"refused"`
	Dropped   int64   `json:"dropped"`
	// Unsent were taken from the recording and not acknowledged, because the
	// replay ended early.
	Unsent    int64           `json:"unsent"`
	Filtered  int64           `json:"filtered"`
	Mute      int64           `json:"notices_left_out"` // the format has no place for them
	Late      int64           `json:"late"`             // came behind a later event
	LateMaxNS int64           `json:"late_max_ns"`
	BlockedNS int64           `json:"blocked_ns"`
	Lateness  *replayLateness `json:"lateness"` // null without pacing
	CutNS     int64           `json:"gaps_cut_ns"`
	SkewedNS  int64           `json:"skewed_ns"`
	SHA256    string          `json:"sha256,omitempty"`
	Error     string          `json:"error,omitempty"`
}

// replayLateness is how late events were handed to the sink.
type replayLateness struct {
	P50NS int64 `json:"p50_ns"`
	P99NS int64 `json:"p99_ns"`
	MaxNS int64 `json:"max_ns"`
}

func newReplayReport(r *replaying, p *play.Replay, elapsed time.Duration) *replayReport {
	a := p.Report()
	d := a.Delivery
	report := &replayReport{
		To: r.target.String(), Resumed: r.resumed, ElapsedNS: int64(elapsed),
		Records: d.Acknowledged, Events: d.Events, Bytes: d.Bytes, PerSecond: float64(d.Events) / elapsed.Seconds(),
		Batches: d.Batches, Retries: d.Retries, Resent: d.Resent, Refused: d.Refused, Dropped: d.Dropped,
		Unsent:   d.Put - d.Acknowledged - d.Refused - d.Dropped,
		Filtered: a.Order.Filtered, Mute: a.Mute, Late: a.Order.Late, LateMaxNS: a.Order.LateMaxNS, BlockedNS: d.BlockedNS,
		CutNS: int64(a.Cut), SkewedNS: int64(a.Skewed), SHA256: a.SHA256,
	}
	if a.Paced {
		report.Lateness = &replayLateness{a.Lateness.QuantileNS(0.5), a.Lateness.QuantileNS(0.99), a.Lateness.MaxNS()}
	}
	return report
}

// write writes the report for people.
func (r *replayReport) write(w io.Writer) {
	line := func(format string, args ...any) { fmt.Fprintf(w, "sendmsgrec: "+format+"\n", args...) }
	line("%s: %s events and %s other records delivered in %v (%s events/s, %s bytes)", r.To, grouped(r.Events),
		grouped(r.Records-r.Events), duration(r.ElapsedNS), grouped(int64(r.PerSecond)), grouped(r.Bytes))
	if l := r.Lateness; l != nil {
		line("lateness: p50 %v, p99 %v, max %v", duration(l.P50NS), duration(l.P99NS), duration(l.MaxNS))
	}
	if r.CutNS > 0 || r.SkewedNS > 0 {
		line("gaps shortened by %v in all, schedule moved by %v", duration(r.CutNS), duration(r.SkewedNS))
	}
	if r.Late > 0 {
		line("%s events came behind a later one, by at most %v", grouped(r.Late), duration(r.LateMaxNS))
	}
	if r.Retries > 0 {
		line("%s attempts more than batches; %s records may be there twice (their ids tell)", grouped(r.Retries), grouped(r.Resent))
	}
	if r.Refused > 0 || r.Dropped > 0 || r.Unsent > 0 {
		line("%s records refused, %s dropped, %s not acknowledged", grouped(r.Refused), grouped(r.Dropped), grouped(r.Unsent))
	}
	if r.Mute > 0 {
		line("%s gaps, damages and clocks left out: the format has no place for them", grouped(r.Mute))
	}
	if r.SHA256 != "" {
		line("sha256 %s", r.SHA256)
	}
}

// duration rounds to what is worth reading.
func duration(ns int64) time.Duration {
	d := time.Duration(ns)
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Microsecond)
	}
	return d
}
