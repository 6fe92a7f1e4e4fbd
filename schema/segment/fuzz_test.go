package segment

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// seeds are files of all shapes: fixtures, whole, cut, damaged, crafted.
func seeds(f *testing.F) (list [][]byte) {
	names, err := filepath.Glob("testdata/v*.smr")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, b)
	}
	l := mixedLoad()
	l.batch, l.tasks, l.watched = 3, 2, true
	rec := record(f, l, 8, 3)
	damaged := bytes.Clone(rec.bytes)
	damaged[rec.offsets[0]+9]++
	for _, b := range []*[]byte{&rec.bytes, &damaged} {
		*b = slim(*b)
	}
	return append(list, rec.bytes, damaged, rec.bytes[:len(rec.bytes)-200], rec.bytes[400:],
		slim(file(f, crafted{kind: KindCoverage, version: 1, payload: []byte(`{"from_ns":7,"ways":[{"path":"x"}],"unexplained":{"others":1}}`)})),
		slim(file(f, future())), slim(file(f, crafted{kind: 99, version: 1, data: someZstd([]byte("x"))})))
}

// slim replaces the header by a short one, for the fuzzer's speed.
func slim(b []byte) []byte {
	env, err := parseEnvelope(b[len(Preamble):], nil)
	if err != nil {
		panic(err)
	}
	header := crafted{kind: KindHeader, version: 1, payload: []byte(`{"recording_id":"` + testID + `"}`)}.bytes(0)
	return append(append([]byte(Preamble), header...), b[int64(len(Preamble))+env.size():]...)
}

// FuzzReader reads arbitrary bytes as a file and as a stream. Both must end,
// and agree; what is damaged must lie within the file.
func FuzzReader(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, mend bool) {
		if mend {
			b = mended(b)
		}
		r, err := open(b)
		s, serr := stream(b)
		if (err == nil) != (serr == nil) {
			t.Fatalf("file: %v, stream: %v", err, serr)
		}
		if err != nil {
			if !errors.Is(err, ErrNotRecording) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		got, err := items(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := items(s)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(describe(got), describe(again)) {
			t.Fatalf("file:\n%q\nstream:\n%q", describe(got), describe(again))
		}
		for _, item := range got {
			if d, ok := item.(*Damage); ok && (d.Offset < 0 || d.Size < 0 || d.Offset+d.Size > int64(len(b))) {
				t.Fatalf("damage %v in %d bytes", d, len(b))
			}
		}
		for _, rd := range []*Reader{r, s} {
			report, err := Verify(rd, nil)
			if err != nil {
				t.Fatal(err)
			}
			if report.Summary.Lost < 0 && report.Summary.End == nil && report.Summary.PerCPU == nil {
				t.Fatalf("%d events lost", report.Summary.Lost)
			}
		}
		if err := r.SeekTime(1 << 40); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}

// mended gives every record in b that has the magic a right checksum, so that
// the fuzzer gets behind it.
func mended(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) >= len(Preamble) {
		copy(b, Preamble)
	}
	for pos := len(Preamble); pos+EnvelopeSize <= len(b); {
		env, err := parseEnvelope(b[pos:], nil)
		size := EnvelopeSize + env.payload
		if err != nil || pos+size > len(b) {
			pos++
			continue
		}
		fillRecord(b[pos:pos+size], &env.id, env.kind, env.version, env.number, env.data)
		pos += size
	}
	return b
}

// FuzzSegmentHeader parses arbitrary segment payloads and decodes what they
// describe from arbitrary data.
func FuzzSegmentHeader(f *testing.F) {
	for _, rows := range []int{1, 30, 400} {
		var b Block
		var e Encoded
		m := mixedLoad().fill(&b, rows)
		if err := NewEncoder([16]byte{}).Encode(&e, &b, m); err != nil {
			f.Fatal(err)
		}
		f.Add(e.Data[EnvelopeSize:e.head], e.Data[e.head:])
	}
	c := future()
	f.Add(c.payload, c.data)
	dec := &Decoder{r: &Reader{}, col: colblock.NewDecoder()}
	var b Block
	f.Fuzz(func(t *testing.T, payload, data []byte) {
		s, err := parseSegment(payload, 0, len(data))
		if err != nil || s.RawBytes > 1<<22 {
			return
		}
		s.data = data
		if s.data == nil {
			s.data = []byte{}
		}
		for i := range s.columns {
			c := &s.columns[i]
			// The checksum would keep the fuzzer out.
			c.crc = crcOf(data[c.offset : c.offset+int64(c.size)])
		}
		if err := dec.ReadBlock(s, nil, &b); err != nil {
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatal(err)
			}
			return
		}
		for _, c := range schema.Columns() {
			for row := range b.Rows[schema.TableEvent] {
				switch c.Kind {
				case schema.KindInt:
					b.Int(c.ID, row)
				case schema.KindBytes:
					b.Bytes(c.ID, row)
				case schema.KindIntList:
					b.List(c.ID, row)
				}
			}
		}
		if order := b.TimeOrder(nil); len(order) != b.Rows[schema.TableEvent] {
			t.Fatalf("order of %d rows has %d", b.Rows[schema.TableEvent], len(order))
		}
	})
}
