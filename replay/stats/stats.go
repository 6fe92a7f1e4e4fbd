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
	"math"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say what to compute.
type Options struct {
	// By are the fields that define the groups; none: one group of everything.
	By []Field
	// FromNS and ToNS select the events with FromNS <= time_ns < ToNS, in
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
	c := newCollector(o.By, o.MemoryBytes)
	p := pass{r: r, o: o, c: c, directions: newDirections(r.Header()), summary: segment.NewSummarizer(), keep: []int32{}}
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
	keep       []int32          // never nil: nil is all rows
}

func (p *pass) filtered() bool { return p.o.FromNS != 0 || p.o.ToNS != 0 }

// bounds returns the time range, the upper bound included.
func (p *pass) bounds() (from, last int64) {
	from, last = math.MinInt64, math.MaxInt64
	if p.o.FromNS != 0 {
		from = p.o.FromNS
	}
	if p.o.ToNS != 0 {
		last = p.o.ToNS - 1
	}
	return from, last
}

// run decodes in a goroutine of its own, one segment ahead.
func (p *pass) run() error {
	full, empty, stop := make(chan decoded), make(chan *segment.Block, 2), make(chan struct{})
	for range cap(empty) {
		empty <- &segment.Block{}
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
		empty <- d.block
	}
	return nil
}

// decoded is a segment's columns, or why the pass ends.
type decoded struct {
	segment *segment.Segment
	block   *segment.Block
	corrupt error
	err     error
}

// decode reads all items and decodes the segments of the time range.
func (p *pass) decode(full chan<- decoded, empty <-chan *segment.Block, stop <-chan struct{}) {
	defer close(full)
	send := func(d decoded) bool {
		select {
		case full <- d:
			return true
		case <-stop:
			return false
		}
	}
	decoder, columns := p.r.NewDecoder(), p.c.columns(p.filtered())
	if p.directions.watch {
		columns = append(columns, schema.ColCall)
	}
	from, last := p.bounds()
	for {
		item, err := p.r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			send(decoded{err: err})
			return
		}
		p.summary.Add(item)
		s, ok := item.(*segment.Segment)
		if !ok || s.Rows == 0 || s.MaxTimeNS < from || s.MinTimeNS > last {
			continue
		}
		var d decoded
		select {
		case d.block = <-empty:
		case <-stop:
			return
		}
		d.segment = s
		if err := decoder.ReadBlock(s, columns, d.block); err != nil {
			var corrupt *segment.CorruptError
			if errors.As(err, &corrupt) {
				d.corrupt = err
			} else {
				d.err = err
			}
		}
		if !send(d) || d.err != nil {
			return
		}
	}
}

// add counts a segment's events.
func (p *pass) add(d decoded) {
	s := d.segment
	if d.corrupt != nil {
		p.corrupt = append(p.corrupt, segment.Damage{
			Offset: s.Offset, Size: s.Size, Err: d.corrupt, Events: int64(s.Rows),
		})
		return
	}
	p.directions.add(d.block)
	from, last := p.bounds()
	if from <= s.MinTimeNS && s.MaxTimeNS <= last {
		p.c.add(d.block, nil)
		return
	}
	p.keep = p.keep[:0]
	for row, t := range d.block.Cols[schema.ColTimeNS].Ints {
		if from <= t && t <= last {
			p.keep = append(p.keep, int32(row))
		}
	}
	p.c.add(d.block, p.keep)
}
