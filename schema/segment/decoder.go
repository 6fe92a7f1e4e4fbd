package segment

import (
	"errors"
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// CorruptError is a column of a segment that cannot be decoded. Other columns
// and other segments may be.
type CorruptError struct {
	Path   string // of the file, as given to Open
	Offset int64  // of the column's bytes in the file
	Column string
	Err    error
}

func (e *CorruptError) Error() string {
	where := ""
	if e.Path != "" {
		where = e.Path + ": "
	}
	return fmt.Sprintf("%scolumn %s at offset %d: %v", where, e.Column, e.Offset, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// Decoder decodes the columns of segments. One per goroutine; all may run
// concurrently on one Reader.
type Decoder struct {
	r     *Reader
	col   *colblock.Decoder
	chunk colblock.Chunk
	buf   []byte
	need  [schema.MaxColumnID + 1]bool
	stats DecoderStats
}

// DecoderStats is what a Decoder has done since it was made.
type DecoderStats struct {
	Columns         int64 // column chunks decoded
	CompressedBytes int64 // of their data, as the file has it
}

// Stats returns what the decoder has done so far.
func (d *Decoder) Stats() DecoderStats { return d.stats }

// NewDecoder returns a decoder for segments of r.
func (r *Reader) NewDecoder() *Decoder {
	return &Decoder{r: r, col: colblock.NewDecoder()}
}

// ReadBlock decodes columns of s into b, replacing what it held; nil means all.
// It reads the bytes of these columns only, and of the refs that lead to their
// tables. A column that the segment does not have is null in all rows. Errors
// are *CorruptError, or those of the source.
func (d *Decoder) ReadBlock(s *Segment, cols []schema.ColumnID, b *Block) error {
	b.Reset()
	b.Rows = s.TableRows
	d.need = [schema.MaxColumnID + 1]bool{}
	if cols == nil {
		for i := range d.need[1:] {
			d.need[i+1] = true
		}
	}
	for _, id := range cols {
		c := schema.ByID(id)
		if c == nil {
			return fmt.Errorf("column id %d is unknown", id)
		}
		d.need[id] = true
		if c.Table != schema.TableEvent {
			d.need[schema.RefOf(c.Table)] = true
		}
	}
	return d.readNeeded(s, b)
}

// ReadMore decodes columns of s into b besides those that it holds, which must
// be of s: what ReadBlock and ReadMore have decoded stays and is not decoded
// again. Unlike ReadBlock it reads no ref but those in cols; a reader that needs
// a table's rows only, and not which event has which, does without. Errors are
// those of ReadBlock; b then still holds what it held.
func (d *Decoder) ReadMore(s *Segment, cols []schema.ColumnID, b *Block) error {
	if b.Rows != s.TableRows {
		return errors.New("the block holds another segment")
	}
	d.need = [schema.MaxColumnID + 1]bool{}
	for _, id := range cols {
		if schema.ByID(id) == nil {
			return fmt.Errorf("column id %d is unknown", id)
		}
		d.need[id] = true
	}
	return d.readNeeded(s, b)
}

// readNeeded decodes the columns of d.need that b does not hold yet.
func (d *Decoder) readNeeded(s *Segment, b *Block) error {
	held := [schema.MaxColumnID + 1]bool{}
	for id := range held {
		if c := schema.ByID(schema.ColumnID(id)); c != nil {
			held[id] = b.Has(c.ID)
		}
	}
	defer func() {
		for id := range held {
			if !d.need[id] && !held[id] {
				b.Cols[id].Reset() // was decoded for a relative column only
			}
		}
	}()
	for i := range s.columns {
		if c := &s.columns[i]; d.need[c.id] && !b.Has(c.id) {
			if err := d.readColumn(s, c, b); err != nil {
				return err
			}
		}
	}
	for id := range d.need {
		if c := schema.ByID(schema.ColumnID(id)); c != nil && d.need[id] && !b.Has(c.ID) {
			b.Cols[id].FillNull(c.Kind, b.Rows[c.Table])
		}
	}
	return nil
}

// readColumn decodes a column into b. A column that it is relative to stands
// before it in the directory, and is decoded first if it was not wanted itself.
func (d *Decoder) readColumn(s *Segment, c *column, b *Block) error {
	var rel *colblock.Vector
	if id := c.relative; id != 0 {
		rel = &b.Cols[id]
		if !b.Has(id) {
			if err := d.readColumn(s, s.byID(id), b); err != nil {
				return err
			}
		}
	}
	v := &b.Cols[c.id]
	err := d.readChunk(s, c, func(k *colblock.Chunk, data []byte) error {
		if err := d.col.Decode(v, k, data, rel); err != nil {
			return err
		}
		return checkRefs(c.id, v, b)
	})
	if err != nil {
		v.Reset()
	}
	return err
}

// readChunk reads a column's chunk and has it decoded.
func (d *Decoder) readChunk(s *Segment, c *column, decode func(*colblock.Chunk, []byte) error) error {
	data, err := d.columnData(s, c)
	if err != nil {
		return err
	}
	d.stats.Columns++
	d.stats.CompressedBytes += int64(c.size)
	if err := d.decodeChunk(c, data, decode); err != nil {
		return &CorruptError{d.r.path, c.offset, schema.ByID(c.id).Name, err}
	}
	return nil
}

// columnData returns the frames of a column, valid until the next call.
func (d *Decoder) columnData(s *Segment, c *column) ([]byte, error) {
	if s.data != nil || c.size == 0 {
		from := c.offset - s.dataOffset
		return s.data[min(from, int64(len(s.data))):][:c.size], nil
	}
	if cap(d.buf) < c.size {
		d.buf = make([]byte, c.size)
	}
	b := d.buf[:c.size]
	n, err := d.r.at.readAt(b, c.offset)
	if err != nil {
		return nil, fmt.Errorf("read column at offset %d: %w", c.offset, err)
	}
	return b[:n], nil
}

func (d *Decoder) decodeChunk(c *column, data []byte, decode func(*colblock.Chunk, []byte) error) error {
	if len(data) != c.size {
		return ErrCut
	}
	if crc := crcOf(data); c.size > 0 && crc != c.crc {
		return fmt.Errorf("checksum is %#08x instead of %#08x: %w", crc, c.crc, colblock.ErrCorrupt)
	}
	if err := d.chunk.Parse(c.desc, c.rows); err != nil {
		return err
	}
	return decode(&d.chunk, data)
}

// checkRefs checks a column of refs, which readers follow without a look at the
// table's size.
func checkRefs(id schema.ColumnID, v *colblock.Vector, b *Block) error {
	c := schema.ByID(id)
	if !c.IsRef() {
		return nil
	}
	rows := uint64(b.Rows[c.Ref])
	for i, ref := range v.Ints {
		if uint64(ref) >= rows && !v.IsNull(i) {
			return fmt.Errorf("row %d refers to row %d of %d: %w", i, ref, rows, colblock.ErrCorrupt)
		}
	}
	return nil
}
