package parquet

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// TestBlockEncoder compares files of single blocks with the file of all that
// Convert makes.
func TestBlockEncoder(t *testing.T) {
	recording := record(t, gen.Options{Events: 5000, SegmentEvents: 5000})
	converted, _ := convert(t, recording, Options{})
	want := parquetFile(t, converted)

	r, err := segment.NewReader(bytes.NewReader(recording), int64(len(recording)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := segment.Summarize(r)
	if err != nil {
		t.Fatal(err)
	}
	wall := segment.NewWallClock(r.Header(), s.Clocks)
	block := firstBlock(t, recording)
	all := make([]int32, block.Rows[schema.TableEvent])
	for i := range all {
		all[i] = int32(i)
	}
	e := NewBlockEncoder("test")
	for _, c := range []struct {
		name string
		rows []int32
	}{
		{"all events", all},
		{"the events from the middle on", all[len(all)/2:]},
		{"one event", all[7:8]},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := e.Encode(block, c.rows, wall, Constant{Name: "recording_id", Text: "x"}, Constant{Name: "replay_loop", Int: 3, IsInt: true})
			if err != nil {
				t.Fatal(err)
			}
			got := parquetFile(t, file)
			if n := int(got.NumRows()); n != len(c.rows) {
				t.Fatalf("%d rows, want %d", n, len(c.rows))
			}
			if columns := len(got.Schema().Columns()); columns != len(want.Schema().Columns())+2 {
				t.Errorf("%d columns, want two more than %d", columns, len(want.Schema().Columns()))
			}
			group, whole := got.RowGroups()[0], want.RowGroups()[0]
			for _, name := range []string{"time_ns", "time_boottime_ns", "duration_ns", "seq", "pid", "requested_bytes"} {
				values, all := ints(t, got, group, name), ints(t, want, whole, name)
				if len(c.rows) == len(all) && !reflect.DeepEqual(values, all) {
					t.Errorf("column %s differs from that of Convert", name)
				}
				if len(values) > len(all) {
					t.Errorf("column %s has %d values", name, len(values))
				}
			}
			for _, loop := range ints(t, got, group, "replay_loop") {
				if loop != 3 {
					t.Fatalf("replay_loop is %d", loop)
				}
			}
		})
	}
}

// firstBlock decodes the first segment of a recording.
func firstBlock(t *testing.T, recording []byte) *segment.Block {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(recording), int64(len(recording)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			t.Fatal("no segment")
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			block := &segment.Block{}
			if err := r.NewDecoder().ReadBlock(s, nil, block); err != nil {
				t.Fatal(err)
			}
			return block
		}
	}
}
