package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// maxListed is the number of gaps and damages that the text lists; --json has
// all.
const maxListed = 20

// writeText writes the report for people: what matters first, one fact a line.
func (p *infoReport) writeText(w io.Writer, c palette) error {
	var b bytes.Buffer
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("file", "%s (%s bytes, %s segments, format %d, schema %d)",
		p.File, grouped(p.FileBytes), grouped(int64(p.Segments)), p.FormatVersion, p.SchemaVersion)
	line("complete", "%s", p.completeText(c))
	if p.Events > 0 {
		line("events", "%s (%.2f bytes each)", grouped(p.Events), p.BytesPerEvent)
		line("first", "%s", *p.FirstTime)
		line("last", "%s (%s later)", *p.LastTime, time.Duration(p.DurationNS))
	} else {
		line("events", "0")
	}
	line("lost", "%s", p.lostText(c))
	if p.Unexplained > 0 {
		line("unexplained", "%s", c.bad(grouped(p.Unexplained)+" more events are missing by their sequence numbers"))
	}
	line("filtered", "%s", grouped(p.Filtered))
	line("in flight", "%s when the recording ended", grouped(p.InFlight))
	line("seen", "%s", p.seenText(c))
	if p.UnderWay > 0 {
		line("under way", "%s calls entered before the recording started; not part of seen", grouped(p.UnderWay))
	}
	line("disorder", "at most %s between events in file order", time.Duration(p.MaxDisorderNS))
	line("host", "%s", strings.TrimSpace(fmt.Sprintf("%s %s %s, %d CPUs", p.Host, p.Kernel, p.Machine, p.CPUs)))
	line("recorder", "%s", p.Recorder)
	if len(p.CommandLine) > 0 {
		line("command", "%s", strings.Join(p.CommandLine, " "))
	}
	for _, f := range p.Filters {
		line("filter", "%s", f)
	}
	line("probe", "%s", p.Probe.Tier)
	for _, name := range slices.Sorted(maps.Keys(p.Probe.Unavailable)) {
		line("", "cannot see %s: %s", name, p.Probe.Unavailable[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Probe.Rejected)) {
		line("", "not %s: %s", name, p.Probe.Rejected[name])
	}
	p.writeCoverage(&b, c)
	line("id", "%s", p.RecordingID)
	p.writeCPUs(&b)
	p.writeGaps(&b)
	p.writeDamages(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func (p *infoReport) completeText(c palette) string {
	switch {
	case p.Complete && p.CommandStatus != nil:
		return fmt.Sprintf("%s, ended by %s (status %d)", c.good("yes"), *p.EndReason, *p.CommandStatus)
	case p.Complete:
		return fmt.Sprintf("%s, ended by %s", c.good("yes"), *p.EndReason)
	case p.UnknownTail != "":
		return c.bad("no") + ": " + p.UnknownTail
	}
	return c.bad("no") + ": parts of the file are damaged"
}

func (p *infoReport) lostText(c palette) string {
	if p.Lost == 0 {
		return c.good("0")
	}
	var byCause [segment.NumCauses]int64
	for cause := range segment.Cause(segment.NumCauses) {
		byCause[cause] = p.LostByCause[cause.String()]
	}
	return c.bad(lossText(p.Lost, byCause, p.LostUpperBound))
}

func (p *infoReport) seenText(c palette) string {
	switch {
	case p.Accounted:
		return grouped(p.Seen) + " = filtered + events + lost + in flight"
	case p.EndReason == nil:
		return grouped(p.Seen) + " at the last count"
	}
	return c.bad(grouped(p.Seen) + ", which is not filtered + events + lost + in flight")
}

func (p *infoReport) writeCPUs(b *bytes.Buffer) {
	if len(p.PerCPU) == 0 {
		return
	}
	fmt.Fprintln(b)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "cpu\tseen\tfiltered\trecorded\tlost\tin flight\t")
	for _, r := range p.PerCPU {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", cpuText(r.CPU),
			grouped(r.Seen), grouped(r.Filtered), grouped(r.Recorded), grouped(r.Lost), grouped(r.InFlight))
	}
	_ = t.Flush() // into memory
}

func (p *infoReport) writeGaps(b *bytes.Buffer) {
	if len(p.Gaps) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s gaps\n", grouped(int64(len(p.Gaps))))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "cpu\tmissing\tcause\tfrom\tto")
	listed := p.Gaps[:min(len(p.Gaps), maxListed)]
	for _, g := range listed {
		count := grouped(g.Count)
		if g.UpperBound {
			count = "<=" + count
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", cpuText(g.CPU), count, g.Cause, g.FirstTime, g.LastTime)
	}
	_ = t.Flush() // into memory
	if rest := p.Gaps[len(listed):]; len(rest) > 0 {
		var missing int64
		for _, g := range rest {
			missing += g.Count
		}
		fmt.Fprintf(b, "and %s more with %s missing events (--json lists all)\n", grouped(int64(len(rest))), grouped(missing))
	}
}

func (p *infoReport) writeDamages(b *bytes.Buffer) {
	if len(p.Damages) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s unreadable parts\n", grouped(int64(len(p.Damages))))
	listed := p.Damages[:min(len(p.Damages), maxListed)]
	for _, d := range listed {
		events := "unknown number of events"
		if d.Events >= 0 {
			events = grouped(d.Events) + " events"
		}
		fmt.Fprintf(b, "offset %d, %d bytes, %s: %s\n", d.Offset, d.Size, events, d.Error)
	}
	if rest := len(p.Damages) - len(listed); rest > 0 {
		fmt.Fprintf(b, "and %s more (--json lists all)\n", grouped(int64(rest)))
	}
}

// cpuText returns the CPU's number, "all" for segment.AllCPUs.
func cpuText(cpu int) string {
	if cpu == segment.AllCPUs {
		return "all"
	}
	return fmt.Sprint(cpu)
}

// writeCoverage lists what was watched, and the sends that no call explains.
func (p *infoReport) writeCoverage(b *bytes.Buffer, c palette) {
	for i := range p.Coverage {
		v := &p.Coverage[i]
		span := "up to the last segment"
		if v.ToNS != 0 {
			span = "for " + time.Duration(v.ToNS-v.FromNS).String()
		}
		fmt.Fprintf(b, "%-12s %s: %s\n", "watched", span, v.Watched())
		fmt.Fprintf(b, "%-12s %s\n", "not watched", v.NotWatched())
		u := v.Unexplained
		if !u.Counted || u.Unexplained == 0 {
			fmt.Fprintf(b, "%-12s sends %v\n", "unexplained", &u)
			continue
		}
		fmt.Fprintf(b, "%-12s %s of %s sends\n", "unexplained", c.bad(grouped(u.Unexplained)), grouped(u.Sends))
		for _, q := range u.Processes[:min(len(u.Processes), maxListed)] {
			fmt.Fprintf(b, "%-12s %v\n", "", &q)
			u.Unexplained -= q.Sends
		}
		if u.Unexplained > 0 {
			fmt.Fprintf(b, "%-12s %s by others\n", "", grouped(u.Unexplained))
		}
	}
}
