package spill

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Bounds of NewWriter's limitBytes, and the sizes that follow from it.
const (
	DefaultLimitBytes = 1 << 30
	MinLimitBytes     = 1 << 20
	partsInLimit      = 8
	maxPartBytes      = 16 << 20
	// tellInterval is how often a growing hole is written to the disk: what a
	// crash may leave untold.
	tellInterval = time.Second
	// holeBytes is what a hole takes beside its part's header; that of a host
	// with many CPUs may take more.
	holeBytes = 4096
)

// Writer appends a recording to a Dir. It never waits for a sink, and it does
// not fail: what it cannot write is left out, counted, and told as gaps.
type Writer struct {
	dir    *Dir
	limit  int64
	header *segment.Header
	before uint64 // number of the last part that is another recording's
	// headerBytes is what a part has before its first record.
	headerBytes int64

	number uint64 // of the newest part, or of the one that holes will be
	out    *partFile
	held   holes
	full   bool      // held is growing, and number is its part
	told   time.Time // when it was written last
	stats  Stats
}

// Stats is what a Writer has done.
type Stats struct {
	// Kept events are in parts, Dropped ones had no room.
	Kept, Dropped int64
	// Err is why the disk did not take something, nil when it was the bound.
	Err error
}

// partFile is the part that is being written.
type partFile struct {
	f     *os.File
	part  *part
	w     *segment.Writer
	size  int64
	items int64
}

// Write appends one record, or nothing.
func (p *partFile) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	if err == nil {
		p.size += int64(n)
	}
	return n, err
}

// NewWriter returns a Writer that keeps the parts of d, with those that are
// there already, below limitBytes. Its parts come behind from, where the sink
// is.
func NewWriter(d *Dir, limitBytes int64, from deliver.Position) *Writer {
	last := max(d.last(), partOf(from.Key))
	return &Writer{dir: d, limit: limitBytes, before: last, number: last}
}

// Begin begins the first part, and completes the header.
func (w *Writer) Begin(h *segment.Header) error {
	w.header = h
	if err := w.open(w.number + 1); err != nil {
		return fmt.Errorf("spill %s: %w", w.dir.path, err)
	}
	w.headerBytes = w.out.size
	w.publish(0)
	// Others read the header, and each part's segment.Writer completes its own.
	own := *h
	w.header = &own
	return nil
}

// Stats returns what was done so far; for the goroutine that writes.
func (w *Writer) Stats() Stats { return w.stats }

// Write appends the gaps, the clock and the segment, each of which may be
// missing, or nothing of it. It reports whether there was room.
func (w *Writer) Write(gaps []segment.Gap, clock *segment.Clock, e *segment.Encoded, ranges []segment.SeqRange) bool {
	j := &job{gaps: gaps, clock: clock, e: e, ranges: ranges}
	size := int64(len(gaps)+1) * maxNoticeBytes
	if e != nil {
		size += int64(len(e.Data))
	}
	if w.write(size, j.events(), j.write) {
		w.stats.Kept += j.events()
		return true
	}
	w.held.add(j)
	w.stats.Dropped += j.events()
	w.tell()
	return false
}

// maxNoticeBytes is what a gap or a clock takes at most.
const maxNoticeBytes = 128

func (j *job) write(w *segment.Writer) (items int64, err error) {
	for i := 0; i < len(j.gaps) && err == nil; i++ {
		items++
		err = w.WriteGap(j.gaps[i])
	}
	if j.clock != nil && err == nil {
		items++
		err = w.WriteClock(*j.clock)
	}
	if j.e != nil && err == nil {
		items++
		err = w.WriteSegment(j.e)
	}
	return items, err
}

// Coverage appends what was watched.
func (w *Writer) Coverage(c *segment.Coverage) {
	const size = 4096 // roughly
	write := func(s *segment.Writer) (int64, error) { return 1, s.WriteCoverage(c) }
	if !w.write(size, 0, write) {
		w.held.coverage = append(w.held.coverage, *c)
		w.tell()
	}
}

// End ends the last part: what was left out is told. The disk may have no room
// for that; the Follower gets it all the same.
func (w *Writer) End() {
	if w.full {
		w.publishHole(w.hole())
	}
	w.close()
	w.dir.End()
}

// Discard takes back everything that was written, of a recording that has not
// begun and that nobody follows. Begin may follow.
func (w *Writer) Discard() error {
	w.close()
	last := w.number
	w.held, w.full, w.told, w.stats, w.number = holes{}, false, time.Time{}, Stats{}, w.before
	return w.dir.takeBack(w.before, last)
}

// write appends records of about size bytes to the part, or to a new one,
// behind the part with what was left out before. rows is the number of events
// of the last record.
func (w *Writer) write(size, rows int64, write func(*segment.Writer) (int64, error)) bool {
	if !w.fits(size) {
		w.close()
		if err := w.dir.settle(0); err != nil {
			w.stats.Err = err
		}
		if !w.fits(size) {
			return false
		}
	}
	if w.out != nil && w.out.size >= w.partBytes() {
		w.close()
	}
	var hole *part
	if w.out == nil {
		if w.full {
			hole = w.hole()
		}
		if err := w.open(w.number + 1); err != nil {
			w.stats.Err = err
			return false
		}
	}
	size, items := w.out.size, w.out.items
	n, err := write(w.out.w)
	if err != nil {
		// The follower has not seen it.
		w.stats.Err = err
		_ = w.out.f.Truncate(size)
		w.out.size, w.out.items = size, items
		w.abandon()
		return false
	}
	w.out.items += n
	if hole != nil {
		w.publishHole(hole)
	}
	w.publish(rows)
	return true
}

// partBytes is the size at which a part ends.
func (w *Writer) partBytes() int64 { return min(w.limit/partsInLimit, maxPartBytes) }

// fits reports whether there is room for records of size bytes, with the part
// and the hole that may have to come before them, and for a hole behind them.
func (w *Writer) fits(size int64) bool {
	used, _ := w.dir.Bytes()
	hole := w.headerBytes + holeBytes
	if w.full {
		size += hole
	}
	if w.out == nil || w.out.size >= w.partBytes() {
		size += w.headerBytes
	}
	return used+size+hole <= w.limit
}

// abandon gives up the part that is written, of which nothing is known yet when
// it is new.
func (w *Writer) abandon() {
	number := w.out.part.number
	_ = w.out.f.Close()
	if w.out.part.size == 0 {
		_ = w.dir.root.Remove(partName(number))
		w.number = number - 1
	} else {
		w.dir.publish(func() { w.out.part.final = true })
	}
	w.out = nil
}

// open begins a part, without its being known to the follower.
func (w *Writer) open(number uint64) error {
	f, err := w.dir.root.OpenFile(partName(number), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	out := &partFile{f: f, part: &part{number: number}}
	if out.w, err = segment.NewWriter(out, w.header); err != nil {
		_ = f.Close()
		_ = w.dir.root.Remove(partName(number))
		return err
	}
	w.number, w.out = number, out
	return nil
}

// publish tells the follower of what the part holds by now, and how many events
// its last record has.
func (w *Writer) publish(rows int64) {
	out, p := w.out, w.out.part
	w.dir.publish(func() {
		if p.size == 0 {
			w.dir.parts = append(w.dir.parts, p)
		}
		p.size, p.items, p.rows = out.size, out.items, rows
		if rows > 0 {
			w.dir.waiting.marks = append(w.dir.waiting.marks, mark{Key(p.number, p.items), rows, time.Now()})
		}
	})
}

// close ends the part.
func (w *Writer) close() {
	if w.out == nil {
		return
	}
	if err := w.out.f.Close(); err != nil {
		w.stats.Err = err
	}
	w.dir.publish(func() { w.out.part.final = true })
	w.out = nil
}

// tell writes the hole, as long as it grows, to where the follower will find it
// after a crash.
func (w *Writer) tell() {
	if !w.full {
		w.full = true
		w.number++
	}
	if time.Since(w.told) >= tellInterval {
		w.hole()
	}
}

// hole makes the part that tells what was left out, and writes it if there is
// room.
func (w *Writer) hole() *part {
	var b bytes.Buffer
	p := &part{number: w.number, final: true}
	s, err := segment.NewWriter(&b, w.header)
	if err == nil {
		p.items, err = w.held.write(s)
	}
	p.memory, p.size = b.Bytes(), int64(b.Len())
	if err == nil {
		err = w.dir.replace(partName(p.number), p.memory)
	}
	if err != nil {
		w.stats.Err = err
	}
	w.told = time.Now()
	return p
}

// publishHole ends the hole, whose part this is.
func (w *Writer) publishHole(hole *part) {
	w.dir.publish(func() { w.dir.parts = append(w.dir.parts, hole) })
	w.held, w.full, w.told = holes{}, false, time.Time{}
}
