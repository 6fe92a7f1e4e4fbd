package order

import (
	"errors"
	"io"
	"math"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// feed gives the units of one recording in the order of their first moment.
type feed interface {
	// peek returns the next unit; ok is false when there is none. A feed that
	// does not know all units yet makes sure that it knows those before ns.
	peek(ns int64) (u *unit, ok bool, err error)
	// pop takes the unit that peek returned.
	pop()
	// push puts back a unit, with a later moment.
	push(u unit)
}

// units are known units in order. Those that were put back are few.
type units struct {
	sorted []unit
	next   int
	back   []unit // ascending
	popped bool   // peek returned the first of back
}

func (q *units) peek(int64) (*unit, bool, error) {
	q.popped = false
	switch {
	case len(q.back) > 0 && (q.next == len(q.sorted) || compareUnits(q.back[0], q.sorted[q.next]) < 0):
		q.popped = true
		return &q.back[0], true, nil
	case q.next < len(q.sorted):
		return &q.sorted[q.next], true, nil
	}
	return nil, false, nil
}

func (q *units) pop() {
	if q.popped {
		q.back = q.back[1:]
		return
	}
	q.next++
}

func (q *units) push(u unit) { q.back = insert(q.back, u) }

// insert inserts u into an ascending list.
func insert(list []unit, u unit) []unit {
	i := len(list)
	for i > 0 && compareUnits(u, list[i-1]) < 0 {
		i--
	}
	list = append(list, unit{})
	copy(list[i+1:], list[i:])
	list[i] = u
	return list
}

// streamFeed reads a stream ahead by a window of recorded time.
type streamFeed struct {
	r      *segment.Reader
	sum    *segment.Summarizer
	clock  func(*segment.Clock) // told of each clock record
	window int64
	// Beyond limit bytes of segments read ahead nothing more is read.
	limit, bytes int64
	placer       placer
	ahead        []unit // ascending
	ended        bool
	// summary is set at the end.
	summary *segment.Summary
}

func newStreamFeed(r *segment.Reader, window time.Duration, limit int64, clock func(*segment.Clock)) *streamFeed {
	return &streamFeed{r: r, sum: segment.NewSummarizer(), window: int64(window), limit: limit, clock: clock}
}

func (s *streamFeed) peek(ns int64) (*unit, bool, error) {
	for !s.ended && (len(s.ahead) == 0 || !s.known(min(ns, s.ahead[0].minNS))) {
		if err := s.read(); err != nil {
			return nil, false, err
		}
	}
	if len(s.ahead) == 0 {
		return nil, false, nil
	}
	return &s.ahead[0], true, nil
}

// known reports whether no event before ns is expected any more.
func (s *streamFeed) known(ns int64) bool {
	return s.bytes > s.limit || s.placer.begun && (ns == math.MinInt64 || s.placer.latest-s.window >= ns)
}

func (s *streamFeed) read() error {
	item, err := s.r.Next()
	if errors.Is(err, io.EOF) {
		s.ended, s.summary = true, s.sum.Finish(s.r)
		return nil
	}
	if err != nil {
		return err
	}
	s.sum.Add(item)
	if c, ok := item.(*segment.Clock); ok {
		s.clock(c)
	}
	if u, ok := s.placer.place(item); ok {
		s.push(u)
	}
	return nil
}

func (s *streamFeed) pop() {
	if u := &s.ahead[0]; u.segment != nil {
		s.bytes -= u.segment.Size
	}
	s.ahead = s.ahead[1:]
}

func (s *streamFeed) push(u unit) {
	if u.segment != nil {
		s.bytes += u.segment.Size
	}
	s.ahead = insert(s.ahead, u)
}
