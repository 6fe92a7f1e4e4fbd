package segment

import (
	"errors"
	"fmt"
)

// SegmentAt reads the header of the segment at an offset that Next or
// Summarize gave before, as Segment.Offset. It does not move the reader. The
// error is a *CorruptError when there is no intact segment any more.
func (r *Reader) SegmentAt(offset int64) (*Segment, error) {
	if r.at == nil {
		return nil, errors.New("a stream has no offsets to go to")
	}
	env, payload, err := r.record(offset, &r.id)
	if err == nil {
		payload, err = r.whole(offset, &env, payload)
	}
	var item Item
	if err == nil {
		item, err = r.parse(offset, &env, payload)
	}
	if isDamage(err) {
		return nil, &CorruptError{Path: r.path, Offset: offset, Column: "directory", Err: unwrapDamage(err)}
	}
	if err != nil {
		return nil, err
	}
	s, ok := item.(*Segment)
	if !ok {
		return nil, fmt.Errorf("record kind %d at offset %d is no segment", env.kind, offset)
	}
	return s, nil
}

// Truncated returns a reader of the first size bytes of r's file, and closes
// it as r would, which must not be used any more. It is for files that are
// still being written: what comes later is left out.
func (r *Reader) Truncated(size int64) (*Reader, error) {
	if r.at == nil || size > r.at.n {
		return nil, errors.New("not so many bytes in the recording")
	}
	t, err := NewReader(r.at.src, size)
	if err != nil {
		return nil, err
	}
	t.path, t.closer = r.path, r.closer
	return t, nil
}
