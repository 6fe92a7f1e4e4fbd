// Package stats computes statistics of recordings in one pass over each: count,
// errors by errno, bytes and the distribution of durations, of all events and
// of the groups that columns define. Recordings are counted together without
// being merged: nothing here compares the times of one with those of another.
//
// Quantiles are by nearest rank (Quantile.Rank). While a group is small they
// are exact; then they come from a log-linear histogram, and the largest
// relative error is part of the result. Memory has a budget whatever the size
// and the number of the recordings and the number of groups: when it is used
// up, the small groups' histograms get coarser, which their stated error tells,
// and at last new groups are counted together as the other group. The result
// depends on the recordings and the options alone, and not on the order of the
// recordings either until the budget is used up.
//
// What was lost is part of every result, with the interval in which each
// quantile would lie had nothing been lost.
//
// One goroutine reads and decompresses, a segment ahead; everything else happens
// in the caller's, in windows of rows whose values stay in the processor's cache
// (segment.Scan).
package stats

import (
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say what to compute.
type Options struct {
	// By are the fields that define the groups; none: one group of everything.
	By []Field
	// MemoryBytes bounds what groups take, 96 MiB when 0. The segment at hand
	// comes on top of it, and what is told of each recording.
	MemoryBytes int64
}

// DefaultMemoryBytes keeps a process that sets a memory limit of 170 MiB
// (debug.SetMemoryLimit) below 200 MiB with all that comes on top, hundreds of
// thousands of groups included. Without a limit the garbage collector lets the
// heap grow to about twice what is in use.
const DefaultMemoryBytes = 96 << 20

// Input is a recording to count, and what of it.
type Input struct {
	// Name is what the result calls the recording: the path of its file.
	Name string
	// Reader must be at its start.
	Reader *segment.Reader
	// Program selects the events that are counted. It must be bound to FromNS
	// and ToNS too; nil selects by these alone. The programs of all inputs are
	// of one filter.
	Program *filter.Program
	// FromNS and ToNS are the time range, FromNS <= time_ns < ToNS, in
	// nanoseconds of the recording's CLOCK_BOOTTIME. 0 is no bound.
	FromNS, ToNS int64
}

// Counter counts recordings together. It is for one goroutine.
type Counter struct {
	by         []Field
	c          *collector
	directions directions
	recordings []Recording
}

// New returns a Counter that has counted nothing.
func New(o Options) *Counter {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	return &Counter{by: o.By, c: newCollector(o.By, o.MemoryBytes)}
}

// Add reads a recording to its end and counts it. What cannot be read is in
// Recording.Loss and is no error; errors are those of the source, and leave the
// Counter with a part of the recording. That no recording is added twice is up
// to the caller.
func (c *Counter) Add(in Input) error {
	if in.Program == nil {
		var everything *filter.Filter
		var err error
		if in.Program, err = everything.Bind(filter.Recording{Header: in.Reader.Header(), FromNS: in.FromNS, ToNS: in.ToNS}); err != nil {
			return err
		}
	}
	c.directions.begin(in.Reader.Header())
	counted := c.c.total.events
	p := pass{in: in, c: c.c, directions: &c.directions, summary: segment.NewSummarizer()}
	if err := p.run(); err != nil {
		return err
	}
	c.recordings = append(c.recordings, newRecording(&p, c.c.total.events-counted))
	return nil
}

// pass is one pass over a recording.
type pass struct {
	in         Input
	c          *collector
	directions *directions
	summary    *segment.Summarizer
	corrupt    []segment.Damage // segments with a column that does not decode
}

// run decompresses in a goroutine of its own, one segment ahead.
func (p *pass) run() error {
	full, empty, stop := make(chan *decoded), make(chan *decoded, 2), make(chan struct{})
	for range cap(empty) {
		empty <- &decoded{}
	}
	go p.decode(full, empty, stop)
	defer func() {
		close(stop)
		for range full { // until the goroutine is done with the reader
		}
	}()
	for d := range full {
		if d.err != nil {
			return d.err
		}
		p.add(d)
		empty <- d
	}
	return nil
}

// decoded is the selected events of a segment, or why the pass ends.
type decoded struct {
	segment *segment.Segment
	block   segment.Block
	scan    segment.Scan
	all     bool    // every event is selected
	keep    []int32 // else these rows
	corrupt error
	err     error
}

// decode reads all items and opens the segments with selected events.
func (p *pass) decode(full chan<- *decoded, empty <-chan *decoded, stop <-chan struct{}) {
	defer close(full)
	send := func(d *decoded) bool {
		select {
		case full <- d:
			return true
		case <-stop:
			return false
		}
	}
	eval, columns := p.in.Program.Evaluator(p.in.Reader.NewDecoder()), p.c.columns()
	if p.directions.watch {
		columns = append(columns, schema.ColCall)
	}
	var d *decoded
	for {
		item, err := p.in.Reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			send(&decoded{err: err})
			return
		}
		p.summary.Add(item)
		s, ok := item.(*segment.Segment)
		if !ok || s.Rows == 0 {
			continue
		}
		if d == nil {
			select {
			case d = <-empty:
			case <-stop:
				return
			}
		}
		if !d.read(eval, s, columns) {
			continue
		}
		if !send(d) || d.err != nil {
			return
		}
		d = nil
	}
}

// read fills d from a segment, and reports whether there is anything in it.
func (d *decoded) read(eval *filter.Evaluator, s *segment.Segment, columns []schema.ColumnID) bool {
	d.segment, d.corrupt, d.err, d.keep = s, nil, nil, d.keep[:0]
	selected, err := eval.Select(s, &d.block)
	if err == nil {
		if selected.Len() == 0 {
			return false
		}
		if d.all = selected.All(); !d.all {
			d.keep = selected.AppendRows(d.keep)
		}
		err = eval.Scan(s, columns, &d.block, &d.scan)
	}
	var corrupt *segment.CorruptError
	if errors.As(err, &corrupt) {
		d.corrupt = err
	} else {
		d.err = err
	}
	return true
}

// add counts a segment's events.
func (p *pass) add(d *decoded) {
	s := d.segment
	if d.corrupt != nil {
		p.corrupt = append(p.corrupt, segment.Damage{
			Offset: s.Offset, Size: s.Size, Err: d.corrupt, Events: int64(s.Rows),
		})
		return
	}
	p.c.load(&d.block)
	rest := d.keep
	for from, window := range d.scan.Windows() {
		var keep []int32
		if !d.all {
			if keep, rest = splitRows(rest, from, from+window.Rows[schema.TableEvent]); len(keep) == 0 {
				continue
			}
		}
		p.directions.add(window, keep)
		p.c.add(window, keep)
	}
}

// splitRows splits off the rows below to, and counts them from from.
func splitRows(rows []int32, from, to int) (of, rest []int32) {
	n := 0
	for n < len(rows) && int(rows[n]) < to {
		rows[n] -= int32(from)
		n++
	}
	return rows[:n], rows[n:]
}
