package stats

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// BenchmarkCounter reads a recording of a million events from memory. With -cpu 1
// it shows what one core does.
func BenchmarkCounter(b *testing.B) {
	const events = 1 << 20
	mix := record(b, gen.Options{Events: events})
	uniform := record(b, gen.Options{Events: events, Uniform: true})
	for _, c := range []struct {
		name string
		file []byte
		by   []string
	}{
		{"all events of a uniform load", uniform, nil},
		{"all events of the mix", mix, nil},
		{"by comm", mix, []string{"comm"}},
		{"by errno", mix, []string{"errno"}},
		{"by comm and errno", mix, []string{"comm", "errno"}},
		{"by remote address and port", mix, []string{"remote_address", "remote_port"}},
		{"by comm, remote address and port", mix, []string{"comm", "remote_address", "remote_port"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := Options{By: fieldsOf(b, c.by...)}
			for b.Loop() {
				run(b, o, Input{Reader: open(b, c.file)})
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

// BenchmarkDecode is the part of Counter.Add that reads and decodes.
func BenchmarkDecode(b *testing.B) {
	const events = 1 << 20
	file := record(b, gen.Options{Events: events})
	for _, c := range []struct {
		name string
		cols []schema.ColumnID
	}{
		{"duration", []schema.ColumnID{schema.ColDurationNS}},
		{"duration, ret, requested_bytes", []schema.ColumnID{schema.ColDurationNS, schema.ColRet, schema.ColRequestedBytes}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var block segment.Block
			for b.Loop() {
				r := open(b, file)
				d := r.NewDecoder()
				for {
					item, err := r.Next()
					if err != nil {
						break
					}
					if s, ok := item.(*segment.Segment); ok {
						if err := d.ReadBlock(s, c.cols, &block); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}
