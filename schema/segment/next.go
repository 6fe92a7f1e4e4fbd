package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// damageError marks an error as being about the bytes, not about reading them.
type damageError struct{ err error }

func (d damageError) Error() string { return d.err.Error() }
func (d damageError) Unwrap() error { return d.err }

func isDamage(err error) bool {
	var d damageError
	return errors.As(err, &d)
}

// envelope reads the envelope at pos and checks what it can without the rest.
// id nil accepts any recording.
func (r *Reader) envelope(pos int64, id *[16]byte) (envelope, error) {
	b, err := r.src.bytes(pos, EnvelopeSize)
	if err != nil {
		return envelope{}, err
	}
	if len(b) < EnvelopeSize {
		return envelope{}, damageError{ErrCut}
	}
	env, err := parseEnvelope(b, id)
	if err != nil {
		return env, damageError{err}
	}
	return env, nil
}

// record reads and checks the record at pos, without its data. The payload is
// valid until the next read. id nil accepts any recording.
func (r *Reader) record(pos int64, id *[16]byte) (envelope, []byte, error) {
	env, err := r.envelope(pos, id)
	if err != nil {
		return env, nil, err
	}
	size := EnvelopeSize + env.payload
	b, err := r.src.bytes(pos, size)
	if err != nil {
		return env, nil, err
	}
	if len(b) < size {
		return env, nil, damageError{ErrCut}
	}
	if err := checkCRC(b); err != nil {
		return env, nil, damageError{err}
	}
	return env, b[EnvelopeSize:size], nil
}

// Next returns the next item in file order, io.EOF at the end. What cannot be
// read is returned as *Damage, and reading goes on with the next intact
// record. Other errors are those of the source and end the reading.
func (r *Reader) Next() (Item, error) {
	if r.first != nil {
		d := r.first
		r.first = nil
		return d, nil
	}
	for {
		if len(r.queue) > 0 {
			item := r.queue[0]
			r.queue = r.queue[1:]
			return item, nil
		}
		if r.done {
			return nil, io.EOF
		}
		item, err := r.next()
		if item != nil || err != nil {
			return item, err
		}
	}
}

// next reads one record; a record that is no item gives neither.
func (r *Reader) next() (Item, error) {
	if b, err := r.src.bytes(r.pos, 1); err != nil {
		return nil, err
	} else if len(b) == 0 {
		r.done = true
		return nil, io.EOF
	}
	env, payload, err := r.record(r.pos, &r.id)
	if err != nil {
		if !isDamage(err) {
			return nil, err
		}
		return r.recover(err, r.resync)
	}
	pos := r.pos
	behind := pos + EnvelopeSize + int64(env.payload)
	if payload, err = r.whole(pos, &env, payload); err != nil {
		if !isDamage(err) {
			return nil, err
		}
		return r.recover(err, behind)
	}
	item, err := r.parse(pos, &env, payload)
	if err != nil {
		if !isDamage(err) {
			return nil, err
		}
		// The record is intact by its checksum, so its lengths hold; what it
		// says is nothing that this build can use.
		item = &Damage{Offset: pos, Size: env.size(), Err: unwrapDamage(err), Events: -1}
	}
	if s, ok := item.(*Segment); ok && r.at == nil {
		if err := r.keepData(s); err != nil {
			return nil, err
		}
	}
	if r.numbered && env.number != r.number {
		why := ErrMissing
		if int32(env.number-r.number) < 0 {
			why = ErrOrder
		}
		r.queue = append(r.queue, &Damage{Offset: pos, Err: fmt.Errorf("record %d follows record %d: %w",
			env.number, r.number-1, why), Events: -1})
	}
	r.number, r.numbered = env.number+1, true
	r.resync = behind
	r.pos = pos + env.size()
	r.src.forget(r.resync)
	if len(r.queue) > 0 && item != nil {
		r.queue = append(r.queue, item)
		return nil, nil
	}
	return item, nil
}

func unwrapDamage(err error) error {
	var d damageError
	if errors.As(err, &d) {
		return d.err
	}
	return err
}

// parse turns a record into an item, or nil for a kind that is none.
func (r *Reader) parse(pos int64, env *envelope, payload []byte) (item Item, err error) {
	if env.format > FormatVersion {
		return nil, damageError{fmt.Errorf("format version %d: %w", env.format, ErrVersion)}
	}
	switch env.kind {
	case KindSegment, KindGap, KindClock, KindCounters, KindEnd, KindCoverage:
		if env.version == 0 || env.version > kindVersion(env.kind) {
			return nil, damageError{fmt.Errorf("record kind %d version %d: %w", env.kind, env.version, ErrVersion)}
		}
	}
	switch env.kind {
	case KindSegment:
		var s *Segment
		// The directory aliases the payload, which the next read replaces.
		s, err = parseSegment(bytes.Clone(payload), pos+EnvelopeSize+int64(env.payload), env.data)
		if err == nil {
			s.Offset, s.Size = pos, env.size()
			item = s
		}
	case KindGap:
		item, err = asItem(parseGap(payload))
	case KindClock:
		k, kerr := parseClock(&colblock.Cursor{Rest: payload})
		item, err = asItem(&k, kerr)
	case KindCounters:
		item, err = asItem(parseCounters(&colblock.Cursor{Rest: payload}))
	case KindEnd:
		item, err = asItem(parseEnd(payload))
	case KindCoverage:
		item, err = asItem(parseCoverage(payload))
	}
	if err != nil {
		return nil, damageError{fmt.Errorf("record kind %d: %w", env.kind, err)}
	}
	return item, nil
}

func asItem[T any, P interface {
	*T
	Item
}](p P, err error) (Item, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// whole checks that the input has all of the record at pos with its data, and
// returns its payload, which a stream may have moved.
func (r *Reader) whole(pos int64, env *envelope, payload []byte) ([]byte, error) {
	if r.at != nil {
		if pos+env.size() > r.at.n {
			return nil, damageError{ErrCut}
		}
		return payload, nil
	}
	b, err := r.src.bytes(pos, int(env.size()))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < env.size() {
		return nil, damageError{ErrCut}
	}
	return b[EnvelopeSize : EnvelopeSize+env.payload], nil
}

// keepData keeps the data of a stream's segment, which whole has seen.
func (r *Reader) keepData(s *Segment) error {
	b, err := r.src.bytes(s.dataOffset, int(s.Offset+s.Size-s.dataOffset))
	s.data = bytes.Clone(b)
	return err
}
