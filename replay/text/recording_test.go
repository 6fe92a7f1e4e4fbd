package text_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// readBlocks writes a recording in memory and reads all its segments.
func readBlocks(t testing.TB, o gen.Options, cols []schema.ColumnID) []*segment.Block {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, o); err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	d := r.NewDecoder()
	var blocks []*segment.Block
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return blocks
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			b := &segment.Block{}
			if err := d.ReadBlock(s, cols, b); err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
	}
}

// TestEveryEventOfARecordingIsOneLine prints a generated recording, with
// tables of many rows, in every format.
func TestEveryEventOfARecordingIsOneLine(t *testing.T) {
	blocks := readBlocks(t, gen.Options{Events: 8_000, SegmentEvents: 3_000}, nil)
	for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
		p := newPrinter(t, f)
		var out []byte
		rows := 0
		for _, b := range blocks {
			p.SetBlock(b)
			for row := range b.Rows[schema.TableEvent] {
				start := len(out)
				out = p.Event(out, row)
				rows++
				line := out[start:]
				if bytes.IndexByte(line, '\n') != len(line)-1 {
					t.Fatalf("not one line: %q", line)
				}
				if f == text.JSON && !json.Valid(line) {
					t.Fatalf("not JSON: %q", line)
				}
			}
		}
		if rows != 8_000 {
			t.Errorf("%d events, want 8000", rows)
		}
		if f == text.CSV {
			if records, err := csv.NewReader(bytes.NewReader(out)).ReadAll(); err != nil || len(records) != rows {
				t.Errorf("%d records, %v", len(records), err)
			}
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	for _, load := range []struct {
		name string
		gen  gen.Options
	}{
		{"uniform", gen.Options{Events: 65_536, Uniform: true}},
		{"mix", gen.Options{Events: 65_536}},
	} {
		blocks := readBlocks(b, load.gen, nil)
		for _, c := range []struct {
			name   string
			format text.Format
			fields []string
		}{
			{"line", text.Line, nil},
			{"json", text.JSON, nil},
			{"csv", text.CSV, nil},
			{"json fields", text.JSON, []string{"wall_time", "pid", "comm", "ret", "duration_ns", "remote_endpoint"}},
		} {
			b.Run(load.name+"/"+c.name, func(b *testing.B) {
				p := newPrinter(b, c.format, c.fields...)
				b.ReportAllocs()
				var buf []byte
				events, size := 0, 0
				for events < b.N {
					for _, blk := range blocks {
						p.SetBlock(blk)
						for row := 0; row < blk.Rows[schema.TableEvent] && events < b.N; row++ {
							if len(buf) > 1<<18 {
								size += len(buf)
								buf = buf[:0]
							}
							buf = p.Event(buf, row)
							events++
						}
					}
				}
				size += len(buf)
				b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(size)/float64(events), "B/event")
			})
		}
	}
}
