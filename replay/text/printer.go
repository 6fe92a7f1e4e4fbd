// Package text prints the events of a recording: as lines like those of
// strace, as JSON objects, or as CSV. docs/schema.md, "Fields of text, JSON and
// CSV", says which keys there are and what they hold.
//
// A Printer appends to a buffer of the caller, who owns it, and keeps nothing
// of it. What repeats from event to event (the task, the socket, the call's
// arguments) is rendered once and copied, as long as its row was used lately. In
// the steady state printing an event allocates nothing. A Printer is for one
// goroutine.
//
// What a recorded program chose (its name, paths, addresses) cannot act on a
// terminal: every format escapes control characters.
package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Format is how events are printed.
type Format int

// The formats.
const (
	// Line is one line like that of strace; with Options.Fields it is
	// name=value, separated by spaces.
	Line Format = iota
	// JSON is one object a line.
	JSON
	// CSV is one record a line, as RFC 4180 has it but for the line's end,
	// which is a bare \n; Header is the first line.
	CSV
)

// Options says what to print. The zero value prints everything.
type Options struct {
	// Fields are the fields to print, in this order; nil is all. Names are
	// those of FieldNames.
	Fields []string
	// WallClock turns event times into wall time. Without it wall times are
	// null, and lines begin with seconds of CLOCK_BOOTTIME.
	WallClock *segment.WallClock
}

// Printer prints events of one block after another.
type Printer struct {
	format Format
	fields []*field
	runs   []run
	kind   bool // JSON objects begin with "kind"
	custom bool // Options.Fields was given
	wall   *segment.WallClock
	clock  clockText
	event  event
	// scratch holds decoded bytes that are escaped or quoted afterwards.
	scratch []byte
	// ends is the brackets behind descriptors in lines, by row of the socket table.
	ends cache
	plan plan // for the block's events
}

// New returns a printer. A name in Options.Fields that does not exist is an
// UnknownFieldError.
func New(format Format, o Options) (*Printer, error) {
	p := &Printer{format: format, wall: o.WallClock, custom: o.Fields != nil, kind: o.Fields == nil}
	if o.Fields == nil {
		for i := range fieldTable {
			if f := &fieldTable[i]; !f.extra {
				p.fields = append(p.fields, f)
			}
		}
	} else {
		for _, name := range o.Fields {
			f := fieldByName[name]
			if f == nil {
				return nil, &UnknownFieldError{Name: name, Nearest: schema.Nearest(name, FieldNames())}
			}
			p.fields = append(p.fields, f)
		}
	}
	p.runs = makeRuns(p.fields)
	return p, nil
}

// Columns returns the columns that printing reads, ascending by id: what
// Decoder.ReadBlock must be given, at least. The caller may keep it.
func (p *Printer) Columns() []schema.ColumnID {
	if p.format == Line && !p.custom {
		return lineColumns()
	}
	var need [schema.MaxColumnID + 1]bool
	for _, f := range p.fields {
		for _, c := range f.inputs {
			need[c] = true
		}
	}
	cols := []schema.ColumnID{}
	for id, ok := range need {
		if ok {
			cols = append(cols, schema.ColumnID(id))
		}
	}
	return cols
}

// SetWallClock changes the wall clock, for readers that meet the recording's
// clock records only as they go. The wall times of the tables' rows follow
// with the next block.
func (p *Printer) SetWallClock(w *segment.WallClock) { p.wall = w }

// SetBlock makes b the block whose rows Event prints. It must be called again
// whenever the block was filled anew.
func (p *Printer) SetBlock(b *segment.Block) {
	p.event.b = b
	for i := range p.runs {
		p.runs[i].reset(b)
	}
	p.ends.reset()
	p.makePlan(b)
}

// Header appends the line before the first event: the names in CSV, nothing in
// the other formats.
func (p *Printer) Header(dst []byte) []byte {
	if p.format != CSV {
		return dst
	}
	for i, f := range p.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f.name...)
	}
	return append(dst, '\n')
}

// Event appends the event in row of the block, with the \n at its end.
func (p *Printer) Event(dst []byte, row int) []byte {
	p.event.seek(row)
	if p.format == Line && !p.custom {
		return p.appendLine(dst)
	}
	if len(p.plan.steps) > 0 {
		return p.appendSteps(dst, &p.plan, row)
	}
	start := len(dst)
	switch p.format {
	case JSON:
		dst = append(dst, '{')
		if p.kind {
			dst = append(dst, `"kind":"event"`...)
		}
		dst = p.appendRuns(dst, start+1)
		dst = append(dst, '}')
	default:
		dst = p.appendRuns(dst, start)
	}
	return append(dst, '\n')
}
