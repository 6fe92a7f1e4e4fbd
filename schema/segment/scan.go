package segment

import (
	"errors"
	"fmt"
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
	// holds is cut into windows, or is the same in each: the other tables.
	scanned  []*scanned
	free     []*scanned
	held     *Block
	heldCols []schema.ColumnID
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
// Errors are those of ReadMore, and none comes later.
func (d *Decoder) Scan(s *Segment, cols []schema.ColumnID, b *Block, sc *Scan) error {
	if b.Rows != s.TableRows {
		return errors.New("the block holds another segment")
	}
	sc.rows, sc.held, sc.heldCols = s.Rows, b, sc.heldCols[:0]
	sc.window.Cols = [schema.MaxColumnID + 1]colblock.Vector{}
	sc.free = append(sc.free, sc.scanned...)
	sc.scanned = sc.scanned[:0]

	var whole []schema.ColumnID
	var scan [schema.MaxColumnID + 1]bool
	for _, id := range cols {
		c := schema.ByID(id)
		if c == nil {
			return fmt.Errorf("column id %d is unknown", id)
		}
		in := s.byID(id)
		if b.Has(id) || in == nil || c.Kind != schema.KindInt || c.IsRef() || c.Table != schema.TableEvent {
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
		if b.Rows[c.Table] > 0 && b.Has(c.ID) {
			sc.heldCols = append(sc.heldCols, c.ID)
		}
	}
	return nil
}

// add appends an empty entry to sc.scanned.
func (sc *Scan) add() *scanned {
	c := &scanned{}
	if n := len(sc.free); n > 0 {
		c, sc.free = sc.free[n-1], sc.free[:n-1]
	}
	sc.scanned = append(sc.scanned, c)
	return c
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
			w.Rows = sc.held.Rows
			w.Rows[schema.TableEvent] = rows
			for _, id := range sc.heldCols {
				w.Cols[id] = sc.held.Cols[id]
				if tableOf[id] == schema.TableEvent {
					w.Cols[id] = sc.held.Cols[id].Slice(row, row+rows)
				}
			}
			for _, c := range sc.scanned {
				c.scan.Next(&c.vector, rows, &w.Cols[c.column.relative])
				w.Cols[c.column.id] = c.vector
			}
			if !yield(row, w) {
				return
			}
		}
	}
}
