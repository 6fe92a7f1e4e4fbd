package play_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// respace returns the recording with other times: gaps from shortest to
// longest, evenly on a logarithmic scale, the i-th at a place of its own.
func respace(r *segment.Reader, events int, shortest, longest time.Duration) ([]byte, error) {
	var out bytes.Buffer
	h := *r.Header()
	w, err := segment.NewWriter(&out, &h)
	if err != nil {
		return nil, err
	}
	enc, dec := segment.NewEncoder(w.FileID()), r.NewDecoder()
	var block segment.Block
	var e segment.Encoded
	ns, i := int64(3_600_000_000_000), 0
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			err := w.Close(&segment.End{})
			return out.Bytes(), err
		}
		if err != nil {
			return nil, err
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		if err := dec.ReadBlock(s, nil, &block); err != nil {
			return nil, err
		}
		times := block.Cols[schema.ColTimeNS].Ints
		for row := range times {
			place := float64(i*7919%events) / float64(events-1)
			ns += int64(float64(shortest) * math.Pow(float64(longest)/float64(shortest), place))
			times[row] = ns
			i++
		}
		if err := enc.Encode(&e, &block, segment.SegmentMeta{Ranges: s.Ranges}); err != nil {
			return nil, err
		}
		if err := w.WriteSegment(&e); err != nil {
			return nil, err
		}
	}
}
