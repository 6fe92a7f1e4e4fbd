package parquet

import (
	"bytes"
	"errors"
	"io"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// TestAFilteredFileHoldsNothingElse converts the events of one program and
// looks for the others in all bytes of the file, decompressed.
func TestAFilteredFileHoldsNothingElse(t *testing.T) {
	var file bytes.Buffer
	if _, err := gen.Write(&file, gen.Options{Events: 20_000, SegmentEvents: 3000}); err != nil {
		t.Fatal(err)
	}
	open := func() *segment.Reader {
		r, err := segment.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	f, err := filter.Parse("comm == unbound and ret >= 0")
	if err != nil {
		t.Fatal(err)
	}
	program, err := f.Bind(filter.Recording{Header: open().Header()})
	if err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	r := open()
	eval := program.Evaluator(r.NewDecoder())
	var b segment.Block
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if s, ok := item.(*segment.Segment); ok {
			selected, err := eval.Select(s, &b)
			if err != nil {
				t.Fatal(err)
			}
			want += int64(selected.Len())
		}
	}
	var out bytes.Buffer
	result, err := Convert(open(), &out, Options{Program: program, RowGroupEvents: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if result.Events != want || want == 0 {
		t.Errorf("%d events converted, %d selected", result.Events, want)
	}
	if result.RowGroups < 1 || result.RowGroups > int(want)/1000 {
		t.Errorf("%d row groups for %d events", result.RowGroups, want)
	}
	texts := dictionaries(t, out.Bytes())
	if !bytes.Contains(texts, []byte("unbound")) {
		t.Error("the file does not hold what was selected")
	}
	for _, other := range []string{"envoy", "nginx", "dbus-daemon", "/run/user/"} {
		if bytes.Contains(texts, []byte(other)) {
			t.Errorf("the file holds %q", other)
		}
	}
	if !bytes.Contains(out.Bytes(), []byte("comm == unbound and ret >= 0")) {
		t.Error("the metadata does not tell the filter")
	}
}

// dictionaries returns all entries of all dictionaries of byte strings,
// whether a row refers to them or not.
func dictionaries(t *testing.T, data []byte) []byte {
	t.Helper()
	var all []byte
	for _, group := range parquetFile(t, data).RowGroups() {
		for _, chunk := range group.ColumnChunks() {
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if d := page.Dictionary(); d != nil && chunk.Type().Kind() == pq.ByteArray {
					for i := range d.Len() {
						all = append(append(all, d.Index(int32(i)).ByteArray()...), '\n')
					}
				}
			}
			pages.Close()
		}
	}
	return all
}
