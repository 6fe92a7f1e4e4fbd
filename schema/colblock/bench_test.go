package colblock

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// BenchmarkInts encodes and decodes int columns of the shapes that events have.
func BenchmarkInts(b *testing.B) {
	const rows = 32768
	r := rand.New(rand.NewPCG(1, 2))
	now := int64(1e12)
	for _, c := range []struct {
		name string
		v    *Vector
	}{
		{"constant", sequence(rows, func(int) int64 { return 64 })},
		{"line", sequence(rows, func(i int) int64 { return int64(i) })},
		{"durations", sequence(rows, func(int) int64 { return int64(math.Exp(7 + 0.5*r.NormFloat64())) })},
		{"times", sequence(rows, func(int) int64 { now += 700 + int64(r.IntN(300)); return now })},
		{"few pointers", sequence(rows, func(int) int64 { return 0x7f0000001000 + int64(r.IntN(50))*0x5550 })},
	} {
		enc, dec := NewEncoder(), NewDecoder()
		entry, data, err := enc.AppendChunk(nil, nil, schema.KindInt, c.v, rows, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode "+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				entry, data, _ = enc.AppendChunk(entry[:0], data[:0], schema.KindInt, c.v, rows, nil)
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mvalues/s")
			b.ReportMetric(float64(len(entry)+len(data))/rows, "bytes/value")
		})
		k, err := parseChunk(entry, rows)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("decode "+c.name, func(b *testing.B) {
			var v Vector
			b.ReportAllocs()
			for b.Loop() {
				if err := dec.Decode(&v, k, data, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
}

// BenchmarkRuns encodes and decodes columns with runs as such, and as they would be
// without.
func BenchmarkRuns(b *testing.B) {
	const rows = 32768
	for name, vals := range runShapes(rows) {
		for _, way := range []struct {
			name string
			in   nesting
		}{{"runs", inChunk}, {"without", inRuns}} {
			enc, dec := NewEncoder(), NewDecoder()
			entry, data := enc.appendInts(nil, nil, vals, way.in)
			b.Run(name+"/"+way.name+"/encode", func(b *testing.B) {
				for b.Loop() {
					entry, data = enc.appendInts(entry[:0], data[:0], vals, way.in)
				}
				b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mvalues/s")
				b.ReportMetric(float64(len(entry)+len(data))/rows, "bytes/value")
			})
			var s intStream
			if err := s.parse(&Cursor{Rest: entry}, rows, way.in); err != nil {
				b.Fatal(err)
			}
			b.Run(name+"/"+way.name+"/decode", func(b *testing.B) {
				var r intReader
				out := make([]int64, rows)
				for b.Loop() {
					if _, err := r.open(dec, &s, &dec.raw, data); err != nil {
						b.Fatal(err)
					}
					r.next(out)
				}
				b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mvalues/s")
			})
		}
	}
}
