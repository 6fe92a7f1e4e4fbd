package parquet

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// rowGroup is an encoded row group, ready to be written: its bytes and where
// in them each column is.
type rowGroup struct {
	rows   int
	data   []byte
	chunks []chunk
}

func (g *rowGroup) reset() {
	g.rows, g.data, g.chunks = 0, g.data[:0], g.chunks[:0]
}

// chunk is one column of a row group. Offsets are in rowGroup.data.
type chunk struct {
	leaf         *leaf
	dictionary   int64 // offset of the dictionary page, -1 without one
	page         int64 // offset of the data page
	size         int64 // of all pages with their headers
	uncompressed int64
	values       int64 // nulls and empty lists included
	nulls        int64
	encoding     format.Encoding
	lo, hi       []byte // bounds of the values, nil when not known
}

// levels are the repetition and definition levels of a data page. nil
// definition levels of an optional column say that no value is null.
type levels struct {
	repetition, definition []byte
	values                 int // nulls and empty lists included
}

// chunkWriter assembles column chunks: levels and encoded values become pages.
type chunkWriter struct {
	group *rowGroup
	zstd  *zstd.Encoder
	body  []byte // uncompressed page
	buf   []byte
}

// zstdCodec is what all pages are compressed with.
const zstdCodec = format.Zstd

func newChunkWriter() *chunkWriter {
	// Errors are about the options only.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err)
	}
	return &chunkWriter{zstd: z}
}

// begin starts the chunk of a leaf.
func (w *chunkWriter) begin(l *leaf) *chunk {
	w.group.chunks = append(w.group.chunks, chunk{leaf: l, dictionary: -1})
	return &w.group.chunks[len(w.group.chunks)-1]
}

// ints writes a chunk of values that are not null, delta encoded.
func (w *chunkWriter) ints(l *leaf, values []int64, lv levels) error {
	c := w.begin(l)
	encoded := w.buf[:0]
	c.encoding = format.Plain
	if len(values) > 0 {
		c.encoding = format.DeltaBinaryPacked
		var err error
		var d delta.BinaryPackedEncoding
		if encoded, err = d.EncodeInt64(encoded, values); err != nil {
			return fmt.Errorf("encode column %s: %w", l.name, err)
		}
		lo, hi := values[0], values[0]
		for _, v := range values {
			lo, hi = min(lo, v), max(hi, v)
		}
		c.lo, c.hi = l.intBytes(lo), l.intBytes(hi)
	}
	w.buf = encoded
	return w.dataPage(c, len(values), lv, encoded)
}

// intDictionary writes a chunk of dictionary indexes, and the dictionary.
func (w *chunkWriter) intDictionary(l *leaf, d *intDict, indexes []int32, lv levels) error {
	c := w.begin(l)
	if len(indexes) > 0 {
		lo, hi := d.bounds()
		c.lo, c.hi = l.intBytes(lo), l.intBytes(hi)
		w.body = w.body[:0]
		for _, v := range d.values {
			if l.physical == format.Int32 {
				w.body = binary.LittleEndian.AppendUint32(w.body, uint32(v))
			} else {
				w.body = binary.LittleEndian.AppendUint64(w.body, uint64(v))
			}
		}
		if err := w.dictionaryPage(c, w.body, len(d.values)); err != nil {
			return err
		}
	}
	return w.indexPage(c, len(d.values), indexes, lv)
}

// bytesDictionary does the same for byte strings.
func (w *chunkWriter) bytesDictionary(l *leaf, d *bytesDict, indexes []int32, lv levels) error {
	c := w.begin(l)
	if len(indexes) > 0 {
		lo, hi := d.bounds()
		if lo != nil {
			c.lo, c.hi = append([]byte{}, lo...), append([]byte{}, hi...)
		}
		if err := w.dictionaryPage(c, d.data, d.len()); err != nil {
			return err
		}
	}
	return w.indexPage(c, d.len(), indexes, lv)
}

// indexPage writes the data page of a dictionary column. Without values there
// is no dictionary and the page is an empty plain one, which every reader takes.
func (w *chunkWriter) indexPage(c *chunk, distinct int, indexes []int32, lv levels) error {
	if len(indexes) == 0 {
		c.encoding = format.Plain
		return w.dataPage(c, 0, lv)
	}
	c.encoding = format.RLEDictionary
	if distinct == 1 {
		// Width 0: one run, without values.
		w.buf = binary.AppendUvarint(append(w.buf[:0], 0), uint64(len(indexes))<<1)
		return w.dataPage(c, len(indexes), lv, w.buf)
	}
	width := bits.Len(uint(distinct - 1))
	e := rle.Encoding{BitWidth: width}
	encoded, err := e.EncodeInt32(w.buf[:0], indexes)
	if err != nil {
		return fmt.Errorf("encode column %s: %w", c.leaf.name, err)
	}
	w.buf = encoded
	return w.dataPage(c, len(indexes), lv, []byte{byte(width)}, encoded)
}

// dataPage writes a data page of version 1, which every reader knows, with the
// encoded values in parts. present is the number of values that are not null.
func (w *chunkWriter) dataPage(c *chunk, present int, lv levels, parts ...[]byte) error {
	c.values, c.nulls = int64(lv.values), int64(lv.values-present)
	w.body = w.body[:0]
	if c.leaf.list {
		w.body = appendLevels(w.body, lv.repetition, 1)
	}
	switch {
	case present == 0 && c.leaf.optional && !c.leaf.list:
		w.body = appendConstantLevel(w.body, lv.values, 0)
	case lv.definition != nil:
		w.body = appendLevels(w.body, lv.definition, c.leaf.maxDefinition())
	case c.leaf.optional:
		w.body = appendConstantLevel(w.body, lv.values, c.leaf.maxDefinition())
	}
	for _, part := range parts {
		w.body = append(w.body, part...)
	}
	c.page = int64(len(w.group.data))
	return w.page(c, w.body, &format.PageHeader{
		Type: format.DataPage,
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues: int32(lv.values), Encoding: c.encoding,
			DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		}),
	})
}

func (w *chunkWriter) dictionaryPage(c *chunk, values []byte, n int) error {
	c.dictionary = int64(len(w.group.data))
	return w.page(c, values, &format.PageHeader{
		Type:                 format.DictionaryPage,
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain}),
	})
}

// maxPageBytes is what the page header can say.
const maxPageBytes = 1<<31 - 1

// page compresses the body and appends header and body to the row group.
func (w *chunkWriter) page(c *chunk, body []byte, h *format.PageHeader) error {
	if len(body) > maxPageBytes {
		return fmt.Errorf("column %s takes %d bytes in one page: %w", c.leaf.name, len(body), errPageSize)
	}
	start := len(w.group.data)
	// The header has the compressed size, and is shorter than headerRoom; the
	// body is compressed behind that room and moved down.
	const headerRoom = 256
	w.group.data = append(w.group.data, make([]byte, headerRoom)...)
	w.group.data = w.zstd.EncodeAll(body, w.group.data)
	compressed := w.group.data[start+headerRoom:]
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(body)), int32(len(compressed))
	h.CRC = int32(crc32.ChecksumIEEE(compressed))
	header, err := thrift.Marshal(&thrift.CompactProtocol{}, h)
	if err != nil {
		return fmt.Errorf("encode page header of column %s: %w", c.leaf.name, err)
	}
	if len(header) > headerRoom {
		panic("parquet: a page header takes more than its room") // numbers only: below 100 bytes
	}
	copy(w.group.data[start:], header)
	n := copy(w.group.data[start+len(header):], compressed)
	w.group.data = w.group.data[:start+len(header)+n]
	c.size += int64(len(header) + n)
	c.uncompressed += int64(len(header) + len(body))
	return nil
}

// appendLevels appends levels of a page of version 1: a length, then runs.
func appendLevels(dst []byte, values []byte, maxLevel byte) []byte {
	width := 1
	if maxLevel > 1 {
		width = 2
	}
	e := rle.Encoding{BitWidth: width}
	// The encoding cannot fail for levels below 4.
	encoded, _ := e.EncodeLevels(nil, values)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(encoded)))
	return append(dst, encoded...)
}

// appendConstantLevel appends n times the same level, as one run.
func appendConstantLevel(dst []byte, n int, level byte) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(append(dst, 0, 0, 0, 0), uint64(n)<<1)
	dst = append(dst, level)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}
