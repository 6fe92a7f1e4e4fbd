package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// crafted is a record that our writer would not write.
type crafted struct {
	kind, version, format uint8
	payload, data         []byte
}

func (c crafted) bytes(number uint32) []byte {
	id := [16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	rec := append(beginRecord(nil), c.payload...)
	fillRecord(rec, &id, c.kind, c.version, number, len(c.data))
	if c.format != 0 {
		rec[offsetFormatVersion] = c.format
	}
	binary.LittleEndian.PutUint32(rec[offsetCRC:], recordCRC(rec))
	return append(rec, c.data...)
}

// file is a file of a header and the records.
func file(tb testing.TB, records ...crafted) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if _, err := NewWriter(&buf, testHeader()); err != nil {
		tb.Fatal(err)
	}
	for i, c := range records {
		buf.Write(c.bytes(uint32(i + 1)))
	}
	return buf.Bytes()
}

func someZstd(b []byte) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll(b, nil)
}

// future is a segment of a later schema: 7 tables, a column 900 in table 6, a
// column that this build does not know in the event table, bytes behind the
// payload.
func future() crafted {
	data := someZstd([]byte("something new"))
	crc := crcOf(data)
	p := binary.AppendUvarint(nil, 7)
	p = append(p, 2, 0, 0, 0, 0, 0, 5)
	p = binary.LittleEndian.AppendUint64(p, 100)
	p = binary.LittleEndian.AppendUint64(p, 101)
	p = append(p, 1, 0, 7, 1, 2) // one range: CPU 0, seq 7 to 8, 2 events
	p = append(p, 0)             // no counters
	p = append(p, 4)
	p = appendColumn(p, 900, []byte{77, 1, 2}, data, crc)
	p = appendColumn(p, schema.ColSeq, []byte{byte(schema.KindInt), colblock.EncodingDeltas, 14, 2}, nil, 0)
	p = appendColumn(p, 901, []byte{}, nil, 0)
	p = appendColumn(p, schema.ColCPU, []byte{byte(schema.KindInt), colblock.EncodingConstant, 0}, nil, 0)
	p = append(p, 2) // statistics: of a column that is unknown, and of seq
	p = binary.AppendUvarint(binary.AppendVarint(binary.AppendUvarint(p, 900), -5), 7)
	p = append(p, byte(schema.ColSeq), 14, 1)
	p = append(p, 1, 11) // errors: EAGAIN
	p = append(binary.AppendUvarint(append(p, 1), 900), 2, 'a', 'b', 'c', 'd')
	return crafted{kind: KindSegment, version: 1, payload: append(p, "more fields"...), data: data}
}

func TestUnknownThingsAreSkipped(t *testing.T) {
	gap := appendGap(nil, &Gap{Count: 5, Cause: CauseRingFull, FirstSeq: 1})
	for _, c := range []struct {
		name    string
		records []crafted
		want    []string
	}{
		{"a record of an unknown kind, with data", []crafted{
			{kind: 200, version: 9, payload: []byte("new"), data: someZstd([]byte("data"))}, {kind: KindGap, version: 1, payload: gap}},
			[]string{"gap {CPU:0 FirstSeq:1 Count:5 Cause:ring_full"}},
		{"fields behind the known ones", []crafted{{kind: KindGap, version: 1, payload: append(slices.Clone(gap), "new"...)}},
			[]string{"gap {CPU:0 FirstSeq:1 Count:5 Cause:ring_full"}},
		{"a later version of a known kind is reported", []crafted{
			{kind: KindGap, version: 2, payload: gap}, {kind: KindGap, version: 1, payload: gap}},
			[]string{"damage", "gap"}},
		{"a later format version of one record is reported", []crafted{
			{kind: KindGap, version: 1, format: 2, payload: gap}, {kind: KindGap, version: 1, payload: gap}},
			[]string{"damage", "gap"}},
		{"a segment with unknown columns and tables", []crafted{future()}, []string{"segment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rd := range readers {
				r, err := rd.open(file(t, c.records...))
				if err != nil {
					t.Fatal(err)
				}
				list, err := items(r)
				if err != nil {
					t.Fatal(err)
				}
				got := describe(list)
				if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
					t.Errorf("%s: %q", rd.name, got)
				}
			}
		})
	}
}

func TestSegmentOfLaterSchema(t *testing.T) {
	r, err := open(file(t, future()))
	if err != nil {
		t.Fatal(err)
	}
	item, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	var b Block
	if err := r.NewDecoder().ReadBlock(item.(*Segment), nil, &b); err != nil {
		t.Fatal(err)
	}
	if v, ok := b.Int(schema.ColSeq, 1); v != 8 || !ok {
		t.Errorf("seq is %d, %v", v, ok)
	}
	if _, ok := b.Int(schema.ColRet, 1); ok || !b.Cols[schema.ColRet].IsNull(1) {
		t.Error("a column that the file does not have is not null")
	}
	if _, ok := b.Bytes(schema.ColComm, 0); ok {
		t.Error("a table without rows has a value")
	}
}

func TestLaterFormatIsRefusedByName(t *testing.T) {
	b := file(t)
	b[len(Preamble)+offsetFormatVersion] = FormatVersion + 1
	rec := b[len(Preamble):]
	binary.LittleEndian.PutUint32(rec[offsetCRC:], recordCRC(rec))
	for _, rd := range readers {
		if _, err := rd.open(b); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: error is %v", rd.name, err)
		}
	}
}

func TestNotARecording(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"an empty file", nil},
		{"a text", []byte("#!/bin/sh\necho hello\n")},
		{"another zstd file", someZstd(bytes.Repeat([]byte("text"), 9999))},
		{"the preamble alone", []byte(Preamble)},
		{"zeros", make([]byte, 1<<19)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rd := range readers {
				if _, err := rd.open(c.b); !errors.Is(err, ErrNotRecording) {
					t.Errorf("%s: error is %v", rd.name, err)
				}
			}
		})
	}
}

// TestSearchEnds searches a file that is full of false records, and counts
// what it reads for them.
func TestSearchEnds(t *testing.T) {
	const fakes = 200_000
	b := file(t, crafted{kind: KindClock, version: 1, payload: make([]byte, 32)})
	fake := crafted{kind: KindIndex, version: 1, payload: make([]byte, MaxPayloadBytes)}.bytes(1)[:EnvelopeSize]
	fake[offsetCRC]++
	b = append(b, bytes.Repeat(fake, fakes)...)
	b = append(b, crafted{kind: KindClock, version: 1, payload: make([]byte, 32)}.bytes(2)...)
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	list, err := items(r)
	if err != nil || !slices.EqualFunc(describe(list), []string{"*segment.Clock", "damage", "*segment.Clock"}, strings.HasPrefix) {
		t.Errorf("%q, %v", describe(list), err)
	}
	// One step and one envelope for each, the payloads that are tried, and the
	// file itself some times over.
	limit := int64(fakes*(minFindStep+EnvelopeSize)) + maxTried + MaxPayloadBytes + 10*int64(len(b))
	if r.BytesRead() > limit {
		t.Errorf("read %d bytes of a file of %d, want at most %d", r.BytesRead(), len(b), limit)
	}
}

// TestHostileLengths holds that lengths in intact records are not believed.
func TestHostileLengths(t *testing.T) {
	uv := binary.AppendUvarint
	times := make([]byte, 16)
	head := func(rows uint64) []byte { return append(uv([]byte{1}, rows), times...) }
	huge := uint64(1) << 62
	counters := func(causes, cpus uint64) []byte { return uv(uv([]byte{0, 0, 0, 0}, causes), cpus) }
	column := func(rows uint64, desc []byte) []byte {
		return appendColumn(append(head(rows), 0, 0, 1), schema.ColComm, desc, nil, 0)
	}
	for _, c := range []struct {
		name    string
		kind    uint8
		payload []byte
	}{
		{"a segment of no bytes", KindSegment, nil},
		{"more tables than there can be", KindSegment, uv(nil, huge)},
		{"more rows than a table can have", KindSegment, head(colblock.MaxRows + 1)},
		{"ranges beyond the payload", KindSegment, uv(head(1), huge)},
		{"a range of impossible numbers", KindSegment, append(uv(uv(append(head(1), 1, 0), huge), huge), 1)},
		{"a range that claims more events than there are rows", KindSegment, append(head(1), 1, 0, 0, 9, 2, 0, 0)},
		{"more columns than there can be", KindSegment, uv(append(head(1), 0, 0), huge)},
		{"a column beyond the data", KindSegment, uv(append(head(1), 0, 0, 1, 1), huge)},
		{"a description beyond the payload", KindSegment, uv(append(head(1), 0, 0, 1, 1, 0), huge)},
		{"a column twice", KindSegment, appendColumn(appendColumn(append(head(1), 0, 0, 2),
			schema.ColRet, []byte{1, 0, 0}, nil, 0), schema.ColRet, []byte{1, 0, 0}, nil, 0)},
		{"a column of another kind", KindSegment, appendColumn(append(head(1), 0, 0, 1), schema.ColRet, []byte{2, 0, 0, 0}, nil, 0)},
		{"a column relative to itself", KindSegment, appendColumn(append(head(1), 0, 0, 1),
			schema.ColRet, []byte{1 | colblock.FlagRelative, byte(schema.ColRet), 0, 0}, nil, 0)},
		{"a column relative to one of another table", KindSegment, appendColumn(appendColumn(append(append([]byte{2, 1, 1}, times...), 0, 0, 2),
			schema.ColPID, []byte{1, 0, 0}, nil, 0), schema.ColRet, []byte{1 | colblock.FlagRelative, byte(schema.ColPID), 0, 0}, nil, 0)},
		{"statistics of more columns than there can be", KindSegment, uv(append(head(1), 0, 0, 0), huge)},
		{"statistics beyond the payload", KindSegment, append(head(1), 0, 0, 0, 1, 5)},
		{"statistics of no column", KindSegment, append(head(1), 0, 0, 0, 1, 0, 0, 0)},
		{"statistics that overflow", KindSegment, uv(append(head(1), 0, 0, 0, 1, 5, 2), 1<<63-1)},
		{"more errors than bytes", KindSegment, append(head(1), 0, 0, 0, 0, 9, 1)},
		{"errors that do not ascend", KindSegment, append(head(1), 0, 0, 0, 0, 2, 9, 9, 0)},
		{"an error that is none", KindSegment, uv(append(head(1), 0, 0, 0, 0, 1), 4096)},
		{"byte statistics beyond the payload", KindSegment, append(head(1), 0, 0, 0, 0, 0, 1, 50, 4, 1)},
		{"byte statistics that are too long", KindSegment, append(head(1), append([]byte{0, 0, 0, 0, 0, 1, 50, 17}, make([]byte, 40)...)...)},
		{"byte statistics of which the smallest is the larger", KindSegment, append(head(1), 0, 0, 0, 0, 0, 1, 50, 1, 9, 8)},
		{"counters of more CPUs than bytes", KindCounters, counters(6, huge)},
		{"counters of more causes than there can be", KindCounters, counters(huge, 1)},
		{"an end with a reason beyond the payload", KindEnd, uv([]byte{0, 0}, huge)},
		{"an end with a reason beyond the limit", KindEnd, append(uv([]byte{0, 0}, MaxReasonBytes+1), make([]byte, 2*MaxReasonBytes)...)},
		{"a clock cut short", KindClock, make([]byte, 31)},
		{"a gap on a CPU that cannot be", KindGap, []byte{0, 1, 255, 255, 255, 15, 0, 0, 0, 0}},
		{"a gap whose end overflows", KindGap, binary.AppendVarint(binary.AppendVarint([]byte{0, 1, 0}, 1<<62), 1<<62)},
		{"more bytes than a column can have", KindSegment, func() []byte {
			d := binary.AppendVarint([]byte{byte(schema.KindBytes), 0}, 1<<40)
			return append(append([]byte{2, 1}, column(1, uv(d, 1<<40))[1:]...), 0)
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rd := range readers {
				r, err := rd.open(file(t, crafted{kind: c.kind, version: 1, payload: c.payload},
					crafted{kind: KindClock, version: 1, payload: make([]byte, 32)}))
				if err != nil {
					t.Fatal(err)
				}
				list, err := items(r)
				if err != nil || !slices.EqualFunc(describe(list), []string{"damage", "*segment.Clock"}, strings.HasPrefix) {
					t.Errorf("%s: %q, %v", rd.name, describe(list), err)
				}
			}
		})
	}
	t.Run("columns that would take more memory than a segment may", func(t *testing.T) {
		p := append(head(colblock.MaxRows), 0, 0)
		p = uv(p, 2)
		for _, id := range []schema.ColumnID{schema.ColIovBase, schema.ColIovLen} {
			d := binary.AppendVarint([]byte{byte(schema.KindIntList), 0}, 8)
			p = appendColumn(p, id, append(uv(d, colblock.MaxListValues), 0, 0), nil, 0)
		}
		s, err := parseSegment(p, 0, 0)
		if err != nil || s.RawBytes != 2*(8*colblock.MaxListValues+4*(colblock.MaxRows+1)+colblock.MaxRows/8) {
			t.Errorf("raw bytes are %d, %v", s.RawBytes, err)
		}
	})
	t.Run("an envelope whose lengths exceed the limits is no record", func(t *testing.T) {
		rec := crafted{kind: KindClock, version: 1, payload: make([]byte, 32)}.bytes(1)
		for _, at := range []int{offsetFrameSize, offsetDataSize} {
			b := slices.Clone(rec)
			binary.LittleEndian.PutUint32(b[at:], 0xffffffff)
			if _, err := parseEnvelope(b, nil); err == nil {
				t.Errorf("offset %d: no error", at)
			}
		}
	})
	t.Run("refs beyond their table", func(t *testing.T) {
		p := appendColumn(append(head(1), 0, 0, 1), schema.ColTaskRef, []byte{1, 0, 2}, nil, 0)
		s, err := parseSegment(p, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		r, err := open(file(t))
		if err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if err := r.NewDecoder().ReadBlock(s, nil, &Block{}); !errors.As(err, &corrupt) || corrupt.Column != "task_ref" {
			t.Errorf("error is %v", err)
		}
	})
}
