package main

import (
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
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

	eval  *filter.Evaluator
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

// recording prints the events of r that the program selects, the last tail
// ones only when tail is not negative. bounds are of the gaps. s is the summary
// of r, nil for a stream. It returns the summary, nil for a stream that was not
// read to its end because enough was printed.
func (p *eventPrinter) recording(r *segment.Reader, s *segment.Summary, program *filter.Program, bounds timeBounds, tail int64) (*segment.Summary, error) {
	items := newItemReader(r, s)
	p.printer.SetWallClock(items.wallClock())
	p.corrupt = nil
	p.eval = program.Evaluator(r.NewDecoder())
	next, skip, choose := items.next, int64(0), p.eval.Select
	if tail >= 0 {
		var err error
		if next, skip, err = items.tail(p.eval, tail); err != nil {
			return nil, err
		}
		choose = p.eval.Reselect
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
		if skip, err = p.item(item, choose, bounds, skip); err != nil {
			return nil, err
		}
	}
	return items.summary, nil
}

// chooser is Evaluator.Select or Reselect.
type chooser func(*segment.Segment, *segment.Block) (*filter.Selection, error)

// item prints an item of the recording; skip is the number of selected events
// to leave out, of which it returns the rest.
func (p *eventPrinter) item(item segment.Item, choose chooser, bounds timeBounds, skip int64) (int64, error) {
	switch it := item.(type) {
	case *segment.Segment:
		var err error
		if skip, err = p.segment(it, choose, skip); err != nil {
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

func (p *eventPrinter) segment(s *segment.Segment, choose chooser, skip int64) (int64, error) {
	selected, err := choose(s, &p.block)
	if err == nil {
		if n := int64(selected.Len()); n <= skip {
			return skip - n, nil
		}
		err = p.eval.Read(s, p.columns, &p.block)
	}
	if d := asCorrupt(s, err); d != nil {
		p.corrupt = append(p.corrupt, *d)
		p.buf = p.printer.Damage(p.buf, d)
		return skip, nil
	}
	if err != nil {
		return skip, err
	}
	p.printer.SetBlock(&p.block)
	p.order = p.block.TimeOrder(p.order[:0])
	for _, row := range p.order {
		switch {
		case !selected.Has(int(row)):
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
