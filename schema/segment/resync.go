package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

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

// How much of the source a search looks at in one go: little behind a false
// record, since there may be another soon and the rest is read again, then more
// and more.
const (
	minFindStep = 1 << 12
	maxFindStep = 1 << 18
)

// A file can be made to have a false record with a large payload every few
// bytes, so that a search takes hours. Beyond maxTried bytes of payloads, on
// top of what was searched, large ones are passed over.
const (
	maxTried     = 1 << 30
	smallPayload = 1 << 16
)

// find returns the offset of the first intact record at from or behind it, or
// -1. id nil accepts any recording.
func (r *Reader) find(from int64, id *[16]byte) (int64, envelope, error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], RecordMagic)
	needle, back := magic[:], int64(0)
	if id != nil {
		needle, back = id[:], offsetRecordingID
	}
	tried, step := int64(0), minFindStep
	for pos := from; ; {
		b, err := r.src.bytes(pos, step)
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
			step = min(2*step, maxFindStep)
			continue
		}
		step = minFindStep
		at := pos + int64(i) - back
		pos += int64(i) + 1
		if at < from {
			continue
		}
		env, err := r.envelope(at, id)
		if err == nil {
			tried += int64(env.payload)
			if env.payload > smallPayload && tried > maxTried+(at-from) {
				continue
			}
			env, _, err = r.record(at, id)
		}
		if err == nil {
			return at, env, nil
		}
		if !isDamage(err) {
			return 0, env, err
		}
	}
}
