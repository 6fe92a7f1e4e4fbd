package filter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// explainCounts is what one evaluator did.
type explainCounts struct {
	segments, skipped, whole, tested, empty int64
	events, selected                        int64
	bytes, filterBytes, outputBytes         int64
	tests                                   []testCounts
}

type testCounts struct{ excluded, rows int64 }

// see counts a segment with events.
func (c *explainCounts) see(s *segment.Segment) {
	c.segments++
	c.events += int64(s.Rows)
	c.bytes += s.DataBytes()
}

func (c *explainCounts) add(to *int64, before, after segment.DecoderStats) {
	*to += after.CompressedBytes - before.CompressedBytes
}

// explainer knows the counts of all evaluators of a program.
type explainer struct {
	mu     sync.Mutex
	counts []*explainCounts
}

func (x *explainer) add(c *explainCounts) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.counts = append(x.counts, c)
}

// Explain is what a program did, for people and, as JSON, for programs. Keys
// are only added, never renamed.
type Explain struct {
	// File names the recording; the caller sets it.
	File     string          `json:"file,omitempty"`
	Filter   string          `json:"filter"`
	Segments ExplainSegments `json:"segments"`
	Events   ExplainEvents   `json:"events"`
	Bytes    ExplainBytes    `json:"column_bytes"`
	Tests    []ExplainTest   `json:"tests"`
}

// ExplainSegments counts the segments with events that the filter saw.
type ExplainSegments struct {
	Total   int64 `json:"total"`
	Skipped int64 `json:"skipped"` // by their headers: no event is selected
	Whole   int64 `json:"whole"`   // by their headers: every event is selected
	Tested  int64 `json:"tested"`
	Empty   int64 `json:"empty"` // of the tested ones: no event was selected
}

// ExplainEvents counts their events.
type ExplainEvents struct {
	Total    int64 `json:"total"`
	Selected int64 `json:"selected"`
}

// ExplainBytes counts the compressed bytes of their columns.
type ExplainBytes struct {
	Total  int64 `json:"total"`
	Filter int64 `json:"filter"` // decompressed to test events
	Output int64 `json:"output"` // decompressed besides, for what was selected
	Never  int64 `json:"never"`  // never decompressed
}

// ExplainTest is what one test of the expression did.
type ExplainTest struct {
	Test    string   `json:"test"`
	Columns []string `json:"columns"`
	// Table is whose rows were tested: event, or a table with fewer rows.
	Table string `json:"table"`
	// Excluded is the number of segments of which the header told that the test
	// holds for none of its rows.
	Excluded int64 `json:"excluded_segments"`
	Rows     int64 `json:"rows"` // that were tested
}

// Explain returns what was done so far. No evaluator may be running.
func (p *Program) Explain() *Explain {
	x := &Explain{Filter: p.text, Tests: []ExplainTest{}}
	for _, text := range p.tests {
		x.Tests = append(x.Tests, ExplainTest{Test: text, Columns: []string{}})
	}
	p.root.explain(x)
	p.explain.mu.Lock()
	defer p.explain.mu.Unlock()
	for _, c := range p.explain.counts {
		x.Segments.Total += c.segments
		x.Segments.Skipped += c.skipped
		x.Segments.Whole += c.whole
		x.Segments.Tested += c.tested
		x.Segments.Empty += c.empty
		x.Events.Total += c.events
		x.Events.Selected += c.selected
		x.Bytes.Total += c.bytes
		x.Bytes.Filter += c.filterBytes
		x.Bytes.Output += c.outputBytes
		for i, t := range c.tests {
			x.Tests[i].Excluded += t.excluded
			x.Tests[i].Rows += t.rows
		}
	}
	x.Bytes.Never = x.Bytes.Total - x.Bytes.Filter - x.Bytes.Output
	return x
}

// explain fills in what the tests are about.
func (n *node) explain(x *Explain) {
	for _, c := range n.children {
		c.explain(x)
	}
	if n.leaf == nil {
		return
	}
	t := &x.Tests[n.leaf.test]
	if len(t.Columns) > 0 {
		return
	}
	t.Table = n.space.String()
	for _, id := range n.leaf.columns() {
		t.Columns = append(t.Columns, schema.ByID(id).Name)
	}
}

// WriteJSON writes the counts as one JSON object on a line.
func (x *Explain) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(x)
}

// WriteText writes the counts for people.
func (x *Explain) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	if x.File != "" {
		line("file", "%s", x.File)
	}
	if x.Filter != "" {
		line("filter", "%s", schema.AppendEscaped(nil, []byte(x.Filter), ""))
	}
	s := &x.Segments
	line("segments", "%d: %d skipped by their headers, %d selected whole by theirs, %d tested (of which %d had no selected event)",
		s.Total, s.Skipped, s.Whole, s.Tested, s.Empty)
	line("events", "%d: %d selected", x.Events.Total, x.Events.Selected)
	line("bytes", "%d of compressed columns: %d read by the filter, %d by the output, %d (%s) never decompressed",
		x.Bytes.Total, x.Bytes.Filter, x.Bytes.Output, x.Bytes.Never, percent(x.Bytes.Never, x.Bytes.Total))
	for _, t := range x.Tests {
		columns := "column"
		if len(t.Columns) > 1 {
			columns += "s"
		}
		for i, c := range t.Columns {
			if i > 0 {
				columns += ","
			}
			columns += " " + c
		}
		rows := "events"
		if t.Table != schema.TableEvent.String() {
			rows = "rows of the table " + t.Table
		}
		line("test", "%s: %s; ruled out %d segments by their headers; tested %d %s", schema.AppendEscaped(nil, []byte(t.Test), ""), columns, t.Excluded, t.Rows, rows)
	}
	return b.Flush()
}

func percent(n, of int64) string {
	if of == 0 {
		return "0%"
	}
	return strconv.FormatFloat(100*float64(n)/float64(of), 'f', 1, 64) + "%"
}
