package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// damaged marks an error as being about the bytes, not about reading them.
type damaged struct{ err error }

func (d damaged) Error() string { return d.err.Error() }
func (d damaged) Unwrap() error { return d.err }

func isDamage(err error) bool {
	var d damaged
	return errors.As(err, &d)
}

// record reads and checks the record at pos, without its data. The payload is
// valid until the next read. id nil accepts any recording.
func (r *Reader) record(pos int64, id *[16]byte) (envelope, []byte, error) {
	b, err := r.src.bytes(pos, EnvelopeSize)
	if err != nil {
		return envelope{}, nil, err
	}
	if len(b) < EnvelopeSize {
		return envelope{}, nil, damaged{ErrCut}
	}
	env, err := parseEnvelope(b, id)
	if err != nil {
		return env, nil, damaged{err}
	}
	size := EnvelopeSize + env.payload
	if b, err = r.src.bytes(pos, size); err != nil {
		return env, nil, err
	}
	if len(b) < size {
		return env, nil, damaged{ErrCut}
	}
	if err := checkCRC(b); err != nil {
		return env, nil, damaged{err}
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
	var d damaged
	if errors.As(err, &d) {
		return d.err
	}
	return err
}

// parse turns a record into an item, or nil for a kind that is none.
func (r *Reader) parse(pos int64, env *envelope, payload []byte) (item Item, err error) {
	if env.format > FormatVersion {
		return nil, damaged{fmt.Errorf("format version %d: %w", env.format, ErrVersion)}
	}
	switch env.kind {
	case KindSegment, KindGap, KindClock, KindCounters, KindEnd:
		if env.version != kindVersionFile {
			return nil, damaged{fmt.Errorf("record kind %d version %d: %w", env.kind, env.version, ErrVersion)}
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
		r.ended = r.ended || err == nil
	}
	if err != nil {
		return nil, damaged{fmt.Errorf("record kind %d: %w", env.kind, err)}
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
			return nil, damaged{ErrCut}
		}
		return payload, nil
	}
	b, err := r.src.bytes(pos, int(env.size()))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < env.size() {
		return nil, damaged{ErrCut}
	}
	return b[EnvelopeSize : EnvelopeSize+env.payload], nil
}

// keepData keeps the data of a stream's segment, which whole has seen.
func (r *Reader) keepData(s *Segment) error {
	b, err := r.src.bytes(s.dataOffset, int(s.Offset+s.Size-s.dataOffset))
	s.data = bytes.Clone(b)
	return err
}

// recover skips to the next intact record at from or behind it, and returns
// what was skipped. When the record at r.pos is intact itself, from is behind
// it; else it may be before, in the data of the record before.
func (r *Reader) recover(cause error, from int64) (Item, error) {
	next, _, err := r.find(max(from, r.pos-maxBack), &r.id)
	if err != nil {
		return nil, err
	}
	d := &Damage{Offset: r.pos, Err: unwrapDamage(cause), Events: -1}
	if next < 0 {
		end := r.src.size()
		r.done, d.Tail = true, true
		d.Size = max(0, end-r.pos)
		return d, nil
	}
	if next < r.pos {
		// The record before claims bytes that are another record's: a part of
		// its data is missing.
		d.Offset, d.Size = next, 0
		d.Err = fmt.Errorf("data of the record before is cut short: %w", ErrMissing)
	} else {
		d.Size = next - r.pos
	}
	r.pos, r.resync, r.numbered = next, next, false
	return d, nil
}

// maxBack bounds the search in the data of the record before: no more than
// a record can have.
const maxBack = MaxDataBytes

// findStep is how much of the source a search looks at in one go.
const findStep = 1 << 18

// find returns the offset of the first intact record at from or behind it, or
// -1. id nil accepts any recording.
func (r *Reader) find(from int64, id *[16]byte) (int64, envelope, error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], RecordMagic)
	needle, back := magic[:], int64(0)
	if id != nil {
		needle, back = id[:], offsetRecordingID
	}
	for pos := from; ; {
		b, err := r.src.bytes(pos, findStep)
		if err != nil {
			return 0, envelope{}, err
		}
		if len(b) < len(needle) {
			return -1, envelope{}, nil
		}
		i := bytes.Index(b, needle)
		if i < 0 {
			pos += int64(len(b) - len(needle) + 1)
			if id == nil {
				r.src.forget(pos)
			}
			continue
		}
		at := pos + int64(i) - back
		pos += int64(i) + 1
		if at < from {
			continue
		}
		env, _, err := r.record(at, id)
		if err == nil {
			return at, env, nil
		}
		if !isDamage(err) {
			return 0, env, err
		}
	}
}
