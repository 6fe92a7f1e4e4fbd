package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// The payload of a segment record: what is in the segment, and where.

// column is one entry of a segment's directory. It is small, because readers
// may hold the segments of a whole file: the chunk's description was parsed
// and found right once, and is parsed again to decode it.
type column struct {
	id       schema.ColumnID
	relative schema.ColumnID // 0 for none
	crc      uint32
	offset   int64 // in the file
	size     int   // compressed bytes at offset
	rows     int   // 0 for a column that this build does not know
	decoded  int   // memory that it takes when decoded
	desc     []byte
}

// appendSegment appends everything of a segment's payload before the column
// entries.
func appendSegment(b []byte, blk *Block, m *SegmentMeta, minNS, maxNS int64) []byte {
	b = binary.AppendUvarint(b, schema.NumTables)
	for _, n := range blk.Rows {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(minNS))
	b = binary.LittleEndian.AppendUint64(b, uint64(maxNS))
	b = binary.AppendUvarint(b, uint64(len(m.Ranges)))
	for _, r := range m.Ranges {
		b = binary.AppendUvarint(b, uint64(r.CPU))
		b = binary.AppendUvarint(b, uint64(r.First))
		b = binary.AppendUvarint(b, uint64(r.Last-r.First))
		b = binary.AppendUvarint(b, uint64(r.Count))
	}
	if m.Counters == nil {
		return append(b, 0)
	}
	return appendCounters(append(b, 1), m.Counters)
}

// appendColumn appends a directory entry.
func appendColumn(b []byte, id schema.ColumnID, desc, data []byte, crc uint32) []byte {
	b = binary.AppendUvarint(b, uint64(id))
	b = binary.AppendUvarint(b, uint64(len(data)))
	if len(data) > 0 {
		b = binary.LittleEndian.AppendUint32(b, crc)
	}
	b = binary.AppendUvarint(b, uint64(len(desc)))
	return append(b, desc...)
}

// parseSegment parses a segment's payload; dataOffset is where its data starts
// in the file and dataSize how long it is.
func parseSegment(payload []byte, dataOffset int64, dataSize int) (*Segment, error) {
	c := colblock.Cursor{Rest: payload}
	s := &Segment{dataOffset: dataOffset}
	tables := c.Uvarint()
	if tables == 0 || tables > 64 {
		return nil, errPayload
	}
	rows := 0
	for t := range tables {
		n := c.Uvarint()
		if n > colblock.MaxRows {
			return nil, fmt.Errorf("%d rows in table %d: %w", n, t, colblock.ErrLimit)
		}
		if t < schema.NumTables {
			s.TableRows[t] = int(n)
		}
		rows += int(n)
	}
	s.Rows = s.TableRows[schema.TableEvent]
	times := c.Take(16)
	if c.Bad {
		return nil, errPayload
	}
	s.MinTimeNS = int64(binary.LittleEndian.Uint64(times))
	s.MaxTimeNS = int64(binary.LittleEndian.Uint64(times[8:]))
	if err := s.parseRanges(&c); err != nil {
		return nil, err
	}
	if c.Byte() != 0 {
		var err error
		if s.Counters, err = parseCounters(&c); err != nil {
			return nil, err
		}
	}
	if err := s.parseColumns(&c, dataOffset, dataSize); err != nil {
		return nil, err
	}
	return s, s.parseStatistics(&c)
}

func (s *Segment) parseRanges(c *colblock.Cursor) error {
	n := c.Uvarint()
	if n > MaxCPUs || n*4 > uint64(len(c.Rest)) {
		return errPayload
	}
	s.Ranges = make([]SeqRange, n)
	for i := range s.Ranges {
		cpu, first, span, count := c.Uvarint(), c.Uvarint(), c.Uvarint(), c.Uvarint()
		if cpu >= MaxCPUs || first >= 1<<62 || span >= 1<<62 || count > span+1 || count > uint64(s.Rows) {
			return errPayload
		}
		s.Ranges[i] = SeqRange{int(cpu), int64(first), int64(first + span), int64(count)}
	}
	return nil
}

func (s *Segment) parseColumns(c *colblock.Cursor, offset int64, dataSize int) error {
	n := c.Uvarint()
	if n > MaxColumns {
		return fmt.Errorf("%d columns: %w", n, colblock.ErrLimit)
	}
	end := offset + int64(dataSize)
	s.columns = make([]column, 0, min(n, uint64(schema.MaxColumnID)))
	var chunk colblock.Chunk
	for range n {
		id := c.Uvarint()
		size := c.Uvarint()
		if size > uint64(end-offset) || id == 0 || id > 1<<16-1 {
			return errPayload
		}
		col := column{id: schema.ColumnID(id), offset: offset, size: int(size)}
		if size > 0 {
			if b := c.Take(4); !c.Bad {
				col.crc = binary.LittleEndian.Uint32(b)
			}
		}
		col.desc = c.Take(c.Uvarint())
		if c.Bad {
			return errPayload
		}
		offset += int64(size)
		known := schema.ByID(col.id)
		if known == nil || s.TableRows[known.Table] == 0 {
			s.skipped = append(s.skipped, col)
			continue
		}
		err := chunk.Parse(col.desc, s.TableRows[known.Table])
		switch {
		case err != nil:
			return fmt.Errorf("column %s: %w", known.Name, err)
		case chunk.Kind != known.Kind:
			return fmt.Errorf("column %s is %v instead of %v", known.Name, chunk.Kind, known.Kind)
		case chunk.CompressedSize() != col.size:
			return fmt.Errorf("column %s: frames of %d bytes in %d", known.Name, chunk.CompressedSize(), col.size)
		case s.byID(col.id) != nil:
			return fmt.Errorf("column %s twice", known.Name)
		}
		if rel := chunk.Relative; rel != 0 {
			base := s.byID(rel)
			if base == nil || base.relative != 0 || schema.ByID(rel).Kind != schema.KindInt ||
				schema.ByID(rel).Table != known.Table {
				return fmt.Errorf("column %s is relative to column %d", known.Name, rel)
			}
		}
		col.relative, col.rows, col.decoded = chunk.Relative, chunk.Rows, chunk.DecodedSize()
		s.RawBytes += int64(col.decoded)
		if s.RawBytes > MaxBlockBytes {
			return fmt.Errorf("%d bytes decoded: %w", s.RawBytes, colblock.ErrLimit)
		}
		s.columns = append(s.columns, col)
		s.index[col.id] = uint16(len(s.columns))
	}
	if offset != end {
		return fmt.Errorf("columns leave %d bytes of data", end-offset)
	}
	return nil
}

// byID returns the directory entry of a column, or nil.
func (s *Segment) byID(id schema.ColumnID) *column {
	if int(id) >= len(s.index) || s.index[id] == 0 {
		return nil
	}
	return &s.columns[s.index[id]-1]
}
