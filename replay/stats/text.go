package stats

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// TextOptions say how the text is written.
type TextOptions struct {
	// Top is the number of groups that are listed, DefaultTop when 0. The rest
	// are counted; the JSON output has them all.
	Top int
}

// DefaultTop is what a person looks at. The table is laid out in memory, so
// there is a default at all.
const DefaultTop = 100

// WriteText writes the result for people: what was lost and how exact it is
// first, then one line for each group.
func (r *Result) WriteText(w io.Writer, o TextOptions) error {
	if o.Top <= 0 {
		o.Top = DefaultTop
	}
	b := bufio.NewWriter(w)
	total := r.Total()
	r.writeHead(b, total)
	if total.Count > 0 {
		r.writeGroups(b, total, o)
	}
	r.writeBounds(b, total)
	return b.Flush() // bufio keeps the first error
}

func (r *Result) writeHead(b *bufio.Writer, total *Group) {
	s := r.Summary
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	if len(r.Recordings) > 1 {
		r.writeRecordings(b)
	}
	filter := r.filter()
	switch {
	case filter != "":
		line("filter", "%s", escaped(filter))
		line("events", "%s selected, of %s recorded", thousands(total.Count), thousands(s.Events))
	case r.inRange():
		line("events", "%s in the time range, of %s recorded", thousands(total.Count), thousands(s.Events))
	default:
		line("events", "%s", thousands(total.Count))
	}
	line("lost", "%s", r.lostText())
	if filter != "" && r.Loss.Any() {
		line("", "whether the filter would have selected what is missing is not known")
	}
	if s.Unexplained > 0 {
		line("", "%s more are missing by their sequence numbers", thousands(s.Unexplained))
	}
	for _, n := range r.notes() {
		line(n.name, "%s", r.noteText(&n))
	}
	line("percentiles", "by nearest rank, %s", r.precisionText(total))
	fmt.Fprintln(b)
}

// filter is the expression that selected the events, empty without one.
func (r *Result) filter() string {
	return shared(r.Recordings, func(one *Recording) string { return one.Filter })
}

// inRange reports whether a time range selected the events.
func (r *Result) inRange() bool {
	return slices.ContainsFunc(r.Recordings, func(one Recording) bool { return one.FromNS != 0 || one.ToNS != 0 })
}

// writeRecordings writes a line for each recording, in front of what they are
// together.
func (r *Result) writeRecordings(b *bufio.Writer) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	selected := r.filter() != "" || r.inRange()
	head := []string{"recording", "host", "start", "events"}
	if selected {
		head = append(head, "selected")
	}
	fmt.Fprintln(t, strings.Join(append(head, "lost", "complete"), "\t"))
	for i := range r.Recordings {
		one := &r.Recordings[i]
		cells := []string{escaped(one.Name), escaped(cmp.Or(one.Host, "-")), one.startText(), thousands(one.Summary.Events)}
		if selected {
			cells = append(cells, thousands(one.Count))
		}
		fmt.Fprintln(t, strings.Join(append(cells, one.lostText(), one.completeText()), "\t"))
	}
	_ = t.Flush() // bufio keeps the error
	fmt.Fprintln(b)
}

func (r *Recording) startText() string {
	if r.Start == (segment.Clock{}) {
		return "-"
	}
	return time.Unix(0, r.Start.RealtimeNS).UTC().Format("2006-01-02T15:04:05.000Z")
}

func (r *Recording) lostText() string {
	text := thousands(r.Summary.Lost)
	if r.Summary.LostUpperBound && r.Summary.Lost > 0 {
		text = "at most " + text
	}
	if n := r.Summary.Unexplained; n > 0 {
		text += " + " + thousands(n) + " unexplained"
	}
	return text
}

func (r *Recording) completeText() string {
	switch {
	case r.Summary.UnknownTail != "":
		return "no (it has no end)"
	case !r.Summary.Complete || len(r.Loss.Corrupt) > 0:
		return "no (damaged)"
	}
	return "yes"
}

// note is a line of the head that not every recording has, or each another one.
type note struct {
	name, text string
	of         []int // Recordings, ascending
}

// notes returns the lines about what is damaged and what was watched, each once.
func (r *Result) notes() []note {
	var notes []note
	index := map[[2]string]int{}
	for i := range r.Recordings {
		for _, n := range r.Recordings[i].notes() {
			key := [2]string{n.name, n.text}
			at, ok := index[key]
			if !ok {
				at = len(notes)
				index[key] = at
				notes = append(notes, n)
			}
			if of := notes[at].of; len(of) == 0 || of[len(of)-1] != i {
				notes[at].of = append(of, i)
			}
		}
	}
	return notes
}

func (r *Recording) notes() (notes []note) {
	add := func(name, text string) { notes = append(notes, note{name: name, text: text}) }
	for _, d := range slices.Concat(r.Summary.Damages, r.Loss.Corrupt) {
		events := "an unknown number of"
		if d.Events >= 0 {
			events = thousands(d.Events)
		}
		add("damaged", fmt.Sprintf("offset %d, %d bytes, %s events: %v", d.Offset, d.Size, events, d.Err))
	}
	if r.Summary.UnknownTail != "" {
		add("incomplete", r.Summary.UnknownTail)
	}
	for i := range r.Summary.Coverage {
		c := &r.Summary.Coverage[i]
		add("watched", c.Watched())
		add("not watched", c.NotWatched())
		add("unexplained", fmt.Sprintf("sends %v", &c.Unexplained))
	}
	return notes
}

// namedRecordings is how many recordings a note names.
const namedRecordings = 3

// noteText names the recordings that a note is of, unless it is of all.
func (r *Result) noteText(n *note) string {
	if len(n.of) == len(r.Recordings) {
		return n.text
	}
	var names []string
	for _, i := range n.of[:min(len(n.of), namedRecordings)] {
		names = append(names, escaped(r.Recordings[i].Name))
	}
	more := ""
	if rest := len(n.of) - len(names); rest > 0 {
		more = fmt.Sprintf(" and %s more", thousands(int64(rest)))
	}
	return strings.Join(names, ", ") + more + ": " + n.text
}

// escaped makes text of a file, or its name, safe to show on a terminal.
func escaped(text string) string { return string(schema.AppendEscaped(nil, []byte(text), "")) }

func (r *Result) lostText() string {
	s := r.Summary
	if s.Lost == 0 {
		return "0"
	}
	var causes []string
	for cause := range segment.Cause(segment.NumCauses) {
		if n := s.LostByCause[cause]; n > 0 {
			causes = append(causes, fmt.Sprintf("%v %s", cause, thousands(n)))
		}
	}
	atMost := ""
	if s.LostUpperBound {
		atMost = "at most "
	}
	text := fmt.Sprintf("%s%s (%s) in %s gaps", atMost, thousands(s.Lost), strings.Join(causes, ", "), thousands(int64(len(s.Gaps))))
	if slices.ContainsFunc(r.Recordings, func(one Recording) bool { return one.FromNS != 0 }) {
		text += fmt.Sprintf("; at most %s of them in the time range", thousands(r.Loss.Missing))
	}
	return text
}

// precisionText states the error of the percentiles in all lines of the table.
func (r *Result) precisionText(total *Group) string {
	worst := total.RelativeError
	for _, c := range r.order {
		worst = max(worst, r.c.groups.at(c, r.c.mem).durations.relativeError())
	}
	if worst == 0 {
		return "exact"
	}
	text := "±" + percent(worst) + " of the value"
	if len(r.By) > 0 {
		text += " or better (column ±), exact where the column is empty"
	}
	return text + "; count, min, mean and max are exact"
}

// percent shows a relative error, rounded up to two digits: 0.049%.
func percent(e float64) string {
	unit := math.Pow10(int(math.Floor(math.Log10(e*100))) - 1)
	return strconv.FormatFloat(math.Ceil(e*100/unit)*unit, 'g', 2, 64) + "%"
}

func (r *Result) writeGroups(b *bufio.Writer, total *Group, o TextOptions) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	var head []string
	for _, f := range r.By {
		head = append(head, f.Name)
	}
	head = append(head, "count", "failed", "requested", r.bytesTitle(), "min", "mean")
	for _, q := range Quantiles {
		head = append(head, q.Name)
	}
	head = append(head, "max", "±", "  errors")
	fmt.Fprintln(t, strings.Join(head, "\t"))
	row := func(key []string, g *Group) {
		fmt.Fprintln(t, strings.Join(append(key, groupCells(g)...), "\t"))
	}
	listed := 0
	if len(r.By) > 0 {
		for g := range r.Groups() {
			if listed++; listed > o.Top {
				break
			}
			row(r.keyCells(g), g)
		}
	}
	key := make([]string, len(r.By))
	if len(key) > 0 {
		key[0] = "(all)"
	}
	row(key, total)
	_ = t.Flush() // bufio keeps the error
	if rest := r.GroupCount() - o.Top; rest > 0 {
		fmt.Fprintf(b, "and %s smaller groups (the JSON output has them)\n", thousands(int64(rest)))
	}
}

func (r *Result) keyCells(g *Group) []string {
	cells := make([]string, len(r.By))
	for i := range r.By {
		if g.Other {
			cells[i] = "(other)"
		} else {
			cells[i] = r.By[i].Text(g.Key[i])
		}
	}
	return cells
}

func groupCells(g *Group) []string {
	cells := []string{
		thousands(g.Count), thousands(g.Failed),
		Bytes(g.RequestedBytes), Bytes(g.SentBytes),
	}
	if g.Timed == 0 {
		cells = append(cells, "-", "-")
		for range Quantiles {
			cells = append(cells, "-")
		}
		cells = append(cells, "-", "")
	} else {
		cells = append(cells, Duration(g.MinNS), Duration(int64(g.MeanNS)))
		for _, q := range g.Quantiles {
			cells = append(cells, Duration(q.NS))
		}
		cells = append(cells, Duration(g.MaxNS), "")
		if g.RelativeError > 0 {
			cells[len(cells)-1] = percent(g.RelativeError)
		}
	}
	var errors []string
	for _, e := range g.Errors {
		errors = append(errors, e.Name()+" "+thousands(e.Count))
	}
	return append(cells, "  "+strings.Join(errors, ", "))
}

// writeBounds states what the missing events could change.
func (r *Result) writeBounds(b *bufio.Writer, total *Group) {
	if total.Missing > 0 && total.Timed > 0 {
		fmt.Fprintf(b, "\n%s durations are missing. With them, whatever they were, the percentiles of all events would lie\n", thousands(total.Missing))
		for _, q := range total.Quantiles {
			high := "anything above"
			if q.HighNS != Unbounded {
				high = Duration(q.HighNS)
			}
			fmt.Fprintf(b, "  %-7s from %s to %s\n", q.Name, Duration(q.LowNS), high)
		}
		if len(r.By) > 0 {
			fmt.Fprintln(b, "and so, by group, in the JSON output.")
		}
	}
	if r.Loss.Unknown {
		fmt.Fprintln(b, "\nMore may be missing than is known: a damaged part, or the tail, does not say how many events it had.")
	}
}

// Duration shows nanoseconds with three or four digits and a unit: 812ns,
// 1.94µs, 12.3ms.
func Duration(ns int64) string {
	d := time.Duration(ns)
	for unit := time.Duration(1); unit <= time.Second; unit *= 1000 {
		switch {
		case d < 10*unit:
			return d.Round(unit / 100).String()
		case d < 100*unit:
			return d.Round(unit / 10).String()
		case d < 1000*unit:
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}

// Bytes shows a number of bytes with three digits and a decimal unit: 512B,
// 1.23kB, 45.6MB.
func Bytes(n *big.Int) string {
	v, _ := new(big.Float).SetInt(n).Float64()
	if v < 1000 {
		return n.String() + "B"
	}
	units := "kMGTPEZYRQ"
	i := 0
	for v /= 1000; v >= 999.5 && i < len(units)-1; i++ {
		v /= 1000
	}
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(v))), 64) + units[i:i+1] + "B"
}

// thousands writes a number in groups of three digits.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
