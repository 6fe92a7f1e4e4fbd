package parquet

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// written returns a recording of 3 events, whose block mutate has changed.
func written(t testing.TB, mutate func(b *segment.Block)) []byte {
	t.Helper()
	source := open(t, record(t, gen.Options{Events: 3}))
	var b segment.Block
	for {
		item, err := source.Next()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			if err := source.NewDecoder().ReadBlock(s, nil, &b); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	mutate(&b)
	var file bytes.Buffer
	w, err := segment.NewWriter(&file, &segment.Header{})
	if err != nil {
		t.Fatal(err)
	}
	var e segment.Encoded
	if err := segment.NewEncoder(w.FileID()).Encode(&e, &b, segment.SegmentMeta{}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSegment(&e); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(&segment.End{}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRowsThatNoRecorderWritesAreLeftOutAndSaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		mutate func(b *segment.Block)
		want   string // of the error; empty: the rows are fine
	}{
		{"nothing is wrong", func(*segment.Block) {}, ""},
		{"an optional value is null", func(b *segment.Block) { b.Cols[schema.ColRet].SetNull(1); b.Cols[schema.ColRet].Ints[1] = 0 }, ""},
		{"a required value is null", func(b *segment.Block) { b.Cols[schema.ColSeq].SetNull(1); b.Cols[schema.ColSeq].Ints[1] = 0 }, "seq has a null"},
		{"an event has no task", func(b *segment.Block) { b.Cols[schema.ColTaskRef].SetNull(2); b.Cols[schema.ColTaskRef].Ints[2] = 0 }, "no row in table task"},
		{"an event has no socket row", func(b *segment.Block) {
			b.Cols[schema.ColSocketRef].SetNull(2)
			b.Cols[schema.ColSocketRef].Ints[2] = 0
		}, ""},
		{"a process id is too large", func(b *segment.Block) { b.Cols[schema.ColPID].Ints[0] = 1 << 40 }, "pid has the value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, result := convert(t, written(t, c.mutate), Options{})
			rows := arrowTable(t, data).NumRows()
			switch {
			case c.want == "" && (rows != 3 || len(result.Corrupt) != 0):
				t.Errorf("%d rows, corrupt %v", rows, result.Corrupt)
			case c.want != "" && (rows != 0 || len(result.Corrupt) != 1 || !strings.Contains(result.Corrupt[0].Err.Error(), c.want)):
				t.Errorf("%d rows, corrupt %v", rows, result.Corrupt)
			}
		})
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(record(f, gen.Options{Events: 20, SegmentEvents: 10, GapEvery: 1}))
	f.Add(record(f, gen.Options{Events: 5, Uniform: true}))
	f.Add(written(f, func(b *segment.Block) { b.Cols[schema.ColRet].SetNull(0); b.Cols[schema.ColRet].Ints[0] = 0 }))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := segment.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		// Any input gives a file; bytes.Reader has no errors of its own.
		if _, err := Convert(r, io.Discard, Options{Workers: 1}); err != nil {
			t.Error(err)
		}
	})
}
