package traffic

import (
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
)

// Report is what a replay did. Events = All.Sent + All.Failed + the sum of
// LeftOut + Unsent.
type Report struct {
	Events  int64
	LeftOut map[Reason]int64
	// Unsent were not sent, or their calls have not returned, because the
	// replay was interrupted.
	Unsent int64
	All    Tally
	// Maps has the tally of each mapping, in the order of Options.Map, and its
	// text.
	Maps     []Tally
	MapTexts []string
	// ControlsLeftOut counts control messages that their message was sent
	// without, by name.
	ControlsLeftOut map[string]int64
	// Lateness is how much later than due calls began; nil without pacing.
	Lateness *stats.Durations
	// Cut is how much waiting MaxGap saved. Stalled is how long the schedule
	// waited because threads that hang held all calls that are prepared ahead.
	Cut, Stalled time.Duration
	// Recorded is from the first recorded send to the last, of all loops;
	// Elapsed is that from the first due time to the return of the last call.
	Recorded, Elapsed time.Duration
	Sockets, Threads  int
}

// outcome is what Run found out.
type outcome struct {
	account account
	pacer   *pace.Pacer
	leftOut map[Reason]int64
	// anchor is when the schedule began, 0 before.
	anchor  int64
	stalled time.Duration
}

func newOutcome(o *Options) *outcome {
	n := &outcome{pacer: pace.New(o.Pace), leftOut: map[Reason]int64{}}
	n.account.rules = make([]Tally, len(o.Map.rules))
	n.account.paced, n.account.controls = !o.Pace.Unpaced, map[string]int64{}
	return n
}

// Report tells what was done, when Run has returned.
func (r *Replay) Report() *Report {
	n := r.outcome
	a := &n.account
	a.mu.Lock()
	defer a.mu.Unlock()
	report := &Report{
		Events: r.study.events * int64(r.o.Loops), LeftOut: n.leftOut, All: a.all, Maps: a.rules, ControlsLeftOut: a.controls,
		Cut: time.Duration(n.pacer.CutNS()), Stalled: n.stalled, Threads: len(r.study.threads), Sockets: len(r.study.sockets) * r.o.Loops,
		Recorded: time.Duration((r.study.lastNS - r.study.firstNS) * int64(r.o.Loops)),
	}
	for i := range r.o.Map.rules {
		report.MapTexts = append(report.MapTexts, r.o.Map.rules[i].text)
	}
	if a.last > 0 {
		report.Elapsed = time.Duration(a.last - n.anchor)
	}
	if a.paced {
		report.Lateness = &a.lateness
	}
	report.Unsent = report.Events - a.all.Sent - a.all.Failed
	for _, left := range n.leftOut {
		report.Unsent -= left
	}
	return report
}
