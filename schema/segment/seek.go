package segment

import (
	"fmt"
)

// SeekTime positions the reader so that Next goes on with the first segment
// that has events at or after fromNS (MaxTimeNS >= fromNS), and everything
// behind it; without such a segment Next goes on behind the last. With the
// file's index it reads O(log n) records, else every record header once.
func (r *Reader) SeekTime(fromNS int64) error {
	if r.at == nil {
		return fmt.Errorf("seek in a stream")
	}
	r.queue, r.done = nil, false
	pos, err := r.seekIndex(fromNS)
	if err != nil {
		return err
	}
	if pos < 0 {
		if pos, err = r.seekScan(fromNS); err != nil {
			return err
		}
	}
	r.pos, r.resync, r.numbered = pos, pos, false
	return nil
}

// HasIndex reports whether the file ends with an intact index.
func (r *Reader) HasIndex() bool {
	t, ok, _ := r.trailer()
	if !ok || t.root == noOffset {
		return false
	}
	_, ok, _ = r.index(t.root, KindRoot)
	return ok
}

// trailer reads the trailer at the end of the file.
func (r *Reader) trailer() (trailer, bool, error) {
	if r.at == nil || r.at.n < TrailerSize {
		return trailer{}, false, nil
	}
	env, payload, err := r.record(r.at.n-TrailerSize, &r.id)
	if err != nil || env.kind != KindTrailer {
		if isDamage(err) {
			err = nil
		}
		return trailer{}, false, err
	}
	t, err := parseTrailer(payload)
	return t, err == nil, nil
}

// index reads an index record of the kind.
func (r *Reader) index(offset uint64, kind uint8) ([]indexEntry, bool, error) {
	if offset >= uint64(r.at.n) {
		return nil, false, nil
	}
	env, payload, err := r.record(int64(offset), &r.id)
	if err != nil || env.kind != kind {
		if isDamage(err) {
			err = nil
		}
		return nil, false, err
	}
	entries, err := parseIndex(payload)
	return entries, err == nil, nil
}

// seekIndex returns the offset of the segment, or -1 when the index cannot
// tell.
func (r *Reader) seekIndex(fromNS int64) (int64, error) {
	t, ok, err := r.trailer()
	if !ok || t.root == noOffset {
		return -1, err
	}
	root, ok, err := r.index(t.root, KindRoot)
	if !ok {
		return -1, err
	}
	i := search(root, fromNS)
	if i < 0 {
		if t.end >= uint64(r.at.n) {
			return -1, nil
		}
		return int64(t.end), nil
	}
	block, ok, err := r.index(root[i].offset, KindIndex)
	if !ok {
		return -1, err
	}
	if i = search(block, fromNS); i < 0 {
		return -1, nil
	}
	env, _, err := r.record(int64(block[i].offset), &r.id)
	if err != nil || env.kind != KindSegment {
		if isDamage(err) {
			err = nil
		}
		return -1, err
	}
	return int64(block[i].offset), nil
}

// seekScan finds the segment by reading all record headers from the start.
func (r *Reader) seekScan(fromNS int64) (int64, error) {
	scan := &Reader{path: r.path, src: r.src, at: r.at, id: r.id, header: r.header, pos: int64(len(Preamble))}
	end := scan.pos
	for {
		item, err := scan.Next()
		if err != nil {
			if item == nil && scan.done {
				return end, nil
			}
			return 0, err
		}
		switch v := item.(type) {
		case *Segment:
			if v.Rows > 0 && v.MaxTimeNS >= fromNS {
				return v.Offset, nil
			}
			end = v.Offset + v.Size
		case *Damage:
			end = v.Offset + v.Size
		}
	}
}

// rewind positions the reader at the first record behind the header.
func (r *Reader) rewind() error {
	if r.at == nil {
		return nil
	}
	fresh := &Reader{src: r.src, at: r.at}
	if err := fresh.start(); err != nil {
		return err
	}
	// Decoders may be reading r's other fields.
	r.first, r.pos, r.resync, r.number, r.numbered = fresh.first, fresh.pos, fresh.resync, fresh.number, fresh.numbered
	r.done, r.queue = false, nil
	return nil
}
