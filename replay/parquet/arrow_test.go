package parquet

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// arrowTable reads a Parquet file with arrow-go.
func arrowTable(t *testing.T, data []byte) arrow.Table {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Release)
	return table
}

// cells returns the values of a column as text, null for null.
func cells(t *testing.T, table arrow.Table, name string) []string {
	t.Helper()
	at := table.Schema().FieldIndices(name)
	if len(at) != 1 {
		t.Fatalf("%d columns named %s", len(at), name)
	}
	var all []string
	for _, chunk := range table.Column(at[0]).Data().Chunks() {
		for i := range chunk.Len() {
			all = append(all, cell(t, chunk, i))
		}
	}
	return all
}

func cell(t *testing.T, a arrow.Array, i int) string {
	t.Helper()
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case *array.Int32:
		return fmt.Sprint(a.Value(i))
	case *array.Int64:
		return fmt.Sprint(a.Value(i))
	case *array.Timestamp:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.String:
		return fmt.Sprintf("%q", a.Value(i))
	case *array.Binary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.List:
		from, to := a.ValueOffsets(i)
		return fmt.Sprint(a.ListValues().(*array.Int64).Int64Values()[from:to])
	}
	t.Fatalf("unexpected type %v", a.DataType())
	return ""
}

// wantRow is what a row should be, by the names of the columns that are
// checked cell by cell, from Block's accessors.
func wantRow(b *segment.Block, wall *segment.WallClock, row int) map[string]string {
	want := map[string]string{}
	for _, c := range schema.Columns() {
		text := "null"
		switch c.Kind {
		case schema.KindInt:
			if v, ok := b.Int(c.ID, row); ok {
				text = fmt.Sprint(v)
				if c.Type == schema.TypeTimestamp {
					want[strings.TrimSuffix(c.Name, "ns")+"boottime_ns"] = text
					text = fmt.Sprint(wall.UnixNS(v))
				}
				if c.Enum != nil {
					want[c.Name+"_text"] = fmt.Sprintf("%q", c.Enum.Name(v))
				}
			} else if c.Enum != nil {
				want[c.Name+"_text"] = "null"
			}
		case schema.KindBytes:
			if v, ok := b.Bytes(c.ID, row); ok && c.Type == schema.TypeString {
				text = fmt.Sprintf("%q", strings.ToValidUTF8(string(v), "\ufffd"))
			} else if ok {
				text = fmt.Sprintf("%x", v)
			}
		case schema.KindIntList:
			if v, ok := b.List(c.ID, row); ok {
				text = fmt.Sprint(v)
			}
		}
		want[c.Name] = text
	}
	addDecoded(want, b, row)
	return want
}

// addDecoded adds the decoded fields that are no enum's name.
func addDecoded(want map[string]string, b *segment.Block, row int) {
	for _, name := range []string{"errno", "error", "name_text", "control_decoded", "remote_address_text", "local_path_text", "msg_flags_text", "remote_endpoint"} {
		want[name] = "null"
	}
	if ret, ok := b.Int(schema.ColRet, row); ok && ret < 0 {
		want["errno"] = fmt.Sprintf("%q", schema.ErrnoName(-ret))
		want["error"] = fmt.Sprintf("%q", schema.ErrnoMessage(-ret))
	}
	if raw, ok := b.Bytes(schema.ColName, row); ok {
		namelen, _ := b.Int(schema.ColMsgNamelen, row)
		want["name_text"] = fmt.Sprintf("%q", schema.FormatAddress(raw, namelen))
	}
	if raw, ok := b.Bytes(schema.ColControl, row); ok {
		controllen, _ := b.Int(schema.ColMsgControllen, row)
		abi, _ := b.Int(schema.ColABI, row)
		want["control_decoded"] = fmt.Sprintf("%q", schema.AppendControlJSON(nil, raw, controllen, schema.ControlLayoutOf(abi)))
	}
	ip, connected := b.Bytes(schema.ColRemoteAddress, row)
	port, _ := b.Int(schema.ColRemotePort, row)
	if connected {
		want["remote_address_text"] = fmt.Sprintf("%q", schema.AppendIP(nil, ip))
		if port != 0 {
			want["remote_endpoint"] = fmt.Sprintf("%q", schema.AppendHostPort(nil, ip, 0, port))
		}
	}
	if path, ok := b.Bytes(schema.ColLocalPath, row); ok {
		want["local_path_text"] = fmt.Sprintf("%q", schema.AppendUnixPath(nil, path))
	}
	if path, ok := b.Bytes(schema.ColRemotePath, row); ok {
		want["remote_endpoint"] = fmt.Sprintf("%q", schema.AppendUnixPath(nil, path))
	}
	if flags, ok := b.Int(schema.ColMsgFlags, row); ok {
		want["msg_flags_text"] = fmt.Sprintf("%q", schema.FormatFlags(uint64(flags)))
	}
}

func TestArrowReadsEveryCell(t *testing.T) {
	for _, c := range []struct {
		name string
		o    gen.Options
		p    Options
	}{
		{"the mix in one row group", gen.Options{Events: 3000, SegmentEvents: 1000, GapEvery: 2}, Options{}},
		{"the mix in many row groups, some partly filled", gen.Options{Events: 10_500, SegmentEvents: 700, Seed: 3}, Options{RowGroupEvents: 1500, Workers: 3}},
		{"a uniform load", gen.Options{Events: 2000, SegmentEvents: 512, Uniform: true}, Options{RowGroupEvents: 600, Workers: 1}},
		{"one event", gen.Options{Events: 1}, Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			recording := record(t, c.o)
			data, result := convert(t, recording, c.p)
			if result.Events != c.o.Events || result.Bytes != int64(len(data)) {
				t.Errorf("result is %+v for %d bytes", result, len(data))
			}
			checkCells(t, recording, arrowTable(t, data))
		})
	}
}

// checkCells compares all rows, found by CPU and sequence number.
func checkCells(t *testing.T, recording []byte, table arrow.Table) {
	t.Helper()
	want := wantRows(t, recording)
	if table.NumRows() != int64(len(want)) {
		t.Fatalf("%d rows, expected %d", table.NumRows(), len(want))
	}
	columns := map[string][]string{}
	for _, f := range table.Schema().Fields() {
		columns[f.Name] = cells(t, table, f.Name)
	}
	errors := 0
	for row := range int(table.NumRows()) {
		id := columns["cpu"][row] + ":" + columns["seq"][row]
		w := want[id]
		if w == nil {
			t.Fatalf("unexpected or repeated event %s", id)
		}
		delete(want, id)
		for name, text := range w {
			if columns[name] == nil {
				t.Fatalf("no column %s", name)
			}
			if columns[name][row] != text {
				t.Errorf("event %s: %s is %s, expected %s", id, name, columns[name][row], text)
				if errors++; errors > 20 {
					t.FailNow()
				}
			}
		}
	}
}

func wantRows(t *testing.T, recording []byte) map[string]map[string]string {
	t.Helper()
	summary, err := segment.Summarize(open(t, recording))
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, recording)
	wall := segment.NewWallClock(r.Header(), summary.Clocks)
	want := map[string]map[string]string{}
	d := r.NewDecoder()
	var b segment.Block
	for {
		item, err := r.Next()
		if err != nil {
			return want
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		if err := d.ReadBlock(s, nil, &b); err != nil {
			t.Fatal(err)
		}
		for row := range s.Rows {
			w := wantRow(&b, wall, row)
			want[w["cpu"]+":"+w["seq"]] = w
		}
	}
}

func TestTypesAreTheNaturalOnes(t *testing.T) {
	data, _ := convert(t, record(t, gen.Options{Events: 100}), Options{})
	table := arrowTable(t, data)
	for i, c := range []struct {
		name, typ string
		nullable  bool
	}{
		{"time_ns", "timestamp[ns, tz=UTC]", false},
		{"time_boottime_ns", "int64", false},
		{"start_time_ns", "timestamp[ns, tz=UTC]", false},
		{"duration_ns", "int64", true},
		{"cpu", "int32", false},
		{"seq", "int64", false},
		{"comm", "utf8", false},
		{"errno", "utf8", true},
		{"call", "int32", false},
		{"call_text", "utf8", false},
		{"iov_base", "list<element: int64>", true},
		{"iov_len", "list<element: int64>", true},
		{"name", "binary", true},
		{"name_text", "utf8", true},
		{"control", "binary", true},
		{"control_decoded", "utf8", true},
		{"remote_address", "binary", true},
		{"remote_address_text", "utf8", true},
		{"remote_port", "int32", true},
		{"sockfd", "int32", false},
		{"flags", "int64", true},
		{"flags_text", "utf8", true},
		{"outcome", "int32", true},
		{"outcome_text", "utf8", true},
		{"out_msg_flags_text", "utf8", true},
	} {
		fields, ok := table.Schema().FieldsByName(c.name)
		if !ok {
			t.Errorf("%d: no column %s", i, c.name)
			continue
		}
		typ := strings.ReplaceAll(fields[0].Type.String(), "nullable", "")
		typ = strings.ReplaceAll(typ, ", >", ">")
		if typ != c.typ || fields[0].Nullable != c.nullable {
			t.Errorf("%s is %s (nullable: %v), expected %s (%v)", c.name, typ, fields[0].Nullable, c.typ, c.nullable)
		}
	}
}

func TestEveryColumnOfTheSchemaIsThereByName(t *testing.T) {
	have := map[string]bool{}
	for i := range leaves {
		if have[leaves[i].name] {
			t.Errorf("two columns named %s", leaves[i].name)
		}
		have[leaves[i].name] = true
	}
	for _, c := range schema.Columns() {
		if !have[c.Name] {
			t.Errorf("no column %s", c.Name)
		}
	}
	for _, d := range schema.AllDecoded() {
		if c := schema.ByID(d.After); !have[d.Name] && !d.Extra && c.Type != schema.TypeTimestamp {
			t.Errorf("no column %s", d.Name)
		}
	}
}
