package segment

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// The index (docs/format.md, "Index"): one entry a segment, in blocks that are
// written among the segments so that the writer's memory does not grow with
// the recording, and a root with one entry a block at the end. An entry holds
// the largest time so far, which makes the list sorted whatever the segments'
// own times are.

// Sizes and limits of the index.
const (
	indexEntrySize = 16
	IndexBlockSize = 1024    // entries of an index record
	MaxRootEntries = 1 << 17 // entries of the root; beyond it there is no index
	TrailerSize    = EnvelopeSize + trailerPayload
	trailerPayload = 32
	noOffset       = ^uint64(0)
)

// indexEntry is a segment in an index record, or an index record in the root.
type indexEntry struct {
	offset   uint64 // of the record in the file
	maxSoFar int64  // largest time_ns of all events up to the end of it
}

func appendIndex(b []byte, entries []indexEntry) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(entries)))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint64(b, e.offset)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.maxSoFar))
	}
	return b
}

func parseIndex(b []byte) ([]indexEntry, error) {
	if len(b) < 4 {
		return nil, errPayload
	}
	n := int64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n*indexEntrySize > int64(len(b)) {
		return nil, fmt.Errorf("%d index entries in %d bytes", n, len(b))
	}
	entries := make([]indexEntry, n)
	for i := range entries {
		e := b[i*indexEntrySize:]
		entries[i] = indexEntry{binary.LittleEndian.Uint64(e), int64(binary.LittleEndian.Uint64(e[8:]))}
	}
	return entries, nil
}

// search returns the first entry whose time reaches from, or -1.
func search(entries []indexEntry, from int64) int {
	i, _ := slices.BinarySearchFunc(entries, from, func(e indexEntry, t int64) int {
		if e.maxSoFar < t {
			return -1
		}
		return 1
	})
	if i == len(entries) {
		return -1
	}
	return i
}

// trailer is the payload of the last record: where to find what, fixed in size
// so that it is found from the end of the file.
type trailer struct {
	root     uint64 // offset of the root index record, noOffset when there is none
	end      uint64 // offset of the end record
	segments uint64
	events   uint64
}

func appendTrailer(b []byte, t *trailer) []byte {
	for _, v := range [...]uint64{t.root, t.end, t.segments, t.events} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func parseTrailer(b []byte) (trailer, error) {
	if len(b) < trailerPayload {
		return trailer{}, errPayload
	}
	le := binary.LittleEndian
	return trailer{le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[16:]), le.Uint64(b[24:])}, nil
}
