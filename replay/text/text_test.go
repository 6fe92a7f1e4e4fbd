package text_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var wall = segment.NewWallClock(&segment.Header{Start: segment.Clock{BoottimeNS: 1, RealtimeNS: 1_800_000_000_000_000_001}}, nil)

func newPrinter(t testing.TB, f text.Format, fields ...string) *text.Printer {
	t.Helper()
	p, err := text.New(f, text.Options{Fields: fields, WallClock: wall})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// golden compares with a file under testdata, or rewrites it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s:%d differs (run with -update to rewrite):\n got %s\nwant %s", path, i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(no line)"
}

func TestLines(t *testing.T) {
	p := newPrinter(t, text.Line)
	p.SetBlock(sentenceBlock(t))
	var out []byte
	for i, s := range sentences {
		out = fmt.Appendf(out, "# %s\n", s.name)
		out = p.Event(out, i)
	}
	golden(t, "lines.txt", out)
}

func TestLinesWithoutWallClockBeginWithBoottime(t *testing.T) {
	p, err := text.New(text.Line, text.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.SetBlock(newBlock(t, plainEvent))
	if got := string(p.Event(nil, 0)); !strings.HasPrefix(got, "1.000000001 1234/1235<nginx> sendmsg(") {
		t.Error(got)
	}
}

// TestJSON compares with a golden that has a line per key, for people.
func TestJSON(t *testing.T) {
	p := newPrinter(t, text.JSON)
	p.SetBlock(sentenceBlock(t))
	var out bytes.Buffer
	for i, s := range sentences {
		line := p.Event(nil, i)
		if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("%s: not one line: %q", s.name, line)
		}
		fmt.Fprintf(&out, "# %s\n", s.name)
		if err := json.Indent(&out, line, "", " "); err != nil {
			t.Fatalf("%s: %v in %s", s.name, err, line)
		}
	}
	golden(t, "events.json.txt", out.Bytes())
}

func TestJSONKeysAreTheColumnsInOrder(t *testing.T) {
	p := newPrinter(t, text.JSON)
	p.SetBlock(newBlock(t, plainEvent))
	dec := json.NewDecoder(bytes.NewReader(p.Event(nil, 0)))
	var keys []string
	depth := 0
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			if v == '[' {
				for dec.More() {
					_, _ = dec.Token()
				}
			}
		case string:
			if depth == 1 {
				keys = append(keys, v)
				var skip json.RawMessage
				if err := dec.Decode(&skip); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	i := 0
	for _, c := range schema.Columns() {
		j := slices.Index(keys, c.Name)
		if j < i {
			t.Fatalf("column %s is key %d of %v", c.Name, j, keys)
		}
		i = j
	}
	if keys[0] != "kind" || keys[1] != "cpu" {
		t.Errorf("the first keys are %v", keys[:2])
	}
	if slices.Contains(keys, "comm_hex") {
		t.Error("comm_hex stands there without having been asked for")
	}
}

func TestCSV(t *testing.T) {
	p := newPrinter(t, text.CSV)
	p.SetBlock(sentenceBlock(t))
	out := p.Header(nil)
	for i := range sentences {
		out = p.Event(out, i)
	}
	golden(t, "events.csv", out)
	records, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(sentences)+1 {
		t.Errorf("%d records for %d events", len(records)-1, len(sentences))
	}
	control := slices.Index(records[0], "control_decoded")
	for i, s := range sentences {
		if cell := records[i+1][control]; cell != "" && !json.Valid([]byte(cell)) {
			t.Errorf("%s: control_decoded is %q", s.name, cell)
		}
	}
}

func TestFieldsChooseAndOrder(t *testing.T) {
	fields := []string{"comm", "pid", "ret", "errno", "iov_base", "name_text", "comm_hex", "msg_ptr", "error", "control_decoded", "wall_time"}
	var out []byte
	for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
		p := newPrinter(t, f, fields...)
		p.SetBlock(sentenceBlock(t))
		out = p.Header(out)
		for i := range sentences {
			out = p.Event(out, i)
		}
		out = append(out, '\n')
	}
	golden(t, "fields.txt", out)
}

func TestFieldsReadOnlyTheirColumns(t *testing.T) {
	for _, c := range []struct {
		fields []string
		want   []schema.ColumnID
	}{
		{[]string{"ret", "errno"}, []schema.ColumnID{schema.ColRet}},
		{[]string{"wall_time"}, []schema.ColumnID{schema.ColTimeNS}},
		{[]string{"name_text", "pid"}, []schema.ColumnID{schema.ColPID, schema.ColCall, schema.ColMsgNamelen, schema.ColName}},
		{[]string{}, []schema.ColumnID{}},
	} {
		if got := newPrinter(t, text.JSON, append([]string{}, c.fields...)...).Columns(); len(c.fields) > 0 && !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.fields, got, c.want)
		}
	}
	if got := newPrinter(t, text.JSON).Columns(); len(got) != len(schema.Columns()) {
		t.Errorf("all fields need %d of %d columns", len(got), len(schema.Columns()))
	}
}

// TestLineReadsOnlyTheColumnsItNames empties all others and compares.
func TestLineReadsOnlyTheColumnsItNames(t *testing.T) {
	b, part := sentenceBlock(t), sentenceBlock(t)
	whole, p := newPrinter(t, text.Line), newPrinter(t, text.Line)
	cols := p.Columns()
	for _, c := range schema.Columns() {
		if !slices.Contains(cols, c.ID) {
			part.Cols[c.ID].Reset()
		}
	}
	whole.SetBlock(b)
	p.SetBlock(part)
	for i, s := range sentences {
		if got, want := p.Event(nil, i), whole.Event(nil, i); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", s.name, got, want)
		}
	}
}

func TestUnknownFieldsSuggestTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"com":         `unknown field "com"; did you mean "comm"?`,
		"sockt_inode": `unknown field "sockt_inode"; did you mean "socket_inode"?`,
		"zzzzzzzzzzz": "unknown field \"zzzzzzzzzzz\"; `sendmsgrec schema` lists the fields",
		"":            "unknown field \"\"; `sendmsgrec schema` lists the fields",
		"task_ref":    "",
	} {
		_, err := text.New(text.JSON, text.Options{Fields: []string{name}})
		var unknown *text.UnknownFieldError
		if !errors.As(err, &unknown) {
			t.Errorf("%q: %v", name, err)
		} else if want != "" && err.Error() != want {
			t.Errorf("%q: got %s, want %s", name, err, want)
		}
	}
}

func TestGapsAndDamage(t *testing.T) {
	gaps := []segment.Gap{
		{CPU: 1, FirstSeq: 100, Count: 123, Cause: segment.CauseRingFull, FirstNS: 1_500_000_001, LastNS: 2_000_000_001},
		{CPU: segment.AllCPUs, FirstSeq: -1, Count: 1, Cause: segment.CauseSkippedEntry, FirstNS: 1, LastNS: 2_000_000_001, UpperBound: true},
	}
	damages := []segment.Damage{
		{Offset: 4096, Size: 123, Err: errors.New("bad \x1b[2J\"checksum\""), Events: 17},
		{Offset: 8192, Size: 1, Err: errors.New("cut off"), Events: -1, Tail: true},
		{},
	}
	var out []byte
	for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
		for _, p := range []*text.Printer{newPrinter(t, f), newPrinter(t, f, "pid")} {
			for i := range gaps {
				out = p.Gap(out, &gaps[i])
			}
			for i := range damages {
				out = p.Damage(out, &damages[i])
			}
			out = p.Coverage(out, &segment.Coverage{FromNS: 1, Ways: []segment.Way{{Path: "syscall", ABI: "64", Call: "sendmsg", Hooks: []string{"a"}}}})
		}
	}
	golden(t, "notices.txt", out)
}

// TestTheCacheChangesNothing prints every event from a block of its own, and
// from one with all of them in several orders.
func TestTheCacheChangesNothing(t *testing.T) {
	for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
		shared := newPrinter(t, f)
		shared.SetBlock(sentenceBlock(t))
		for round := range 3 {
			for i := range sentences {
				if round == 1 {
					i = len(sentences) - 1 - i
				}
				alone := newPrinter(t, f)
				alone.SetBlock(newBlock(t, sentences[i].event))
				if got, want := shared.Event(nil, i), alone.Event(nil, 0); !bytes.Equal(got, want) {
					t.Errorf("round %d, %s:\n got %s\nwant %s", round, sentences[i].name, got, want)
				}
			}
		}
	}
}

func TestANewBlockForgetsTheOld(t *testing.T) {
	p := newPrinter(t, text.JSON, "pid", "comm")
	b := newBlock(t, plainEvent)
	p.SetBlock(b)
	p.Event(nil, 0)
	*b = *newBlock(t, plainEvent.with(values{schema.ColPID: 7, schema.ColComm: "other"}))
	p.SetBlock(b)
	if got, want := string(p.Event(nil, 0)), `{"pid":7,"comm":"other"}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPrintingAllocatesNothing(t *testing.T) {
	for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
		p := newPrinter(t, f)
		b := sentenceBlock(t)
		buf := make([]byte, 0, 1<<20)
		n := testing.AllocsPerRun(10, func() {
			p.SetBlock(b)
			buf = buf[:0]
			for i := range sentences {
				if sentences[i].name != "an error without a name" {
					buf = p.Event(buf, i)
				}
			}
		})
		if n > 0 {
			t.Errorf("format %d: %.1f allocations for %d events", f, n, len(sentences))
		}
	}
}
