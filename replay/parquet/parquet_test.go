package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func parquetFile(t *testing.T, data []byte) *pq.File {
	t.Helper()
	f, err := pq.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ints returns the values of a column of integers of one row group, without
// the nulls.
func ints(t *testing.T, f *pq.File, group pq.RowGroup, name string) []int64 {
	t.Helper()
	leaf, ok := f.Schema().Lookup(name)
	if !ok {
		t.Fatalf("no column %s", name)
	}
	pages := group.ColumnChunks()[leaf.ColumnIndex].Pages()
	defer pages.Close()
	var all []int64
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		values := make([]pq.Value, page.NumValues())
		if _, err := page.Values().ReadValues(values); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		for _, v := range values {
			if !v.IsNull() {
				all = append(all, v.Int64())
			}
		}
	}
}

func TestRowGroupsAreSortedByTimeAndHaveStatistics(t *testing.T) {
	data, result := convert(t, record(t, gen.Options{Events: 20_000, SegmentEvents: 1000}), Options{RowGroupEvents: 4000})
	f := parquetFile(t, data)
	if n := len(f.RowGroups()); n != 5 || result.RowGroups != 5 {
		t.Fatalf("%d row groups, result says %d", n, result.RowGroups)
	}
	leaf, _ := f.Schema().Lookup("time_ns")
	for i, group := range f.RowGroups() {
		if by := group.SortingColumns(); len(by) != 1 || by[0].Path()[0] != "time_ns" || by[0].Descending() {
			t.Errorf("row group %d is sorted by %v", i, by)
		}
		times := ints(t, f, group, "time_ns")
		if !slices.IsSorted(times) || len(times) != 4000 {
			t.Errorf("row group %d: %d times, sorted: %v", i, len(times), slices.IsSorted(times))
		}
		for j, chunk := range f.Metadata().RowGroups[i].Columns {
			m := &chunk.MetaData
			if m.Codec.String() != "ZSTD" {
				t.Errorf("column %d is compressed with %v", j, m.Codec)
			}
			if m.Statistics.MinValue == nil && m.Statistics.NullCount < m.NumValues && m.PathInSchema[0] != "control" && m.PathInSchema[0] != "control_decoded" {
				t.Errorf("column %v has no statistics", m.PathInSchema)
			}
		}
		m := &f.Metadata().RowGroups[i].Columns[leaf.ColumnIndex].MetaData
		lo, hi := pq.Int64.Value(m.Statistics.MinValue).Int64(), pq.Int64.Value(m.Statistics.MaxValue).Int64()
		if lo != times[0] || hi != times[len(times)-1] {
			t.Errorf("row group %d: statistics say [%d, %d], values are [%d, %d]", i, lo, hi, times[0], times[len(times)-1])
		}
	}
}

func TestStatsAndParquetAgree(t *testing.T) {
	recording := record(t, gen.Options{Events: 150_000, GapEvery: 2})
	data, _ := convert(t, recording, Options{})
	counter := stats.New(stats.Options{})
	if err := counter.Add(stats.Input{Reader: open(t, recording)}); err != nil {
		t.Fatal(err)
	}
	f := parquetFile(t, data)
	var durations, requested []int64
	for _, group := range f.RowGroups() {
		durations = append(durations, ints(t, f, group, "duration_ns")...)
		requested = append(requested, ints(t, f, group, "requested_bytes")...)
	}
	total := counter.Result().Total()
	sum := int64(0)
	for _, n := range requested {
		sum += n
	}
	if f.NumRows() != total.Count || int64(len(durations)) != total.Timed || sum != total.RequestedBytes.Int64() {
		t.Errorf("%d rows, %d durations, %d bytes; stats say %+v", f.NumRows(), len(durations), sum, total)
	}
	slices.Sort(durations)
	for i, q := range stats.Quantiles {
		truth := durations[q.Q.Rank(int64(len(durations)))-1]
		got := total.Quantiles[i].NS
		if off := float64(got - truth); max(off, -off) > total.RelativeError*float64(truth) {
			t.Errorf("%s is %d, stats say %d within %g", q.Name, truth, got, total.RelativeError)
		}
	}
}

func TestLossesAndEnvironmentAreInTheMetadata(t *testing.T) {
	recording := record(t, gen.Options{Events: 10_000, SegmentEvents: 1000, GapEvery: 4})
	data, result := convert(t, recording, Options{CreatedBy: "test"})
	f := parquetFile(t, data)
	lookup := func(key string, into any) {
		text, ok := f.Lookup("sendmsgrec." + key)
		if !ok {
			t.Errorf("no %s", key)
		} else if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Errorf("%s is %q: %v", key, text, err)
		}
	}
	var events, lost int64
	var byCause map[string]int64
	var gaps, damages []map[string]any
	var coverage []segment.Coverage
	lookup("coverage", &coverage)
	if len(coverage) != 1 || coverage[0].ToNS == 0 || coverage[0].Unexplained.Unexplained != 7 {
		t.Errorf("coverage %+v", coverage)
	}
	var complete bool
	var header segment.Header
	lookup("events", &events)
	lookup("lost", &lost)
	lookup("lost_by_cause", &byCause)
	lookup("gaps", &gaps)
	lookup("damages", &damages)
	lookup("complete", &complete)
	lookup("header", &header)
	if events != 10_000 || lost != result.Summary.Lost || lost == 0 || byCause["ring_full"] != lost ||
		len(gaps) != 2 || len(damages) != 0 || !complete || header.Host != "generated" {
		t.Errorf("events %d, lost %d %v, gaps %v, damages %v, complete %v, header %+v", events, lost, byCause, gaps, damages, complete, header)
	}
	if id, _ := f.Lookup("sendmsgrec.recording_id"); id != header.RecordingID || id == "" {
		t.Errorf("recording id is %q", id)
	}
	if f.Metadata().CreatedBy != "test" {
		t.Errorf("created by %q", f.Metadata().CreatedBy)
	}
}

func TestWhatIsDamagedIsLeftOutAndSaid(t *testing.T) {
	recording := record(t, gen.Options{Events: 10_000, SegmentEvents: 1000})
	r := open(t, recording)
	var third *segment.Segment
	for n := 0; n < 3; {
		item, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			third, n = s, n+1
		}
	}
	for i := third.Offset + third.Size/2; i < third.Offset+third.Size; i++ {
		recording[i] ^= 0x55
	}
	data, result := convert(t, recording, Options{RowGroupEvents: 2000})
	f := parquetFile(t, data)
	if f.NumRows() != 9000 || len(result.Corrupt) != 1 || result.Corrupt[0].Offset != third.Offset {
		t.Errorf("%d rows, corrupt %v", f.NumRows(), result.Corrupt)
	}
	if lost, _ := f.Lookup("sendmsgrec.lost"); lost != "1000" {
		t.Errorf("lost is %s", lost)
	}
	if complete, _ := f.Lookup("sendmsgrec.complete"); complete != "false" {
		t.Errorf("complete is %s", complete)
	}
}

func TestAStreamGivesTheSameRows(t *testing.T) {
	recording := record(t, gen.Options{Events: 5000, SegmentEvents: 500})
	r, err := segment.NewStreamReader(bytes.NewBuffer(recording))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result, err := Convert(r, &out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Events != 5000 || result.Summary.Events != 5000 {
		t.Errorf("result is %+v", result)
	}
	// All clock records came before the only row group was full.
	checkCells(t, recording, arrowTable(t, out.Bytes()))
}

func TestAnEmptyRecordingIsAFileWithoutRows(t *testing.T) {
	data, _ := convert(t, record(t, gen.Options{}), Options{})
	if f := parquetFile(t, data); f.NumRows() != 0 || len(f.RowGroups()) != 0 {
		t.Errorf("%d rows", f.NumRows())
	}
	if table := arrowTable(t, data); table.NumRows() != 0 {
		t.Errorf("%d rows", table.NumRows())
	}
}

// failingWriter fails with the n-th write.
type failingWriter struct{ n int }

var errFull = errors.New("no space left")

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestEveryFailedWriteSurfaces(t *testing.T) {
	recording := record(t, gen.Options{Events: 3000, SegmentEvents: 500})
	for n := 0; ; n++ {
		_, err := Convert(open(t, recording), &failingWriter{n}, Options{RowGroupEvents: 500})
		if err == nil {
			if n < 7 {
				t.Errorf("only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errFull) {
			t.Errorf("write %d: %v", n, err)
		}
	}
}
