package colblock

import (
	"encoding/binary"
)

// The storages of an area (docs/format.md, "Areas"): bytes whose raw length
// the reader knows before it meets them.
const (
	StorageInline = 0 // the bytes stand in the directory
	StorageFrame  = 1 // one zstd frame in the data
	StoragePlanes = 2 // one zstd frame for each byte plane
)

// planeFrameRows is the number of values from which on each byte plane is a
// frame of its own: the planes' statistics differ, and a frame's overhead of
// about 14 bytes, a Huffman table with it, is then small.
const planeFrameRows = 1 << 10

// appendArea stores raw, which is planes planes of equal length.
func (e *Encoder) appendArea(entry, data, raw []byte, planes int) ([]byte, []byte) {
	if len(raw) == 0 {
		return entry, data
	}
	if len(raw) <= InlineBytes {
		return append(append(entry, StorageInline), raw...), data
	}
	entry = append(entry, StorageFrame)
	if planes > 1 {
		if len(raw)/planes < planeFrameRows {
			planes = 1
		} else {
			entry[len(entry)-1] = StoragePlanes
		}
	}
	n := len(raw) / planes
	for p := range planes {
		start := len(data)
		data = e.compress.append(data, raw[p*n:(p+1)*n])
		entry = binary.AppendUvarint(entry, uint64(len(data)-start))
	}
	return entry, data
}

// area is the parsed description of an area.
type area struct {
	raw     int
	storage int
	inline  []byte
	frames  [8]uint32 // compressed lengths
	n       int       // number of frames
}

// compressed is the number of bytes the area takes in the data.
func (a *area) compressed() (n int) {
	for _, f := range a.frames[:a.n] {
		n += int(f)
	}
	return n
}

// parse reads the description of an area of raw bytes, replacing what a held.
func (a *area) parse(c *Cursor, raw, planes int) error {
	a.raw, a.n, a.inline = raw, 0, nil
	if raw == 0 {
		return nil
	}
	a.storage = int(c.Byte())
	switch a.storage {
	case StorageInline:
		if raw > InlineBytes {
			return corrupt("%d inline bytes", raw)
		}
		a.inline = c.Take(uint64(raw))
	case StorageFrame:
		a.n = 1
	case StoragePlanes:
		if planes < 2 {
			return corrupt("planes of an area without planes")
		}
		a.n = planes
	default:
		return corrupt("unknown storage %d", a.storage)
	}
	for i := range a.n {
		size := c.Uvarint()
		if size == 0 || size > MaxColumnBytes {
			return corrupt("frame of %d bytes", size)
		}
		a.frames[i] = uint32(size)
	}
	if c.Bad {
		return corrupt("description ends early")
	}
	return nil
}

// decodeArea returns the area's raw bytes, which stand in buf or in the directory,
// and the data behind its frames.
func (d *Decoder) decodeArea(a *area, buf *[]byte, data []byte) ([]byte, []byte, error) {
	if a.n == 0 {
		return a.inline, data, nil
	}
	*buf = growForFrames(*buf, a.raw)
	out, err := d.inflateArea(*buf, a, &data)
	return out, data, err
}

// slack is the room behind a frame's bytes that lets the decompressor copy in
// blocks of 16 bytes without a look at where they end: what comes behind is
// decompressed later, or is room that growForFrames left.
const slack = 16

// growForFrames is grow for what frames are decompressed into.
func growForFrames(b []byte, n int) []byte { return grow(b, n+slack)[:n] }

// inflateArea decompresses the area's frames into dst, which has its length.
func (d *Decoder) inflateArea(dst []byte, a *area, data *[]byte) ([]byte, error) {
	n := a.raw / a.n
	for i := range a.n {
		size := int(a.frames[i])
		if size > len(*data) {
			return nil, corrupt("frame of %d bytes in %d", size, len(*data))
		}
		part := dst[i*n : (i+1)*n : min((i+1)*n+slack, cap(dst))]
		got, err := d.z.DecodeAll((*data)[:size], part[:0])
		if err != nil {
			return nil, corrupt("zstd: %v", err)
		}
		if len(got) != n || &got[0] != &part[0] {
			return nil, corrupt("frame holds %d bytes instead of %d", len(got), n)
		}
		*data = (*data)[size:]
	}
	return dst, nil
}
