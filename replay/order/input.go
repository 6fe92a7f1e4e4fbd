package order

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// input is one recording under way.
type input struct {
	Input
	m       *Merger
	index   int
	dec     *segment.Decoder
	eval    *filter.Evaluator // nil without a filter
	feed    feed
	stream  *streamFeed // feed, when the input is a stream
	clocks  []segment.Clock
	wall    *segment.WallClock
	cursors []*cursor
	copier  rows.Copier

	settled bool
	head    *cursor // with the next row; nil at the end
	limitNS int64   // rows of head up to this come before all other units
	key     int64   // of head's next row

	lastNS  int64 // of the events given so far
	lastKey int64
}

// cursor is a decoded block with rows that were not given yet, or a notice.
type cursor struct {
	block  Block
	order  []int32 // memory of rows
	rows   []int32 // ascending by time
	place  int64
	bytes  int64
	notice segment.Item
	number int64
	minNS  int64 // of a notice
}

// next returns the time of the next row.
func (c *cursor) next() int64 {
	if c.notice != nil {
		return c.minNS
	}
	return c.block.Cols[schema.ColTimeNS].Ints[c.rows[0]]
}

func (c *cursor) before(o *cursor) bool {
	x, y := c.next(), o.next()
	return x < y || x == y && c.place < o.place
}

func (in *input) rewind() {
	for _, c := range in.cursors {
		in.m.recycle(c)
	}
	in.cursors, in.settled, in.head = in.cursors[:0], false, nil
	in.lastNS, in.lastKey = math.MinInt64, math.MinInt64
	if d := in.Directory; d != nil {
		in.feed = &units{sorted: d.units}
		in.wall = segment.NewWallClock(in.Reader.Header(), d.Summary.Clocks)
		return
	}
	if in.stream == nil {
		in.stream = newStreamFeed(in.Reader, in.m.o.Window, in.m.o.MemoryBytes, func(c *segment.Clock) {
			in.clocks = append(in.clocks, *c)
			in.wall = segment.NewWallClock(in.Reader.Header(), in.clocks)
		})
		in.feed = in.stream
		in.wall = segment.NewWallClock(in.Reader.Header(), nil)
	}
}

// settle finds the head: it opens all units that begin before it.
func (in *input) settle() error {
	for !in.settled {
		in.head = nil
		for _, c := range in.cursors {
			if in.head == nil || c.before(in.head) {
				in.head = c
			}
		}
		bound := int64(math.MaxInt64)
		if in.head != nil {
			bound = in.head.next()
		}
		u, ok, err := in.feed.peek(bound)
		if err != nil {
			return err
		}
		in.limitNS = math.MaxInt64
		if ok {
			in.limitNS = u.minNS - 1
		}
		if !ok || in.head != nil && u.minNS > bound {
			in.settled = true
			break
		}
		if in.head != nil && in.m.open > 2*in.m.o.MemoryBytes {
			in.m.delayed = true
			in.settled, in.limitNS = true, math.MaxInt64
			break
		}
		next := *u
		in.feed.pop()
		if err := in.openUnit(next); err != nil {
			return err
		}
	}
	if in.head == nil {
		return nil
	}
	for _, c := range in.cursors {
		if c == in.head {
			continue
		}
		ns := c.next()
		if in.head.place > c.place {
			ns--
		}
		in.limitNS = min(in.limitNS, ns)
	}
	in.key = in.keyOf(in.head.next())
	return nil
}

// keyOf returns the key of the next row. Keys never fall: where the wall clock
// was set back, events keep their order.
func (in *input) keyOf(ns int64) int64 {
	if in.m.byWall {
		ns = in.wall.UnixNS(ns)
	}
	return max(ns, in.lastKey)
}

// steppedBack reports whether the wall clock was set back while recording.
func (in *input) steppedBack() bool {
	if in.Directory == nil {
		return true // not known yet
	}
	clocks := append([]segment.Clock{in.Reader.Header().Start}, in.Directory.Summary.Clocks...)
	slices.SortFunc(clocks, func(x, y segment.Clock) int { return cmp.Compare(x.BoottimeNS, y.BoottimeNS) })
	return !slices.IsSortedFunc(clocks, func(x, y segment.Clock) int { return cmp.Compare(x.RealtimeNS, y.RealtimeNS) })
}

// openUnit makes a cursor of a unit, unless nothing of it is wanted.
func (in *input) openUnit(u unit) error {
	if u.notice != nil {
		in.openNotice(u)
		return nil
	}
	s := u.segment
	if s == nil {
		var err error
		if s, err = in.Reader.SegmentAt(u.number); err != nil {
			return in.unreadable(u, nil, err)
		}
	}
	again := u.fromNS != math.MinInt64
	if s.MaxTimeNS < in.FromNS || s.MinTimeNS >= in.ToNS || in.skippable(s.MaxTimeNS) {
		in.m.counts.Skipped++
		in.m.counts.Filtered += int64(s.Rows)
		return nil
	}
	c := in.m.newCursor()
	selected, err := in.read(s, c, again)
	if err != nil {
		in.m.recycle(c)
		return in.unreadable(u, s, err)
	}
	if selected != nil && selected.Len() == 0 {
		in.m.recycle(c)
		in.m.counts.Skipped++
		in.m.counts.Filtered += int64(s.Rows)
		return nil
	}
	if again {
		in.m.counts.Reopened++
	} else {
		in.m.counts.Segments++
	}
	in.m.serial++
	c.block.Serial, c.place = in.m.serial, u.place
	c.order = c.block.TimeOrder(c.order[:0])
	c.rows = in.cut(c.block.Cols[schema.ColTimeNS].Ints, c.order, u.fromNS)
	if selected != nil && !selected.All() {
		c.rows = slices.DeleteFunc(c.rows, func(row int32) bool { return !selected.Has(int(row)) })
	}
	if !again {
		in.m.counts.Filtered += int64(s.Rows - len(c.rows))
	}
	if len(c.rows) == 0 {
		in.m.recycle(c)
		return nil
	}
	c.bytes = rows.SizeBytes(&c.block.Block) + int64(len(c.order))*4
	in.m.open += c.bytes
	if !again && in.m.open > in.m.o.MemoryBytes && in.takeEarly(c, u) {
		return nil
	}
	in.cursors = append(in.cursors, c)
	return nil
}

// read decodes a segment, and says which events the filter selects; nil is all.
func (in *input) read(s *segment.Segment, c *cursor, again bool) (*filter.Selection, error) {
	if in.eval == nil {
		return nil, in.dec.ReadBlock(s, in.m.columns, &c.block.Block)
	}
	look := in.eval.Select
	if again {
		look = in.eval.Reselect
	}
	selected, err := look(s, &c.block.Block)
	if err == nil && selected.Len() > 0 {
		err = in.eval.Read(s, in.m.columns, &c.block.Block)
	}
	return selected, err
}

// skippable reports whether events up to ns are before SkipTo.
func (in *input) skippable(ns int64) bool {
	if in.m.skipBelow == math.MinInt64 {
		return false
	}
	if in.m.byWall {
		ns = in.wall.UnixNS(ns)
	}
	return ns < in.m.skipBelow
}

// cut returns the rows within the bounds.
func (in *input) cut(times []int64, order []int32, fromNS int64) []int32 {
	fromNS = max(fromNS, in.FromNS)
	if fromNS != math.MinInt64 {
		order = order[rowsUpTo(times, order, fromNS-1):]
	}
	if in.ToNS != math.MaxInt64 {
		order = order[:rowsUpTo(times, order, in.ToNS-1)]
	}
	for len(order) > 0 && in.skippable(times[order[0]]) {
		order = order[1:]
	}
	return order
}

// takeEarly copies the events that entered long before most of their segment
// into a small block, and puts the rest of the segment back. It reports whether
// that was possible.
func (in *input) takeEarly(c *cursor, u unit) bool {
	times := c.block.Cols[schema.ColTimeNS].Ints
	n := rowsUpTo(times, c.rows, u.latestNS)
	if n == 0 || n > len(c.rows)/2 {
		return false
	}
	early := in.m.newCursor()
	in.m.serial++
	early.block.Serial, early.place = in.m.serial, c.place
	in.copier.Reset(&early.block.Block)
	in.copier.Source(&c.block.Block)
	early.order = early.order[:0]
	for _, row := range c.rows[:n] {
		early.order = append(early.order, int32(in.copier.Copy(int(row))))
	}
	early.rows = early.order
	early.bytes = rows.SizeBytes(&early.block.Block)
	in.m.open += early.bytes
	in.cursors = append(in.cursors, early)
	u.fromNS = times[c.rows[n]]
	u.minNS = u.fromNS
	in.feed.push(u)
	in.m.recycle(c)
	return true
}

func (in *input) openNotice(u unit) {
	switch it := u.notice.(type) {
	case *segment.Gap:
		if it.LastNS < in.FromNS || it.FirstNS >= in.ToNS {
			return
		}
	case *segment.Clock:
		if it.BoottimeNS < in.FromNS || it.BoottimeNS >= in.ToNS {
			return
		}
	}
	if in.skippable(u.minNS) {
		return
	}
	c := in.m.newCursor()
	c.notice, c.minNS, c.place, c.number = u.notice, u.minNS, u.place, u.number
	in.cursors = append(in.cursors, c)
}

// unreadable makes a notice of a segment that does not decode.
func (in *input) unreadable(u unit, s *segment.Segment, err error) error {
	var corrupt *segment.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	d := &segment.Damage{Offset: u.number, Err: err, Events: -1}
	if s != nil {
		d.Size, d.Events = s.Size, int64(s.Rows)
	}
	if !slices.ContainsFunc(in.m.corrupt[in.index], func(k segment.Damage) bool { return k.Offset == d.Offset }) {
		in.m.corrupt[in.index] = append(in.m.corrupt[in.index], *d)
	}
	u.notice, u.number = d, corruptNumber+d.Offset
	in.openNotice(u)
	return nil
}

// corruptNumber is added to the offset of a segment that does not decode, to
// number its damage: those found by reading the headers count from 0.
const corruptNumber = 1 << 40

func (m *Merger) newCursor() *cursor {
	if n := len(m.free); n > 0 {
		c := m.free[n-1]
		m.free = m.free[:n-1]
		return c
	}
	return &cursor{}
}

// take gives rows of the head, up to the head of the input that comes next.
func (in *input) take(next *input) *Batch {
	c, m := in.head, in.m
	m.batch = Batch{Input: in.index}
	in.settled = false
	if c.notice != nil {
		m.batch.Notice, m.batch.Number = c.notice, c.number
		in.lastKey = in.key
		m.keys = append(m.keys[:0], in.key)
		m.batch.Keys = m.keys
		m.counts.Notices++
		in.remove(c)
		m.recycle(c)
		return &m.batch
	}
	times := c.block.Cols[schema.ColTimeNS].Ints
	n := max(1, rowsUpTo(times, c.rows, in.limitNS))
	n = max(1, in.keys(times, c.rows[:n], next))
	m.batch.Block, m.batch.Rows, m.batch.Keys = &c.block, c.rows[:n], m.keys[:n]
	in.countLate(times, c.rows[:n])
	in.lastKey = m.keys[n-1]
	m.counts.Events += int64(n)
	c.rows = c.rows[n:]
	m.given = c
	if len(c.rows) == 0 {
		in.remove(c)
	}
	return &m.batch
}

// keys fills m.keys for rows that come before the head of next, and returns
// their number.
func (in *input) keys(times []int64, rows []int32, next *input) int {
	m := in.m
	m.keys = m.keys[:0]
	limit := int64(math.MaxInt64)
	if next != nil {
		if limit = next.key; in.index > next.index {
			limit--
		}
		if !m.byWall {
			rows = rows[:max(1, rowsUpTo(times, rows, limit))]
		}
	}
	key := in.lastKey
	for _, row := range rows {
		ns := times[row]
		if m.byWall {
			ns = in.wall.UnixNS(ns)
			if ns > limit && len(m.keys) > 0 {
				break
			}
		}
		key = max(key, ns)
		m.keys = append(m.keys, key)
	}
	return len(m.keys)
}

// countLate counts the rows that come behind a later event of this input.
func (in *input) countLate(times []int64, rows []int32) {
	if first := times[rows[0]]; first < in.lastNS {
		in.m.counts.Late += int64(rowsUpTo(times, rows, in.lastNS-1))
		in.m.counts.LateMaxNS = max(in.m.counts.LateMaxNS, in.lastNS-first)
	}
	in.lastNS = max(in.lastNS, times[rows[len(rows)-1]])
}

func (in *input) remove(c *cursor) {
	for i, o := range in.cursors {
		if o == c {
			in.cursors = append(in.cursors[:i], in.cursors[i+1:]...)
			return
		}
	}
}
