package segment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// End is how a recording ended, written once by Writer.Close.
type End struct {
	Counters Counters
	Clock    Clock
	// Reason is one word, for example "signal", "duration" or "command-exit".
	Reason string
	// CommandStatus is the exit status of the recorded command, nil without one.
	CommandStatus *int
}

// Writer writes one file. Every Write method makes exactly one call of Write
// on the io.Writer, with whole records: what a crash leaves behind is whole
// records and at most one that is cut. After an error of the io.Writer the
// file ends in an unknown state, and every later call returns that error.
//
// A Writer is not safe for concurrent use.
type Writer struct {
	w        io.Writer
	id       [16]byte
	buf      []byte
	size     int64
	number   uint32
	segments uint64
	events   uint64
	maxSoFar int64
	block    []indexEntry // of the index record that is being filled
	root     []indexEntry
	noIndex  bool // the root overflowed
	err      error
}

var errClosed = errors.New("segment writer is closed")

// NewWriter writes the file header to w. It fills in h what describes the
// format: FormatVersion, SchemaVersion, Columns, and RecordingID when empty.
func NewWriter(w io.Writer, h *Header) (*Writer, error) {
	h.FormatVersion, h.SchemaVersion = FormatVersion, schema.Version
	h.Columns = h.Columns[:0:0]
	for i := range schema.All() {
		c := &schema.All()[i]
		h.Columns = append(h.Columns, HeaderColumn{ID: c.ID, Name: c.Name, Table: c.Table, Kind: c.Kind,
			Type: c.Type.String(), Unit: c.Unit, Tags: c.Tags.String()})
	}
	if h.RecordingID == "" {
		h.RecordingID = uuid.NewString()
	}
	id, err := uuid.Parse(h.RecordingID)
	if err != nil {
		return nil, fmt.Errorf("recording id %q: %w", h.RecordingID, err)
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode file header: %w", err)
	}
	if len(text) > MaxHeaderBytes {
		return nil, fmt.Errorf("file header of %d bytes: %w", len(text), colblock.ErrLimit)
	}
	wr := &Writer{w: w, id: id, maxSoFar: math.MinInt64}
	wr.buf = append(wr.buf, Preamble...)
	wr.record(KindHeader, func(b []byte) []byte { return append(b, text...) })
	return wr, wr.flush()
}

// FileID returns the recording id, which every record repeats.
func (w *Writer) FileID() [16]byte { return w.id }

// Size returns the number of bytes written so far.
func (w *Writer) Size() int64 { return w.size }

// record appends a record without data to the buffer.
func (w *Writer) record(kind uint8, payload func([]byte) []byte) {
	start := len(w.buf)
	w.buf = payload(beginRecord(w.buf))
	fillRecord(w.buf[start:], &w.id, kind, kindVersion(kind), w.number, 0)
	w.number++
}

// flush writes the buffer with one call.
func (w *Writer) flush() error {
	err := w.write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *Writer) write(b []byte) error {
	if w.err != nil {
		return w.err
	}
	n, err := w.w.Write(b)
	w.size += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = fmt.Errorf("write recording at offset %d: %w", w.size, err)
	}
	return w.err
}

// WriteSegment appends an encoded segment. It sets the record number in
// e.Data, which stays the caller's.
func (w *Writer) WriteSegment(e *Encoded) error {
	if w.err != nil {
		return w.err
	}
	if len(e.Data) < e.head || e.head < EnvelopeSize {
		return errors.New("segment is not encoded")
	}
	head := e.Data[:e.head]
	if [16]byte(head[offsetRecordingID:]) != w.id {
		return errors.New("segment was encoded for another recording")
	}
	offset := w.size
	if len(w.block) == IndexBlockSize {
		// The index record goes before the segment; together they are one write.
		w.indexRecord(offset)
		offset += int64(len(w.buf))
	}
	binary.LittleEndian.PutUint32(head[offsetNumber:], w.number)
	binary.LittleEndian.PutUint32(head[offsetCRC:], recordCRC(head))
	w.number++
	w.segments++
	w.events += uint64(e.Rows)
	if e.Rows > 0 {
		w.maxSoFar = max(w.maxSoFar, e.MaxTimeNS)
	}
	if !w.noIndex {
		w.block = append(w.block, indexEntry{uint64(offset), w.maxSoFar})
	}
	if len(w.buf) == 0 {
		return w.write(e.Data)
	}
	w.buf = append(w.buf, e.Data...)
	return w.flush()
}

// indexRecord appends the filled index record, which will stand at offset.
func (w *Writer) indexRecord(offset int64) {
	if len(w.root) == MaxRootEntries {
		w.noIndex, w.root, w.block = true, nil, nil
		return
	}
	last := w.block[len(w.block)-1]
	w.record(KindIndex, func(b []byte) []byte { return appendIndex(b, w.block) })
	w.root = append(w.root, indexEntry{uint64(offset), last.maxSoFar})
	w.block = w.block[:0]
}

// WriteGap appends a gap record.
func (w *Writer) WriteGap(g Gap) error {
	if !validCPU(int64(g.CPU)) || !g.inRange() {
		return fmt.Errorf("gap %+v is out of range", g)
	}
	w.record(KindGap, func(b []byte) []byte { return appendGap(b, &g) })
	return w.flush()
}

// WriteClock appends a clock record.
func (w *Writer) WriteClock(c Clock) error {
	w.record(KindClock, func(b []byte) []byte { return appendClock(b, &c) })
	return w.flush()
}

// WriteCounters appends a snapshot of the counters.
func (w *Writer) WriteCounters(c *Counters) error {
	if err := checkCounters(c); err != nil {
		return err
	}
	w.record(KindCounters, func(b []byte) []byte { return appendCounters(b, c) })
	return w.flush()
}

// WriteCoverage appends what was watched. The record is of no use to a reader
// when a limit of the format is exceeded: then nothing is written.
func (w *Writer) WriteCoverage(c *Coverage) error {
	text, err := appendCoverage(nil, c)
	if err != nil {
		return err
	}
	w.record(KindCoverage, func(b []byte) []byte { return append(b, text...) })
	return w.flush()
}

func checkCounters(c *Counters) error {
	for i := range c.CPUs {
		if cpu := c.CPUs[i].CPU; !validCPU(int64(cpu)) {
			return fmt.Errorf("counters of CPU %d", cpu)
		}
	}
	return nil
}

// Close writes the index, the end record and the trailer: the recording is
// complete. It does not close the io.Writer.
func (w *Writer) Close(end *End) error {
	if w.err != nil {
		return w.err
	}
	if len(end.Reason) > MaxReasonBytes {
		return fmt.Errorf("end reason of %d bytes: %w", len(end.Reason), colblock.ErrLimit)
	}
	if err := checkCounters(&end.Counters); err != nil {
		return err
	}
	t := trailer{root: noOffset, segments: w.segments, events: w.events}
	if len(w.block) > 0 {
		w.indexRecord(w.size)
	}
	if !w.noIndex {
		t.root = uint64(w.size) + uint64(len(w.buf))
		w.record(KindRoot, func(b []byte) []byte { return appendIndex(b, w.root) })
	}
	t.end = uint64(w.size) + uint64(len(w.buf))
	w.record(KindEnd, func(b []byte) []byte { return appendEnd(b, end) })
	w.record(KindTrailer, func(b []byte) []byte { return appendTrailer(b, &t) })
	if err := w.flush(); err != nil {
		return err
	}
	w.err = errClosed
	return nil
}
