package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// SegmentMeta is what the recorder adds to a block's rows.
type SegmentMeta struct {
	Ranges   []SeqRange // ascending CPU; only CPUs that have events in the block
	Counters *Counters  // nil when there is none
}

// Encoder turns blocks into segments. One per goroutine: it reuses its memory
// and allocates nothing once it has seen a block of the usual size.
type Encoder struct {
	id   [16]byte
	col  *colblock.Encoder
	desc []byte
	cols []byte // directory entries
	stat []byte // statistics
	rel  colblock.Relative
	data []byte // frames of all columns
}

// NewEncoder returns an encoder for the file with the id (Writer.FileID).
func NewEncoder(fileID [16]byte) *Encoder {
	return &Encoder{id: fileID, col: colblock.NewEncoder()}
}

// Encoded is a segment ready to be written.
type Encoded struct {
	// Data is the segment record with its data. The record number in it is set
	// by Writer.WriteSegment.
	Data []byte
	// Rows is the number of events; MinTimeNS and MaxTimeNS bound their time_ns
	// (both 0 without events).
	Rows                 int
	MinTimeNS, MaxTimeNS int64
	// RawBytes is the memory that the columns take when decoded.
	RawBytes int64

	head int // bytes of Data before the column data
}

// Encode encodes the block into dst, reusing dst.Data. The block is not
// changed. Errors: a block whose vectors do not match its rows, or one beyond
// the limits of the format (colblock.ErrLimit).
func (e *Encoder) Encode(dst *Encoded, b *Block, m SegmentMeta) error {
	dst.Rows = b.Rows[schema.TableEvent]
	dst.RawBytes = 0
	dst.MinTimeNS, dst.MaxTimeNS = 0, 0
	if times := b.Cols[schema.ColTimeNS].Ints; len(times) > 0 {
		dst.MinTimeNS, dst.MaxTimeNS = times[0], times[0]
		for _, t := range times {
			dst.MinTimeNS, dst.MaxTimeNS = min(dst.MinTimeNS, t), max(dst.MaxTimeNS, t)
		}
	}
	if err := checkMeta(&m, dst.Rows); err != nil {
		return err
	}
	e.cols, e.stat, e.data = e.cols[:0], e.stat[:0], e.data[:0]
	columns, statistics := 0, 0
	for i := range schema.All() {
		c := &schema.All()[i]
		v, rows := &b.Cols[c.ID], b.Rows[c.Table]
		if rows == 0 {
			continue
		}
		start := len(e.data)
		var err error
		e.desc, e.data, err = e.col.AppendChunk(e.desc[:0], e.data, c.Kind, v, rows, e.relative(c.ID, b))
		if err != nil {
			return fmt.Errorf("encode column %s: %w", c.Name, err)
		}
		frames := e.data[start:]
		e.cols = appendColumn(e.cols, c.ID, e.desc, frames, crcOf(frames))
		var has bool
		if e.stat, has = appendStatistics(e.stat, c.ID, e.col, v, rows); has {
			statistics++
		}
		dst.RawBytes += int64(colblock.DecodedSize(c.Kind, rows, v.Total(c.Kind, rows)))
		columns++
	}
	if dst.RawBytes > MaxBlockBytes || len(e.data) > MaxDataBytes {
		return fmt.Errorf("segment of %d bytes: %w", dst.RawBytes, colblock.ErrLimit)
	}
	out := beginRecord(dst.Data[:0])
	out = appendSegment(out, b, &m, dst.MinTimeNS, dst.MaxTimeNS)
	out = binary.AppendUvarint(out, uint64(columns))
	out = append(out, e.cols...)
	out = binary.AppendUvarint(out, uint64(statistics))
	out = append(out, e.stat...)
	out = appendErrors(out, &b.Cols[schema.ColRet])
	out = appendByteStatistics(out, b)
	if len(out)-EnvelopeSize > MaxPayloadBytes {
		return fmt.Errorf("segment payload of %d bytes: %w", len(out), colblock.ErrLimit)
	}
	dst.head = len(out)
	fillRecord(out, &e.id, KindSegment, kindVersion(KindSegment), 0, len(e.data))
	dst.Data = append(out, e.data...)
	return nil
}

// relative returns the column that column id is usually equal to, or nil: a
// call mostly sends all it was asked to, from one iovec.
func (e *Encoder) relative(id schema.ColumnID, b *Block) *colblock.Relative {
	if id != schema.ColRequestedBytes && id != schema.ColIovLen {
		return nil
	}
	e.rel = colblock.Relative{ID: schema.ColRet, Vector: &b.Cols[schema.ColRet]}
	return &e.rel
}

func checkMeta(m *SegmentMeta, rows int) error {
	for _, r := range m.Ranges {
		if r.CPU < 0 || r.CPU >= MaxCPUs || r.First < 0 || r.Last < r.First ||
			r.Count < 0 || r.Count > r.Last-r.First+1 || r.Count > int64(rows) {
			return fmt.Errorf("sequence range %+v of %d rows", r, rows)
		}
	}
	if m.Counters != nil {
		return checkCounters(m.Counters)
	}
	return nil
}
