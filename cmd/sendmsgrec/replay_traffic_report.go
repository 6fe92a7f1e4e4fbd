package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
)

// trafficReport is what replay --as traffic says at its end. Events = Sent +
// Failed + LeftOut + Unsent.
type trafficReport struct {
	Events  int64 `json:"events"`
	Sent    int64 `json:"sent"`
	Failed  int64 `json:"failed"`
	LeftOut int64 `json:"left_out"`
	Unsent  int64 `json:"unsent"` // the replay was interrupted

	LeftOutBy map[string]int64 `json:"left_out_by_reason"`
	// Control messages that their message was sent without, by name.
	ControlsLeftOut map[string]int64 `json:"control_messages_left_out"`

	Threads      int             `json:"threads"`
	Sockets      int             `json:"sockets"`
	ElapsedNS    int64           `json:"elapsed_ns"`
	RecordedNS   int64           `json:"recorded_ns"`
	PerSecond    float64         `json:"sends_per_second"`
	RecordedRate float64         `json:"recorded_sends_per_second"`
	CutNS        int64           `json:"gaps_cut_ns"`
	StalledNS    int64           `json:"stalled_ns"`
	Lateness     *replayLateness `json:"lateness"` // null without pacing

	All   trafficTally   `json:"all"`
	Maps  []trafficTally `json:"maps"`
	Error string         `json:"error,omitempty"`
}

// trafficTally compares what a mapping's sends did with what was recorded.
type trafficTally struct {
	Map           string           `json:"map,omitempty"`
	Sent          int64            `json:"sent"`
	Failed        int64            `json:"failed"`
	Bytes         int64            `json:"bytes"`
	RecordedBytes int64            `json:"recorded_bytes"`
	Errors        map[string]int64 `json:"errors"`
	// Latency is by quantile, and max; null without sends.
	Latency []trafficLatency `json:"latency"`
}

type trafficLatency struct {
	Quantile   string `json:"quantile"`
	RecordedNS int64  `json:"recorded_ns"`
	ReplayedNS int64  `json:"replayed_ns"`
	// Ratio is replayed to recorded; null when that is 0.
	Ratio *float64 `json:"ratio"`
}

func newTrafficReport(r *traffic.Report) *trafficReport {
	t := &trafficReport{
		Events: r.Events, Sent: r.All.Sent, Failed: r.All.Failed, Unsent: r.Unsent, LeftOutBy: map[string]int64{}, ControlsLeftOut: r.ControlsLeftOut,
		Threads: r.Threads, Sockets: r.Sockets, ElapsedNS: int64(r.Elapsed), RecordedNS: int64(r.Recorded),
		PerSecond: perSecond(r.All.Sent, int64(r.Elapsed)), RecordedRate: perSecond(r.All.Sent+r.All.Failed, int64(r.Recorded)),
		CutNS: int64(r.Cut), StalledNS: int64(r.Stalled), All: newTrafficTally("", &r.All),
	}
	for reason, n := range r.LeftOut {
		t.LeftOutBy[reason.String()] = n
		t.LeftOut += n
	}
	if l := r.Lateness; l != nil {
		t.Lateness = &replayLateness{l.QuantileNS(5000), l.QuantileNS(9900), l.MaxNS()}
	}
	for i := range r.Maps {
		t.Maps = append(t.Maps, newTrafficTally(r.MapTexts[i], &r.Maps[i]))
	}
	return t
}

func perSecond(n, ns int64) float64 {
	if ns <= 0 {
		return 0
	}
	return float64(n) / float64(ns) * 1e9
}

func newTrafficTally(name string, a *traffic.Tally) trafficTally {
	t := trafficTally{Map: name, Sent: a.Sent, Failed: a.Failed, Bytes: a.Bytes, RecordedBytes: a.RecordedBytes, Errors: map[string]int64{}}
	for errno, n := range a.Errors {
		text, _ := fields.AppendErrno(nil, -int64(errno))
		t.Errors[string(text)] += n
	}
	if a.Sent == 0 {
		return t
	}
	add := func(name string, recorded, replayed int64) {
		l := trafficLatency{Quantile: name, RecordedNS: recorded, ReplayedNS: replayed}
		if recorded > 0 {
			ratio := float64(replayed) / float64(recorded)
			l.Ratio = &ratio
		}
		t.Latency = append(t.Latency, l)
	}
	for _, q := range stats.Quantiles[:4] { // up to p99.9
		add(q.Name, a.Recorded.QuantileNS(q.Q), a.Replayed.QuantileNS(q.Q))
	}
	add("max", a.Recorded.MaxNS(), a.Replayed.MaxNS())
	return t
}

// write writes the report for people.
func (t *trafficReport) write(w io.Writer) {
	line := func(format string, args ...any) { fmt.Fprintf(w, "sendmsgrec: "+format+"\n", args...) }
	line("%s events: %s sent, %s failed, %s left out%s", grouped(t.Events), grouped(t.Sent), grouped(t.Failed), grouped(t.LeftOut), unsentText(t.Unsent))
	line("%s bytes (recorded: %s) by %d threads on %d sockets in %v: %s sends/s (recorded: %s)", grouped(t.All.Bytes), grouped(t.All.RecordedBytes),
		t.Threads, t.Sockets, duration(t.ElapsedNS), grouped(int64(t.PerSecond)), grouped(int64(t.RecordedRate)))
	if l := t.Lateness; l != nil {
		line("lateness: p50 %v, p99 %v, max %v", duration(l.P50NS), duration(l.P99NS), duration(l.MaxNS))
	}
	if t.CutNS > 0 {
		line("gaps shortened by %v in all", duration(t.CutNS))
	}
	if t.StalledNS > 0 {
		line("the schedule waited %v for threads that hang", duration(t.StalledNS))
	}
	counts(line, "left out", t.LeftOutBy)
	counts(line, "control messages left out", t.ControlsLeftOut)
	t.All.write(w, "all")
	for i := range t.Maps {
		m := &t.Maps[i]
		if n := m.Sent + m.Failed; n > 0 && n < t.Sent+t.Failed {
			m.write(w, m.Map)
		}
	}
}

func unsentText(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s not sent", grouped(n))
}

// counts writes one line of counts by name, the largest first.
func counts(line func(string, ...any), title string, by map[string]int64) {
	if len(by) == 0 {
		return
	}
	var names, parts []string
	for name := range by {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if by[a] != by[b] {
			return int(min(max(by[b]-by[a], -1), 1))
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s (%s)", name, grouped(by[name])))
	}
	line("%s: %s", title, strings.Join(parts, ", "))
}

// write writes the table of a mapping.
func (t *trafficTally) write(w io.Writer, name string) {
	fmt.Fprintf(w, "\n%s: %s sent, %s failed\n", name, grouped(t.Sent), grouped(t.Failed))
	counts(func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }, "errors", t.Errors)
	if t.Latency == nil {
		return
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "latency\trecorded\treplayed\tratio\t")
	for _, l := range t.Latency {
		ratio := "-"
		if l.Ratio != nil {
			ratio = fmt.Sprintf("%.2f", *l.Ratio)
		}
		fmt.Fprintf(tw, "%s\t%v\t%v\t%s\t\n", l.Quantile, duration(l.RecordedNS), duration(l.ReplayedNS), ratio)
	}
	tw.Flush()
}

// mapList is --list-map --json.
type mapList struct {
	Destinations []traffic.Destination `json:"destinations"`
	LeftOut      map[string]int64      `json:"left_out_by_reason"`
}

// listMap lists the recorded destinations, as flags to copy.
func listMap(w io.Writer, t *traffic.Replay, asJSON bool) error {
	list := mapList{Destinations: t.Destinations(), LeftOut: map[string]int64{}}
	for reason, n := range t.LeftOut() {
		list.LeftOut[reason.String()] = n
	}
	if asJSON {
		return writeJSON(w, list)
	}
	for _, d := range list.Destinations {
		flag, why := "--map "+shellQuote(d.Endpoint+"=TARGET"), ""
		switch {
		case d.Problem != "":
			why = ", not by --map " + shellQuote(d.Map) + ": " + d.Problem
		case d.Map != "":
			flag = "--map " + shellQuote(d.Map)
			why = ", " + shellQuote(d.Endpoint)
		}
		if _, err := fmt.Fprintf(w, "%-41s # %s, %s bytes%s\n", flag, sends(d.Sends), grouped(d.Bytes), why); err != nil {
			return err
		}
	}
	var err error
	counts(func(format string, args ...any) { _, err = fmt.Fprintf(w, "# "+format+"\n", args...) }, "left out", list.LeftOut)
	return err
}

func sends(n int64) string {
	if n == 1 {
		return "1 send"
	}
	return grouped(n) + " sends"
}
