package stats

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// collector counts events block by block.
type collector struct {
	dims   []*dimension
	mem    *memory
	total  group
	groups groupTable
	// pairs[i] maps the code of the dimensions 0 to i and the code of dimension
	// i+1 to the code of them together; the last one's codes are the groups'.
	pairs []pairing
	codes []code // of the events of the block at hand
	other []code
}

// pairing numbers pairs of codes.
type pairing struct {
	codes  map[uint64]code
	pairs  []uint64 // by code
	recent []recentPair
}

type recentPair struct {
	pair uint64
	code code // codeOther: empty
}

func newCollector(fields []Field, budget int64) *collector {
	c := &collector{dims: newDimensions(fields), mem: newMemory(budget)}
	for range max(len(c.dims)-1, 0) {
		c.pairs = append(c.pairs, pairing{
			codes: map[uint64]code{}, pairs: []uint64{0}, recent: make([]recentPair, recentPairs),
		})
	}
	return c
}

const (
	recentPairs = 1 << 12
	pairBytes   = 40
)

func (p *pairing) codeOf(a, b code, m *memory) code {
	if a == codeOther || b == codeOther {
		return codeOther
	}
	pair := uint64(a)<<32 | uint64(b)
	recent := &p.recent[pair*0x9e3779b97f4a7c15>>(64-12)]
	if recent.pair == pair && recent.code != codeOther {
		return recent.code
	}
	c, ok := p.codes[pair]
	if !ok && !m.closed {
		c = code(len(p.pairs))
		p.codes[pair] = c
		p.pairs = append(p.pairs, pair)
		m.used += pairBytes
	}
	*recent = recentPair{pair, c}
	return c
}

// columns returns what add needs in a block.
func (c *collector) columns() []schema.ColumnID {
	cols := []schema.ColumnID{schema.ColDurationNS, schema.ColRet, schema.ColRequestedBytes}
	for _, d := range c.dims {
		for _, f := range d.fields {
			cols = append(cols, f.column.ID)
		}
	}
	return cols
}

// load finds the values of the dimensions in the tables of b, a segment's block,
// before its windows are added.
func (c *collector) load(b *segment.Block) {
	for _, d := range c.dims {
		if d.table != schema.TableEvent {
			d.load(b, c.mem)
		}
	}
}

// add counts the events of b, a window of a segment; with keep set only these rows.
func (c *collector) add(b *segment.Block, keep []int32) {
	duration, ret := &b.Cols[schema.ColDurationNS], &b.Cols[schema.ColRet]
	requested := &b.Cols[schema.ColRequestedBytes]
	if keep != nil {
		addKept(&c.total, b, keep, c.mem)
	} else {
		addColumns(&c.total, b, c.mem)
	}
	if len(c.dims) == 0 {
		return
	}
	for _, d := range c.dims {
		if d.table == schema.TableEvent {
			d.load(b, c.mem)
		}
	}
	c.codes = c.dims[0].eventCodes(c.codes[:0], b, c.mem)
	for i, d := range c.dims[1:] {
		c.other = d.eventCodes(c.other[:0], b, c.mem)
		for row := range c.codes {
			c.codes[row] = c.pairs[i].codeOf(c.codes[row], c.other[row], c.mem)
		}
	}
	clean := len(duration.Nulls)+len(ret.Nulls)+len(requested.Nulls) == 0
	for n := range rowsOf(c.codes, keep) {
		row := n
		if keep != nil {
			row = int(keep[n])
		}
		g := c.groups.at(c.codes[row], c.mem)
		g.events++
		if clean {
			g.addDuration(duration.Ints[row], c.mem)
			g.addResult(ret.Ints[row], c.mem)
			g.addRequested(requested.Ints[row])
		} else {
			addRow(g, b, row, c.mem)
		}
		if n%relieveEvery == 0 && c.mem.full() {
			c.relieve()
		}
	}
}

// relieveEvery bounds by how much the budget is overrun.
const relieveEvery = 1 << 10

func rowsOf(codes []code, keep []int32) int {
	if keep != nil {
		return len(keep)
	}
	return len(codes)
}

// addRow counts one event but for its number.
func addRow(g *group, b *segment.Block, row int, m *memory) {
	if v := &b.Cols[schema.ColDurationNS]; !v.IsNull(row) {
		g.addDuration(v.Ints[row], m)
	}
	if v := &b.Cols[schema.ColRet]; !v.IsNull(row) {
		g.addResult(v.Ints[row], m)
	}
	if v := &b.Cols[schema.ColRequestedBytes]; !v.IsNull(row) {
		g.addRequested(v.Ints[row])
	} else {
		g.unreadable++
	}
}

func addKept(g *group, b *segment.Block, keep []int32, m *memory) {
	g.events += int64(len(keep))
	for _, row := range keep {
		addRow(g, b, int(row), m)
	}
}

// addColumns counts all events of b, column by column.
func addColumns(g *group, b *segment.Block, m *memory) {
	rows := b.Rows[schema.TableEvent]
	g.events += int64(rows)
	duration, ret := &b.Cols[schema.ColDurationNS], &b.Cols[schema.ColRet]
	requested := &b.Cols[schema.ColRequestedBytes]
	for from, to := range runs(duration, rows) {
		g.addDurations(duration.Ints[from:to], m)
	}
	// A null is 0 in a column's values and adds nothing.
	g.addResults(ret.Ints, m)
	g.requested.addAll(requested.Ints)
	g.unreadable += int64(requested.NullCount(rows))
}

// relieve makes room when the budget is used up: first by precision, then by
// taking no more groups. Groups with a thousandth of all events keep theirs:
// there are few of them, and they are what is looked at.
func (c *collector) relieve() {
	m := c.mem
	for !m.relaxed() && m.precision > minPrecision {
		m.precision--
		for g := range c.groups.all() {
			if g.events < c.total.events>>10 {
				g.durations.limit(m.precision, m)
			}
		}
	}
	if m.full() {
		m.closed = true
	}
}
