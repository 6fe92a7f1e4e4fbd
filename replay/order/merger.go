package order

import (
	"io"
	"math"
	"sort"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Input is a recording to merge.
type Input struct {
	Reader *segment.Reader
	// Directory is what Scan returned for Reader; nil for a stream.
	Directory *Directory
	// FromNS <= time_ns < ToNS; both 0: all. Gaps that overlap stay, and so do
	// damages.
	FromNS, ToNS int64
	// Filter selects events besides; nil: all. It was bound for this recording.
	Filter *filter.Program
}

// Options say what a merge delivers.
type Options struct {
	// Columns are what the caller reads of a batch's block; nil is all.
	// The time is added.
	Columns []schema.ColumnID
	// Window is how long, in recorded time, events of a stream wait for others
	// that entered before them; 0 is DefaultWindow.
	Window time.Duration
	// MemoryBytes bounds what is decoded at a time; 0 is DefaultMemoryBytes.
	// Beyond it, at least a segment of each input is.
	MemoryBytes int64
}

// The defaults of Options.
const (
	DefaultWindow      = time.Second
	DefaultMemoryBytes = 64 << 20
)

// Block is a decoded block. Serial is another number whenever it was filled.
type Block struct {
	segment.Block
	Serial uint64
}

// Batch is what Next returns: events of one block, or one notice.
type Batch struct {
	Input int
	Block *Block // nil for a notice
	// Rows are event rows of Block, in order. Keys are their times by which
	// inputs are merged: time_ns, or nanoseconds since 1970 (Merger.ByWall). A
	// notice has one key. From batch to batch keys never fall within an input,
	// and over all inputs only where Counts.Late says so.
	Rows []int32
	Keys []int64
	// Notice is a *segment.Gap, *segment.Damage, *segment.Clock or
	// *segment.Coverage; Number counts those of its kind in the file, from 0.
	Notice segment.Item
	Number int64
}

// Counts is what a Merger has seen so far.
type Counts struct {
	Events, Notices int64
	// Late is the number of events that came behind one with a later time, and
	// LateMaxNS by how much at most.
	Late      int64
	LateMaxNS int64
	// Segments were decoded, Skipped were not: the filter or the bounds left
	// nothing of them.
	Segments, Skipped int64
	// Reopened is how many segments were decoded twice.
	Reopened int64
	// Filtered is the number of events that the filter or the bounds left out.
	Filtered int64
}

// Merger merges inputs.
type Merger struct {
	inputs  []*input
	o       Options
	columns []schema.ColumnID
	byWall  bool
	counts  Counts
	free    []*cursor
	open    int64 // bytes of all decoded blocks
	serial  uint64
	batch   Batch
	given   *cursor // that batch refers to
	keys    []int64
	// corrupt are the segments with a column that does not decode, by input.
	corrupt [][]segment.Damage
	// skipBelow is the key below which nothing is given (SkipTo).
	skipBelow int64
	delayed   bool // a unit waits for memory beyond its time
	stepped   bool // keys are wall time, and a wall clock was set back
}

// New returns a merger at the start of the inputs.
func New(inputs []Input, o Options) (*Merger, error) {
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	m := &Merger{o: o, skipBelow: math.MinInt64, corrupt: make([][]segment.Damage, len(inputs))}
	m.columns = WithTime(o.Columns)
	boot := ""
	for i, in := range inputs {
		if in.FromNS == 0 && in.ToNS == 0 {
			in.FromNS, in.ToNS = math.MinInt64, math.MaxInt64
		}
		id := in.Reader.Header().BootID
		m.byWall = m.byWall || i > 0 && (id == "" || id != boot)
		boot = id
		next := &input{Input: in, m: m, index: i, dec: in.Reader.NewDecoder()}
		if in.Filter != nil {
			next.eval = in.Filter.Evaluator(next.dec)
		}
		m.inputs = append(m.inputs, next)
	}
	for _, in := range m.inputs {
		in.rewind()
		m.stepped = m.stepped || m.byWall && in.steppedBack()
	}
	return m, nil
}

// WithTime returns the columns to decode so that these and the time are there;
// nil is all.
func WithTime(columns []schema.ColumnID) []schema.ColumnID {
	if columns == nil {
		return nil
	}
	var need [schema.MaxColumnID + 1]bool
	need[schema.ColTimeNS] = true
	for _, c := range columns {
		need[c] = true
	}
	cols := []schema.ColumnID{}
	for id, ok := range need {
		if ok {
			cols = append(cols, schema.ColumnID(id))
		}
	}
	return cols
}

// ByWall reports whether keys are wall time: the inputs are of several boots.
func (m *Merger) ByWall() bool { return m.byWall }

// Counts returns what was counted since New; Rewind does not reset it.
func (m *Merger) Counts() Counts { return m.counts }

// Corrupt returns the segments of an input with a column that does not decode.
func (m *Merger) Corrupt(index int) []segment.Damage { return m.corrupt[index] }

// Wall returns the wall clock of an input, as far as it is known.
func (m *Merger) Wall(index int) *segment.WallClock { return m.inputs[index].wall }

// Summary returns the summary of an input, nil for a stream that was not read
// to its end.
func (m *Merger) Summary(index int) *segment.Summary {
	in := m.inputs[index]
	if in.Directory != nil {
		return in.Directory.Summary
	}
	return in.stream.summary
}

// Exact reports whether everything given so far came in order and nothing
// that belongs before it is left: SkipTo leads back here.
func (m *Merger) Exact() bool { return m.counts.Late == 0 && !m.delayed && !m.stepped }

// SkipTo leaves out, from now on, what has a key below. Segments that end
// before it are not decoded. It is for the start of the inputs.
func (m *Merger) SkipTo(key int64) { m.skipBelow = key }

// Rewind goes back to the start of all inputs, which must not be streams.
func (m *Merger) Rewind() {
	m.release()
	m.skipBelow, m.delayed = math.MinInt64, false
	for _, in := range m.inputs {
		in.rewind()
	}
}

// release takes back the block of the batch that was given, if it is empty.
func (m *Merger) release() {
	if c := m.given; c != nil && len(c.rows) == 0 {
		m.recycle(c)
	}
	m.given = nil
}

func (m *Merger) recycle(c *cursor) {
	m.open -= c.bytes
	c.bytes, c.notice, c.rows = 0, nil, nil
	m.free = append(m.free, c)
}

// Next returns the next events, at least one, or a notice; io.EOF at the end.
// Other errors are those of reading the inputs.
func (m *Merger) Next() (*Batch, error) {
	m.release()
	var first, second *input
	for _, in := range m.inputs {
		if err := in.settle(); err != nil {
			return nil, err
		}
		switch {
		case in.head == nil:
		case first == nil || in.key < first.key:
			first, second = in, first
		case second == nil || in.key < second.key:
			second = in
		}
	}
	if first == nil {
		return nil, io.EOF
	}
	return first.take(second), nil
}

// rowsUpTo returns how many of the rows, which are in order, have a time of at
// most ns.
func rowsUpTo(times []int64, rows []int32, ns int64) int {
	if n := len(rows); n == 0 || times[rows[n-1]] <= ns {
		return n
	}
	// Runs are short when files interleave, long when they do not: gallop.
	step := 1
	for step < len(rows) && times[rows[step]] <= ns {
		step *= 2
	}
	lo, hi := step/2, min(step, len(rows))
	return lo + sort.Search(hi-lo, func(i int) bool { return times[rows[lo+i]] > ns })
}
