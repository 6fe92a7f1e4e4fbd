package main

import (
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// eventPrinter prints the events, gaps and damages of recordings in file
// order, events within a segment in the order of their entry. It decodes only
// the columns that are printed. It writes to w in pieces of about printSize, so
// that no more than a segment is in memory, and that in columns: as JSON it is
// many times larger.
type eventPrinter struct {
	w       io.Writer
	printer *text.Printer
	columns []schema.ColumnID
	// left is how many more events may be printed; negative: any number.
	left    int64
	printed int64

	block segment.Block
	order []int32
	buf   []byte
	// corrupt are the segments with a column that does not decode.
	corrupt []segment.Damage
}

// printSize is how much text is collected for one Write, in bytes.
const printSize = 256 << 10

func newEventPrinter(w io.Writer, printer *text.Printer, limit int64) *eventPrinter {
	p := &eventPrinter{w: w, printer: printer, left: limit}
	hasTime := false
	for _, c := range printer.Columns() {
		hasTime = hasTime || c == schema.ColTimeNS
		p.columns = append(p.columns, c)
	}
	if !hasTime {
		p.columns = append(p.columns, schema.ColTimeNS)
	}
	return p
}

// recording prints the events of r within bounds, the last tail ones only when
// tail is not negative. s is the summary of r, nil for a stream. It returns the
// summary, nil for a stream that was not read to its end because enough was
// printed.
func (p *eventPrinter) recording(r *segment.Reader, s *segment.Summary, bounds timeBounds, tail int64) (*segment.Summary, error) {
	items := newItemReader(r, s)
	p.printer.SetWallClock(items.wallClock())
	p.corrupt = nil
	dec, next, skip := r.NewDecoder(), items.next, int64(0)
	if tail >= 0 {
		var err error
		if next, skip, err = items.tail(dec, bounds, tail); err != nil {
			return nil, err
		}
	}
	for p.left != 0 {
		item, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if _, ok := item.(*segment.Clock); ok && s == nil {
			p.printer.SetWallClock(items.wallClock())
		}
		if skip, err = p.item(dec, item, bounds, skip); err != nil {
			return nil, err
		}
	}
	return items.summary, nil
}

// item prints an item of the recording that dec decodes; skip is the number of
// events within bounds to leave out, of which it returns the rest.
func (p *eventPrinter) item(dec *segment.Decoder, item segment.Item, bounds timeBounds, skip int64) (int64, error) {
	switch it := item.(type) {
	case *segment.Segment:
		var err error
		if skip, err = p.segment(dec, it, bounds, skip); err != nil {
			return skip, err
		}
	case *segment.Gap:
		if skip == 0 && bounds.overlaps(it.FirstNS, it.LastNS) {
			p.buf = p.printer.Gap(p.buf, it)
		}
	case *segment.Damage:
		p.buf = p.printer.Damage(p.buf, it)
	case *segment.Coverage:
		p.buf = p.printer.Coverage(p.buf, it)
	}
	return skip, p.flush()
}

func (p *eventPrinter) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	_, err := p.w.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

func (p *eventPrinter) segment(dec *segment.Decoder, s *segment.Segment, bounds timeBounds, skip int64) (int64, error) {
	if s.Rows == 0 || !bounds.overlaps(s.MinTimeNS, s.MaxTimeNS) {
		return skip, nil
	}
	if bounds.covers(s.MinTimeNS, s.MaxTimeNS) && skip >= int64(s.Rows) {
		return skip - int64(s.Rows), nil
	}
	err := dec.ReadBlock(s, p.columns, &p.block)
	var corrupt *segment.CorruptError
	if errors.As(err, &corrupt) {
		d := segment.Damage{Offset: s.Offset, Size: s.Size, Err: err, Events: int64(s.Rows)}
		p.corrupt = append(p.corrupt, d)
		p.buf = p.printer.Damage(p.buf, &d)
		return skip, nil
	}
	if err != nil {
		return skip, err
	}
	p.printer.SetBlock(&p.block)
	p.order = p.block.TimeOrder(p.order[:0])
	times := p.block.Cols[schema.ColTimeNS].Ints
	for _, row := range p.order {
		switch {
		case !bounds.contains(times[row]):
			continue
		case skip > 0:
			skip--
			continue
		case p.left == 0:
			return skip, nil
		}
		p.buf = p.printer.Event(p.buf, int(row))
		p.left--
		p.printed++
		if len(p.buf) >= printSize {
			if err := p.flush(); err != nil {
				return skip, err
			}
		}
	}
	return skip, nil
}

// rowsWithin counts the events of a segment within bounds. It decodes their
// times only where the segment's own bounds do not tell.
func rowsWithin(dec *segment.Decoder, s *segment.Segment, bounds timeBounds, scratch *segment.Block) (int64, error) {
	switch {
	case s.Rows == 0 || !bounds.overlaps(s.MinTimeNS, s.MaxTimeNS):
		return 0, nil
	case bounds.covers(s.MinTimeNS, s.MaxTimeNS):
		return int64(s.Rows), nil
	}
	err := dec.ReadBlock(s, []schema.ColumnID{schema.ColTimeNS}, scratch)
	var corrupt *segment.CorruptError
	if errors.As(err, &corrupt) {
		return 0, nil // printing it tells
	}
	if err != nil {
		return 0, err
	}
	var n int64
	for _, t := range scratch.Cols[schema.ColTimeNS].Ints {
		if bounds.contains(t) {
			n++
		}
	}
	return n, nil
}
