package segment

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		name string
		load *load
		rows int
	}{
		{"uniform load, full segment", uniformLoad(), 32768},
		{"mixed load, full segment", mixedLoad(), 32768},
		{"mixed load, quiet host", mixedLoad(), 300},
	} {
		b.Run(c.name, func(b *testing.B) {
			var blk Block
			m := c.load.fill(&blk, c.rows)
			e := NewEncoder([16]byte{1})
			var out Encoded
			if err := e.Encode(&out, &blk, m); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if err := e.Encode(&out, &blk, m); err != nil {
					b.Fatal(err)
				}
			}
			events := float64(b.N) * float64(c.rows)
			b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
			b.ReportMetric(float64(len(out.Data))/float64(c.rows), "bytes/event")
			if testing.Verbose() {
				reportColumns(b, &out)
			}
		})
	}
}

// reportColumns logs what each column takes.
func reportColumns(b *testing.B, e *Encoded) {
	env, _ := parseEnvelope(e.Data, nil)
	s, err := parseSegment(e.Data[EnvelopeSize:EnvelopeSize+env.payload], int64(EnvelopeSize+env.payload), env.data)
	if err != nil {
		b.Fatal(err)
	}
	text := fmt.Sprintf("payload %d, data %d:", env.payload, env.data)
	for _, c := range s.Columns() {
		if c.CompressedBytes > 12 {
			text += fmt.Sprintf(" %s=%d", schema.ByID(c.ID).Name, c.CompressedBytes)
		}
	}
	b.Log(text)
}

func BenchmarkReadBlock(b *testing.B) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, &Header{})
	if err != nil {
		b.Fatal(err)
	}
	const rows, segments = 32768, 8
	enc, l := NewEncoder(w.FileID()), uniformLoad()
	var blk Block
	var out Encoded
	for range segments {
		m := l.fill(&blk, rows)
		if err := enc.Encode(&out, &blk, m); err != nil {
			b.Fatal(err)
		}
		if err := w.WriteSegment(&out); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(&End{}); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cols []schema.ColumnID
	}{
		{"one duration column", []schema.ColumnID{schema.ColDurationNS}},
		{"time and duration", []schema.ColumnID{schema.ColTimeNS, schema.ColDurationNS}},
		{"all columns", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			r, err := NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
			if err != nil {
				b.Fatal(err)
			}
			var list []*Segment
			for {
				item, err := r.Next()
				if err != nil {
					break
				}
				if s, ok := item.(*Segment); ok {
					list = append(list, s)
				}
			}
			d := r.NewDecoder()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if err := d.ReadBlock(list[i%segments], c.cols, &blk); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

// BenchmarkNext reads the headers of segments, as every reader does.
func BenchmarkNext(b *testing.B) {
	var buf bytes.Buffer
	w, err := NewWriter(&buf, &Header{})
	if err != nil {
		b.Fatal(err)
	}
	const segments = 64
	enc, l := NewEncoder(w.FileID()), mixedLoad()
	var blk Block
	var out Encoded
	for range segments {
		if err := enc.Encode(&out, &blk, l.fill(&blk, 2000)); err != nil {
			b.Fatal(err)
		}
		if err := w.WriteSegment(&out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
		if err != nil {
			b.Fatal(err)
		}
		for range segments {
			if _, err := r.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/segments, "ns/segment")
}
