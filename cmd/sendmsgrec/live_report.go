package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sendmsgrec/sendmsgrec/replay/spill"
)

// liveReport is what became of the events on their way to the sink:
//
//	backlog + kept = events + refused + damaged + left
//
// where kept, with dropped, is what was recorded.
type liveReport struct {
	To            string          `json:"to"`
	Backlog       int64           `json:"backlog"` // events that an earlier recording had left
	Kept          int64           `json:"kept"`    // events that were written into the spill
	Dropped       int64           `json:"dropped"` // events that the spill had no room for
	Events        int64           `json:"events"`  // acknowledged
	Records       int64           `json:"records"` // acknowledged, with those of other kinds
	Bytes         int64           `json:"bytes"`
	Batches       int64           `json:"batches"`
	Retries       int64           `json:"retries"`
	Resent        int64           `json:"resent"`
	Refused       int64           `json:"refused"`        // records in the dead-letter file
	RefusedEvents int64           `json:"refused_events"` // of these, events
	Damaged       int64           `json:"damaged"`        // events that could not be read from the spill
	Left          int64           `json:"left"`           // events in the spill
	Mute          int64           `json:"notices_left_out"`
	SpillMaxBytes int64           `json:"spill_max_bytes"`
	SpillBytes    int64           `json:"spill_bytes"` // left
	Behind        *replayLateness `json:"behind"`      // from the spill to the acknowledgement; null when nothing was
	Spill         string          `json:"spill,omitempty"`
	Send          string          `json:"send_with,omitempty"` // the command for what is left
	SpillError    string          `json:"spill_error,omitempty"`
	Error         string          `json:"error,omitempty"`
	err           error
}

// report is valid when close has returned. again has the flags of the sink for
// the command that sends what is left.
func (l *live) report(written spill.Stats, again []string) *liveReport {
	r := &liveReport{To: l.target.String(), Backlog: l.backlog.Events, Kept: written.Kept, Dropped: written.Dropped,
		SpillError: errorText(errors.Join(written.Err, l.dir.Err())), Error: errorText(l.err), err: l.err}
	if l.replay != nil {
		a := l.replay.Report()
		d := a.Delivery
		r.Events, r.Records, r.Bytes, r.Batches, r.Mute = d.Events, d.Acknowledged, d.Bytes, d.Batches, a.Mute
		r.Retries, r.Resent, r.Refused, r.RefusedEvents = d.Retries, d.Resent, d.Refused, d.RefusedEvents
		r.Damaged = l.follower.Damaged()
	}
	r.Left = r.Backlog + r.Kept - r.Events - r.RefusedEvents - r.Damaged
	r.SpillBytes, r.SpillMaxBytes = l.dir.Bytes()
	if w := l.dir.Waited(); w.Count() > 0 {
		r.Behind = &replayLateness{w.QuantileNS(0.5), w.QuantileNS(0.99), w.MaxNS()}
	}
	if l.err != nil {
		r.Spill = l.dir.Path()
		r.Send = strings.Join(append([]string{"sendmsgrec replay", shellQuote(r.Spill)}, again...), " ")
	}
	return r
}

// write writes the report for people.
func (r *liveReport) write(w io.Writer) {
	p := newPalette(w)
	fmt.Fprintf(w, "sent     %s events to %s", grouped(r.Events), r.To)
	if b := r.Behind; b != nil {
		fmt.Fprintf(w, "; behind p50 %v, p99 %v, max %v", duration(b.P50NS), duration(b.P99NS), duration(b.MaxNS))
	}
	fmt.Fprintf(w, "; spill at most %s bytes\n", grouped(r.SpillMaxBytes))
	if r.Backlog > 0 {
		fmt.Fprintf(w, "         %s of an earlier recording were in the spill\n", grouped(r.Backlog))
	}
	if r.Retries > 0 {
		fmt.Fprintf(w, "         %s batches sent again; %s records may be there twice (their ids tell)\n", grouped(r.Retries), grouped(r.Resent))
	}
	if r.Dropped > 0 {
		fmt.Fprintln(w, p.bad("dropped  "+grouped(r.Dropped)+" events that the spill had no room for; the sink has gaps for them"))
	}
	if r.SpillError != "" {
		fmt.Fprintln(w, p.bad("spill    "+r.SpillError))
	}
	if r.Refused > 0 || r.Damaged > 0 {
		fmt.Fprintln(w, p.bad(fmt.Sprintf("refused  %s records; %s events were unreadable in the spill", grouped(r.Refused), grouped(r.Damaged))))
	}
	if r.Mute > 0 {
		fmt.Fprintf(w, "         %s gaps, damages and clocks left out: the format has no place for them\n", grouped(r.Mute))
	}
	if r.Send != "" {
		fmt.Fprintln(w, p.bad(fmt.Sprintf("left     %s events (%s bytes) in %s; this sends them:", grouped(r.Left), grouped(r.SpillBytes), r.Spill)))
		fmt.Fprintf(w, "         %s\n", r.Send)
	}
}

// judge returns the error that the command ends with, for the way to the sink.
func (r *liveReport) judge() error {
	switch err := r.err; {
	case errors.Is(err, context.Canceled):
		return withCode(exitInterrupted, fmt.Errorf("%s: interrupted before everything was sent", r.To))
	case err != nil:
		// As text: EPIPE would be the quiet end that a reader of text may wish.
		return withCode(exitFailed, errors.New(err.Error()))
	case r.Dropped > 0 || r.Refused > 0 || r.Damaged > 0:
		return withCode(exitLoss, fmt.Errorf("%s: %s events dropped, %s unreadable, %s records refused", r.To, grouped(r.Dropped), grouped(r.Damaged), grouped(r.Refused)))
	}
	return nil
}

// sendFlags returns the flags for the sink that were given, as a shell takes
// them.
func sendFlags(f *pflag.FlagSet) []string {
	names := sendFlagNames()
	var list []string
	f.Visit(func(flag *pflag.Flag) {
		switch {
		case !names[flag.Name]:
		case flag.Value.Type() == "bool":
			list = append(list, "--"+flag.Name+"="+flag.Value.String())
		case flag.Value.Type() == "stringSlice":
			list = append(list, "--"+flag.Name, shellQuote(strings.Trim(flag.Value.String(), "[]")))
		default:
			list = append(list, "--"+flag.Name, shellQuote(flag.Value.String()))
		}
	})
	return list
}
