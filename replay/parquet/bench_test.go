package parquet

import (
	"bytes"
	"io"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// record returns a generated recording.
func record(t testing.TB, o gen.Options) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, o); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(t testing.TB, file []byte) *segment.Reader {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// convert returns the Parquet file of a recording.
func convert(t testing.TB, file []byte, o Options) ([]byte, *Result) {
	t.Helper()
	var out bytes.Buffer
	result, err := Convert(open(t, file), &out, o)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), result
}

func BenchmarkConvert(b *testing.B) {
	const events = 1 << 20
	for _, c := range []struct {
		name string
		o    gen.Options
	}{
		{"realistic mix", gen.Options{Events: events}},
		{"uniform load", gen.Options{Events: events, Uniform: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := record(b, c.o)
			var size int64
			for b.Loop() {
				r, err := Convert(open(b, file), io.Discard, Options{})
				if err != nil {
					b.Fatal(err)
				}
				size = r.Bytes
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds()/1e6, "Mevents/s")
			b.ReportMetric(float64(size)/events, "bytes/event")
		})
	}
}
