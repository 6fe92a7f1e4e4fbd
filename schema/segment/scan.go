package segment

import (
	"iter"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// Scan reads a segment's events a window at a time, for those who look at each
// value once and in order: what a window's columns take stays in the processor's
// cache from their decoding to their use. Its memory is reused.
type Scan struct {
	rows   int
	window Block
	// Int columns of the event table are decoded for each window. What the block
	// holds of this table is cut into windows; other tables are the same in each.
	scanned []scanned
	held    *Block
	cut     []schema.ColumnID
}

// scanned is one column that is decoded window by window.
type scanned struct {
	column *column
	scan   colblock.Scan
	vector colblock.Vector
}

// WindowRows is the number of events in each of a Scan's windows but the last.
const WindowRows = 1024

// Scan makes sc a scan of columns of s. b is a block of s: what it holds need not
// be decoded again, and columns of other tables, refs, lists and bytes are decoded
// into it, as ReadMore does. It must stay as it is as long as the windows are used.
// Windows also have the columns that those asked for are relative to. Errors are
// those of ReadMore, and none comes later.
func (d *Decoder) Scan(s *Segment, cols []schema.ColumnID, b *Block, sc *Scan) error {
	sc.rows, sc.held, sc.cut, sc.scanned = s.Rows, b, sc.cut[:0], sc.scanned[:0]
	sc.window = Block{Rows: b.Rows}

	var whole []schema.ColumnID
	var scan [schema.MaxColumnID + 1]bool
	for _, id := range cols {
		c, in := schema.ByID(id), s.byID(id)
		if in == nil || b.Has(id) || c.Kind != schema.KindInt || c.IsRef() || c.Table != schema.TableEvent {
			whole = append(whole, id)
			continue
		}
		scan[id] = true
		if rel := in.relative; rel != 0 && !b.Has(rel) {
			scan[rel] = true
		}
	}
	if err := d.ReadMore(s, whole, b); err != nil {
		return err
	}
	// A column stands behind the one that it is relative to.
	for i := range s.columns {
		if c := &s.columns[i]; scan[c.id] && !b.Has(c.id) {
			if err := d.open(s, c, sc.add()); err != nil {
				return err
			}
		}
	}
	for _, c := range schema.All() {
		switch {
		case b.Rows[c.Table] == 0 || !b.Has(c.ID):
		case c.Table == schema.TableEvent:
			sc.cut = append(sc.cut, c.ID)
		default:
			sc.window.Cols[c.ID] = b.Cols[c.ID]
		}
	}
	return nil
}

// add appends an entry to sc.scanned, with the memory of one that was there before.
func (sc *Scan) add() *scanned {
	n := len(sc.scanned)
	if n == cap(sc.scanned) {
		sc.scanned = append(sc.scanned, scanned{})
	}
	sc.scanned = sc.scanned[:n+1]
	return &sc.scanned[n]
}

// open makes to a scan of the column.
func (d *Decoder) open(s *Segment, c *column, to *scanned) error {
	to.column = c
	return d.readChunk(s, c, func(k *colblock.Chunk, data []byte) error {
		return d.col.Open(&to.scan, k, data)
	})
}

// Windows returns the windows in order, each with the row of its first event in the
// segment. Columns of the event table have the window's rows, columns of other
// tables all of theirs. A window is valid until the next. Windows may be gone
// through once.
func (sc *Scan) Windows() iter.Seq2[int, *Block] {
	return func(yield func(int, *Block) bool) {
		for row := 0; row < sc.rows; row += WindowRows {
			rows := min(WindowRows, sc.rows-row)
			w := &sc.window
			w.Rows[schema.TableEvent] = rows
			for _, id := range sc.cut {
				w.Cols[id] = sc.held.Cols[id].Slice(row, row+rows)
			}
			for i := range sc.scanned {
				c := &sc.scanned[i]
				c.scan.Next(&c.vector, rows, &w.Cols[c.column.relative])
				w.Cols[c.column.id] = c.vector
			}
			if !yield(row, w) {
				return
			}
		}
	}
}
