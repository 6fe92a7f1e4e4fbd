package segment

import "github.com/sendmsgrec/sendmsgrec/schema"

// Segment is a segment's header: what is in it, without its columns. It stays
// valid when the Reader moves on.
type Segment struct {
	Offset, Size int64 // of record and data in the file
	Rows         int   // events
	TableRows    [schema.NumTables]int
	// MinTimeNS and MaxTimeNS bound time_ns of the events.
	MinTimeNS, MaxTimeNS int64
	Ranges               []SeqRange
	Counters             *Counters // nil when the segment has none
	RawBytes             int64     // memory that the columns take when decoded

	dataOffset int64
	data       []byte // of a stream's segment
	columns    []column
	index      [schema.MaxColumnID + 1]uint16 // place in columns, from 1
	skipped    []column                       // of unknown columns
	// The statistics of columns, as the payload has them.
	statistics      []byte
	statisticsCount int
	errors          []uint16 // in ret, ascending
	hasErrors       bool
	byteBounds      []columnByteBounds
}

// ColumnStat is what a column takes in a segment.
type ColumnStat struct {
	ID              schema.ColumnID
	CompressedBytes int // frames and description
	RawBytes        int // decoded; 0 for a column that this build does not know
}

// Columns returns what each column takes, in file order.
func (s *Segment) Columns() []ColumnStat {
	stats := make([]ColumnStat, 0, len(s.columns)+len(s.skipped))
	for i := range s.columns {
		c := &s.columns[i]
		stats = append(stats, ColumnStat{c.id, c.size + len(c.desc), c.decoded})
	}
	for i := range s.skipped {
		c := &s.skipped[i]
		stats = append(stats, ColumnStat{c.id, c.size + len(c.desc), 0})
	}
	return stats
}

// DataBytes is what the data of all columns take in the file, compressed.
func (s *Segment) DataBytes() int64 { return s.Offset + s.Size - s.dataOffset }
