package sink

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Kind is what a record tells. The values are part of the event ids.
type Kind uint8

// The kinds.
const (
	KindEvent    Kind = iota // a call
	KindGap                  // events that were lost while recording
	KindDamage               // a part of the recording that cannot be read
	KindClock                // the clocks of the recording's host at one moment
	KindCoverage             // what was watched while recording, and what was not
)

var kindNames = [...]string{"event", "gap", "damage", "clock", "coverage"}

// String returns the kind as JSON objects and ids have it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind" + strconv.Itoa(int(k))
}

// ID identifies a record for ever: the same in every replay of the recording,
// into any sink, however often it is sent.
type ID struct {
	Recording [16]byte // UUID of the recording
	Kind      Kind
	CPU       int32 // of an event
	Seq       int64 // of an event: its number on the CPU; else among its kind in the file, from 0
	Loop      int32 // 0, and 1, 2, … in the repetitions of a replay with loops
}

// Append appends the id as text: UUID-CPU-SEQ for an event, UUID-KIND-NUMBER
// for others, with .LOOP behind it in repetitions.
func (id *ID) Append(dst []byte) []byte {
	dst = appendUUID(dst, &id.Recording)
	dst = append(dst, '-')
	if id.Kind == KindEvent {
		dst = strconv.AppendInt(dst, int64(id.CPU), 10)
	} else {
		dst = append(dst, id.Kind.String()...)
	}
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, id.Seq, 10)
	if id.Loop > 0 {
		dst = append(dst, '.')
		dst = strconv.AppendInt(dst, int64(id.Loop), 10)
	}
	return dst
}

// String returns the id as Append writes it.
func (id *ID) String() string { return string(id.Append(nil)) }

func appendUUID(dst []byte, u *[16]byte) []byte {
	for i, part := range [...][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// Record is one thing to deliver. Which fields are filled depends on the
// sink's Traits.
type Record struct {
	ID
	// Source is the recording that it comes from: an index of Batch.Sources.
	Source int32
	// Row is an event's row in Batch.Block; -1 for other kinds.
	Row int32
	// End is where the record's bytes end in Batch.Data. They begin where
	// those of the record before end, and are framed as Batch.Framing says.
	// A record that the format has no place for (a gap in CSV) has no bytes.
	End int
	// TimeNS is the event's time_ns (CLOCK_BOOTTIME of its host), a gap's first
	// or a coverage's first moment, a clock's moment; 0 for a damage.
	TimeNS int64
	// WallNS is TimeNS as nanoseconds since 1970, by the recording's clocks.
	WallNS int64
	// Notice is what a record is that is no event: *segment.Gap,
	// *segment.Damage, *segment.Clock or *segment.Coverage.
	Notice segment.Item
}

// Source is a recording that records come from. It does not change while
// batches refer to it.
type Source struct {
	Name   string // path of the file, as given
	ID     uuid.UUID
	Header *segment.Header
}

// Batch is records in the order of delivery.
type Batch struct {
	// Count is the number of records, Events of those the number of events.
	Count, Events int
	// Records has an entry for each record when the sink reads Bytes or Rows.
	Records []Record
	// Data is the records in the format that was chosen, one behind the other.
	Data []byte
	// Block has the events as rows, each column that the sink named as the
	// recording has it, with tables that hold what these rows refer to.
	Block *segment.Block
	// Sources are the recordings of the replay, and Walls their wall clocks, as
	// far as they are known.
	Sources []*Source
	Walls   []*segment.WallClock
	// Header is the bytes that stand before the first record of a stream in the
	// format (the names in CSV), empty in most formats. A sink that begins a new
	// unit (a connection, a request) sends it first.
	Header []byte
	Encoding
}

// Encoding is how the bytes of a batch are written.
type Encoding struct {
	Format      string // its name, as in --format
	ContentType string // the media type of Data
	Framing     Framing
}

// Framing is what separates the records in Data.
type Framing uint8

// The framings.
const (
	FramedByLine   Framing = iota // each ends with \n
	FramedByLength                // each begins with its length, a varint
)

// Bytes returns the bytes of record i.
func (b *Batch) Bytes(i int) []byte {
	from := 0
	if i > 0 {
		from = b.Records[i-1].End
	}
	return b.Data[from:b.Records[i].End]
}

// Message returns the bytes of record i without its framing.
func (b *Batch) Message(i int) []byte {
	record := b.Bytes(i)
	if b.Framing == FramedByLine {
		return bytes.TrimSuffix(record, []byte{'\n'})
	}
	_, size := binary.Uvarint(record)
	return record[max(size, 0):]
}
