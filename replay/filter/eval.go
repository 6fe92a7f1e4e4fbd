package filter

import (
	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Evaluator selects events of segments. It decodes with the decoder that it
// was given, which nothing else may use meanwhile.
type Evaluator struct {
	p   *Program
	dec *segment.Decoder
	sel Selection

	s     *segment.Segment
	b     *segment.Block
	event fields.Event
	text  []byte
	free  [][]uint64 // bitmaps
	// pairs holds what a text was for a row of its table and one of the call table.
	pairs  map[uint64]bool
	counts *explainCounts
	// uncounted takes the counts of what is done again.
	uncounted explainCounts
}

// Evaluator returns a new evaluator of the program.
func (p *Program) Evaluator(dec *segment.Decoder) *Evaluator {
	e := &Evaluator{p: p, dec: dec, pairs: map[uint64]bool{}}
	e.counts = &explainCounts{tests: make([]testCounts, len(p.tests))}
	e.uncounted.tests = make([]testCounts, len(p.tests))
	p.explain.add(e.counts)
	return e
}

// skip counts a segment that is skipped, and which tests ruled it out.
func (e *Evaluator) skip(s *segment.Segment) {
	e.counts.see(s)
	e.counts.skipped++
	e.p.root.decide(s, func(test int) { e.counts.tests[test].excluded++ })
}

// Reselect is Select for a segment that Select has seen before: it is not
// counted again.
func (e *Evaluator) Reselect(s *segment.Segment, b *segment.Block) (*Selection, error) {
	counts := e.counts
	e.counts = &e.uncounted
	defer func() { e.counts = counts }()
	return e.Select(s, b)
}

// Select returns the selected events of s and makes b a block of s; what of it
// was decoded is the filter's business. The selection is valid until the next
// call. Errors are those of Decoder.ReadBlock.
func (e *Evaluator) Select(s *segment.Segment, b *segment.Block) (*Selection, error) {
	e.s, e.b, e.event.Block = s, b, b
	e.sel.words, e.sel.rows, e.sel.n = e.sel.words[:0], s.Rows, 0
	before := e.dec.Stats()
	if err := e.dec.ReadBlock(s, []schema.ColumnID{}, b); err != nil {
		return nil, err
	}
	if s.Rows == 0 {
		return &e.sel, nil
	}
	switch e.p.Decide(s) {
	case None:
		e.skip(s)
	case Every:
		e.counts.see(s)
		e.counts.whole++
		e.sel.n = s.Rows
	default:
		e.counts.see(s)
		e.counts.tested++
		all := e.bitmap(s.Rows)
		all = onesOf(all, s.Rows)
		err := e.eval(e.p.root, all)
		e.sel.words = append(e.sel.words[:0], all...)
		e.release(all)
		e.counts.add(&e.counts.filterBytes, before, e.dec.Stats())
		if err != nil {
			return nil, err
		}
		e.sel.n = count(e.sel.words)
		if e.sel.n == 0 {
			e.counts.empty++
		}
	}
	e.counts.selected += int64(e.sel.n)
	return &e.sel, nil
}

// Read decodes columns of s into b, which Select was given last, beside what
// it holds, with the refs to their tables. nil means all.
func (e *Evaluator) Read(s *segment.Segment, cols []schema.ColumnID, b *segment.Block) error {
	before := e.dec.Stats()
	err := e.dec.ReadMore(s, withRefs(cols), b)
	e.counts.add(&e.counts.outputBytes, before, e.dec.Stats())
	return err
}

// Scan is Read for one who reads window by window (segment.Scan).
func (e *Evaluator) Scan(s *segment.Segment, cols []schema.ColumnID, b *segment.Block, sc *segment.Scan) error {
	before := e.dec.Stats()
	err := e.dec.Scan(s, withRefs(cols), b, sc)
	e.counts.add(&e.counts.outputBytes, before, e.dec.Stats())
	return err
}

// withRefs returns the columns and the refs to their tables; nil means all.
func withRefs(cols []schema.ColumnID) []schema.ColumnID {
	var need []schema.ColumnID
	if cols == nil {
		for _, c := range schema.All() {
			need = append(need, c.ID)
		}
	}
	for _, id := range cols {
		need = append(need, id)
		if c := schema.ByID(id); c != nil && c.Table != schema.TableEvent {
			need = append(need, schema.RefOf(c.Table))
		}
	}
	return need
}
