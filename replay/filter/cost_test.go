package filter

import (
	"io"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// markedRecording returns a recording of the realistic mix of which one segment
// in a hundred is like no other: slower, with other errors, processes, names,
// addresses and paths. So a filter for any of these keeps 1% of the segments.
func markedRecording(t testing.TB, segments, events int) []byte {
	t.Helper()
	var out strings.Builder
	o := gen.Options{Seed: 11}
	w, err := segment.NewWriter(&out, o.Header())
	if err != nil {
		t.Fatal(err)
	}
	f, enc := gen.NewFiller(o), segment.NewEncoder(w.FileID())
	var b segment.Block
	var e segment.Encoded
	seq := []int64{0, 0, 0, 0}
	for i := range segments {
		start := int64(3_600_000_000_000) + int64(i)*1_000_000_000
		plan := gen.Plan{Index: int64(i), Events: events, FirstSeq: append([]int64{}, seq...),
			StartNS: start, EndNS: start + 500_000_000, Lost: make([]int64, 4)}
		meta := f.Fill(&b, &plan)
		for _, r := range meta.Ranges {
			seq[r.CPU] = r.Last + 1
		}
		if i%100 == 50 {
			mark(&b)
		}
		if err := enc.Encode(&e, &b, meta); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteSegment(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&segment.End{Reason: "duration"}); err != nil {
		t.Fatal(err)
	}
	return []byte(out.String())
}

// mark changes what the filters of TestASelectiveFilterReadsLittle look for.
func mark(b *segment.Block) {
	set := func(id schema.ColumnID, v int64) {
		c := &b.Cols[id]
		for i := range c.Ints {
			if !c.IsNull(i) {
				c.Ints[i] = v
			}
		}
	}
	for i := range b.Cols[schema.ColDurationNS].Ints {
		if v := &b.Cols[schema.ColDurationNS]; !v.IsNull(i) {
			v.Ints[i] += 60_000_000_000
		}
	}
	set(schema.ColPID, 77_777)
	set(schema.ColUID, 4_000_000)
	set(schema.ColRet, -105)
	set(schema.ColLocalPort, 65_000)
	set(schema.ColEntryPath, 3)
	replaceBytes(&b.Cols[schema.ColComm], []byte("suspect"))
	replaceBytes(&b.Cols[schema.ColLocalPath], []byte("/tmp/suspect"))
	// The length stays, so that IPv6 addresses are none of the network.
	v := &b.Cols[schema.ColRemoteAddress]
	for i := range len(v.Offsets) - 1 {
		if a := v.BytesAt(i); len(a) == 4 {
			copy(a, []byte{192, 0, 2, 7})
		}
	}
}

func replaceBytes(v *colblock.Vector, with []byte) {
	nulls := append([]uint64{}, v.Nulls...)
	rows := len(v.Offsets) - 1
	v.Reset()
	v.Nulls = append(v.Nulls, nulls...)
	for i := range rows {
		if v.IsNull(i) {
			v.AppendBytes(nil)
		} else {
			v.AppendBytes(with)
		}
	}
}

// selective are filters that keep the marked segments.
var selective = []struct{ name, text string }{
	{"time", "time >= +50s and time < +50.4s"},
	{"a duration", "duration > 10s"},
	{"a result", "ret == ENOBUFS"},
	{"an errno", "errno in (ENOBUFS, ENETDOWN)"},
	{"a process", "pid == 77777"},
	{"a user", "uid > 3000000"},
	{"a port", "local_port == 65000"},
	{"an entry path", "entry_path == io_uring"},
	{"a name", "comm == suspect"},
	{"a path", "local_path prefix /tmp/sus"},
	{"a network", "remote_address in 192.0.2.0/24"},
	{"several", "comm == suspect and duration > 1ms and not ret >= 0"},
	{"one of two", "pid == 77777 or duration > 10s"},
}

// TestASelectiveFilterReadsLittle holds the promise of docs/filter.md: a filter
// that keeps 1% of the segments reads and decompresses at most 3% of what a
// full scan does.
func TestASelectiveFilterReadsLittle(t *testing.T) {
	const segments, events = 100, 32768
	file := markedRecording(t, segments, events)
	full, fullBytes := scan(t, file, "")
	if full.Segments.Total != segments || full.Bytes.Never != 0 {
		t.Fatalf("a full scan: %+v", full)
	}
	for _, c := range selective {
		t.Run(c.name, func(t *testing.T) {
			x, bytesRead := scan(t, file, c.text)
			if x.Segments.Total-x.Segments.Skipped-x.Segments.Empty != 1 || x.Events.Selected == 0 {
				t.Fatalf("it does not keep one segment: %+v", x)
			}
			decompressed := float64(x.Bytes.Filter+x.Bytes.Output) / float64(full.Bytes.Filter+full.Bytes.Output)
			read := float64(bytesRead) / float64(fullBytes)
			t.Logf("%d segments skipped by their headers; %.2f%% decompressed, %.2f%% of the file read", x.Segments.Skipped, 100*decompressed, 100*read)
			if decompressed > 0.03 || read > 0.03 {
				t.Errorf("%.2f%% decompressed, %.2f%% of the file read", 100*decompressed, 100*read)
			}
		})
	}
}

// scan reads all columns of the selected events, and returns what was done and
// the bytes that were read from the file.
func scan(t testing.TB, file []byte, text string) (*Explain, int64) {
	t.Helper()
	var f *Filter
	if text != "" {
		var err error
		if f, err = Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, file)
	p, err := f.Bind(Recording{Header: r.Header()})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluator(r.NewDecoder())
	var b segment.Block
	for {
		item, err := r.Next()
		if err == io.EOF {
			return p.Explain(), r.BytesRead()
		}
		if err != nil {
			t.Fatal(err)
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		selected, err := e.Select(s, &b)
		if err != nil {
			t.Fatal(err)
		}
		if selected.Len() > 0 {
			if err := e.Read(s, nil, &b); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func BenchmarkScan(b *testing.B) {
	file := markedRecording(b, 100, 32768)
	for _, c := range append([]struct{ name, text string }{
		{"everything", ""}, {"half of all events by duration", "duration > 9us"},
		{"a third of them by address", "remote_address in 10.1.0.0/21"},
	}, selective...) {
		b.Run(c.name, func(b *testing.B) {
			var x *Explain
			for b.Loop() {
				x, _ = scan(b, file, c.text)
			}
			n := float64(b.N) * float64(x.Events.Total)
			b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(100*float64(x.Bytes.Total-x.Bytes.Never)/float64(x.Bytes.Total), "%decompressed")
		})
	}
}
