package spill

import (
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Backlog is what an earlier recording has left.
type Backlog struct {
	Parts  int
	Bytes  int64
	Events int64 // behind the position
}

// Backlog counts what lies behind a position, from the headers of the records.
// It is for the start: nothing is written meanwhile.
func (d *Dir) Backlog(from deliver.Position) (b Backlog, err error) {
	for number := uint64(0); ; {
		p, _ := d.next(number)
		if p == nil {
			return b, nil
		}
		number = p.number
		b.Parts++
		b.Bytes += p.size
		r, file, err := d.read(p)
		if errors.Is(err, segment.ErrNotRecording) {
			continue
		}
		if err != nil {
			return b, err
		}
		n, err := eventsBehind(r, p.number, from)
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return b, err
		}
		b.Events += n
	}
}

func eventsBehind(r *segment.Reader, part uint64, from deliver.Position) (n int64, err error) {
	for i := int64(1); ; i++ {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		s, ok := item.(*segment.Segment)
		switch key := Key(part, i); {
		case !ok || from.Key > key:
		case from.Key == key:
			n += int64(s.Rows) - from.AtKey
		default:
			n += int64(s.Rows)
		}
	}
}
