// Package stats computes statistics of a recording in one pass over it: count,
// errors by errno, bytes and the distribution of durations, of all events and
// of the groups that columns define.
//
// Quantiles are by nearest rank (Quantile.Rank). While a group is small they
// are exact; then they come from a log-linear histogram, and the largest
// relative error is part of the result. Memory has a budget whatever the size
// of the recording and the number of groups: when it is used up, the small
// groups' histograms get coarser, which their stated error tells, and at last
// new groups are counted together as the other group. The result depends on
// the recording and the options alone.
//
// What was lost is part of every result, with the interval in which each
// quantile would lie had nothing been lost.
//
// One goroutine reads and decodes, a segment ahead; everything else happens in
// the caller's.
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
	// Program selects the events that are counted. It must be bound to FromNS
	// and ToNS too; nil selects by these alone.
	Program *filter.Program
	// FromNS and ToNS are the time range, FromNS <= time_ns < ToNS, in
	// nanoseconds of CLOCK_BOOTTIME. 0 is no bound.
	FromNS, ToNS int64
	// MemoryBytes bounds what groups take, 96 MiB when 0. The segment at hand
	// comes on top of it.
	MemoryBytes int64
}

// DefaultMemoryBytes keeps a process that sets a memory limit of 170 MiB
// (debug.SetMemoryLimit) below 200 MiB with all that comes on top, hundreds of
// thousands of groups included. Without a limit the garbage collector lets the
// heap grow to about twice what is in use.
const DefaultMemoryBytes = 96 << 20

// Run reads r, which must be at its start, to its end. What cannot be read is
// in Result.Loss and is no error; errors are those of the source.
func Run(r *segment.Reader, o Options) (*Result, error) {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	if o.Program == nil {
		var everything *filter.Filter
		var err error
		if o.Program, err = everything.Bind(filter.Recording{Header: r.Header(), FromNS: o.FromNS, ToNS: o.ToNS}); err != nil {
			return nil, err
		}
	}
	c := newCollector(o.By, o.MemoryBytes)
	p := pass{r: r, o: o, c: c, directions: newDirections(r.Header()), summary: segment.NewSummarizer()}
	if err := p.run(); err != nil {
		return nil, err
	}
	return newResult(&p), nil
}

// pass is one pass over a recording.
type pass struct {
	r       *segment.Reader
	o       Options
	c       *collector
	summary *segment.Summarizer
	// directions is for the whole of the segments that are read.
	directions directions
	corrupt    []segment.Damage // segments with a column that does not decode
}

// run decodes in a goroutine of its own, one segment ahead.
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
	all     bool    // every event is selected
	keep    []int32 // else these rows
	corrupt error
	err     error
}

// decode reads all items and decodes the segments with selected events.
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
	eval, columns := p.o.Program.Evaluator(p.r.NewDecoder()), p.c.columns()
	if p.directions.watch {
		columns = append(columns, schema.ColCall)
	}
	var d *decoded
	for {
		item, err := p.r.Next()
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
		err = eval.Read(s, columns, &d.block)
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
	keep := d.keep
	if d.all {
		keep = nil
	}
	p.directions.add(&d.block, keep)
	p.c.add(&d.block, keep)
}
