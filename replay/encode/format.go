package encode

import (
	"github.com/sendmsgrec/sendmsgrec/replay/protobuf"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// format is a way to write records.
type format struct {
	sink.Encoding
	ids  bool // there is a place for the event id
	open func(fields []string) (writer, error)
}

var formats = []format{
	{sink.Encoding{Format: "json", ContentType: "application/x-ndjson"}, true, textWriter(text.JSON)},
	{sink.Encoding{Format: "csv", ContentType: "text/csv; charset=utf-8"}, false, textWriter(text.CSV)},
	{sink.Encoding{Format: "text", ContentType: "text/plain; charset=utf-8"}, false, textWriter(text.Line)},
	{sink.Encoding{Format: "protobuf", ContentType: "application/x-protobuf", Framing: sink.FramedByLength}, true, messageWriter},
}

// Formats returns the names of the formats, the default first.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Format)
	}
	return names
}

// writer writes records of one block after another in a format.
type writer interface {
	// Columns are what blocks must hold.
	Columns() []schema.ColumnID
	// Header appends what stands before the first record.
	Header(dst []byte) []byte
	SetWallClock(w *segment.WallClock)
	SetBlock(b *segment.Block)
	// Event appends the event in row of the block, Notice what is no event; an
	// id that is not nil goes with it.
	Event(dst []byte, row int, id []byte) []byte
	Notice(dst []byte, item segment.Item, id []byte) []byte
}

// printer writes text.
type printer struct{ *text.Printer }

func textWriter(f text.Format) func([]string) (writer, error) {
	return func(fields []string) (writer, error) {
		p, err := text.New(f, text.Options{Fields: fields})
		return printer{p}, err
	}
}

// Event puts an id in front of the object's keys.
func (p printer) Event(dst []byte, row int, id []byte) []byte {
	if id == nil {
		return p.Printer.Event(dst, row)
	}
	dst = appendID(dst, id)
	brace := len(dst)
	dst = p.Printer.Event(dst, row)
	dst[brace] = ','
	return dst
}

func (p printer) Notice(dst []byte, item segment.Item, id []byte) []byte {
	if id != nil {
		dst = appendID(dst, id)
	}
	brace := len(dst)
	switch it := item.(type) {
	case *segment.Gap:
		dst = p.Gap(dst, it)
	case *segment.Damage:
		dst = p.Damage(dst, it)
	case *segment.Clock:
		dst = p.Clock(dst, it)
	case *segment.Coverage:
		dst = p.Coverage(dst, it)
	}
	if id != nil {
		dst[brace] = ','
	}
	return dst
}

func appendID(dst, id []byte) []byte {
	dst = append(dst, `{"id":"`...)
	dst = append(dst, id...)
	return append(dst, '"')
}

// messages writes Protocol Buffers.
type messages struct{ *protobuf.Encoder }

func messageWriter(fields []string) (writer, error) {
	e, err := protobuf.New(fields)
	return messages{e}, err
}

func (messages) Header(dst []byte) []byte { return dst }
