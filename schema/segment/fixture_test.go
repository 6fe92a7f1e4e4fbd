package segment

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

var (
	update  = flag.Bool("update", false, "rewrite the readable goldens")
	fixture = flag.String("write-fixture", "", "write a fixture of the current version to this new file")
)

// fixtures are the recordings of all released versions: of format N with
// schema 1 vN.smr, with a later schema M vN-schemaM.smr, and with later segments
// (kind version M) vN-segmentM.smr.
func fixtures(t *testing.T) []string {
	files, err := filepath.Glob("testdata/v*.smr")
	if err != nil || len(files) < schema.Version {
		t.Fatalf("fixtures are %q, %v", files, err)
	}
	return files
}

// TestFixturesReadForever reads a recording of each released version and
// compares it with its golden text. The fixtures are never rewritten: a new
// version adds one (-write-fixture testdata/vN-schemaM.smr).
func TestFixturesReadForever(t *testing.T) {
	if *fixture != "" {
		l := mixedLoad()
		l.batch, l.tasks, l.nulls, l.related, l.watched = 4, 3, true, true, true
		b := record(t, l, 12, 3000, 5).bytes
		f, err := os.OpenFile(*fixture, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range fixtures(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got := dump(t, name)
			golden := strings.TrimSuffix(name, ".smr") + ".golden.txt"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s; run with -update and look at the difference", golden)
			}
		})
	}
}

// TestFixturesHaveEveryEncoding holds that the fixtures are worth their name.
func TestFixturesHaveEveryEncoding(t *testing.T) {
	var all []byte
	for _, name := range fixtures(t) {
		b, err := os.ReadFile(strings.TrimSuffix(name, ".smr") + ".golden.txt")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for _, word := range []string{"all null", "null in bitmap", "relative to", "constant", "values of 1 bytes", "values of 3 bytes",
		"deltas of 0 bytes", "deltas of 2 bytes", "dictionary (", " runs, ", " inline", " in a frame", " plane frames", "gap ", "clock ", "counters ", "end "} {
		if !bytes.Contains(all, []byte(word)) {
			t.Errorf("nothing has %q", word)
		}
	}
}

// dump tells all of a recording in text: of long segments the first rows.
func dump(t *testing.T, name string) []byte {
	r, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	h := r.Header()
	fmt.Fprintf(&out, "format %d, schema %d, recording %s by %s on %s, %d columns\n",
		h.FormatVersion, h.SchemaVersion, h.RecordingID, h.Recorder, h.Host, len(h.Columns))
	list, err := items(r)
	if err != nil {
		t.Fatal(err)
	}
	d := r.NewDecoder()
	for _, item := range list {
		switch v := item.(type) {
		case *Segment:
			fmt.Fprintf(&out, "segment at %d, %d bytes: rows %v, time %d to %d, ranges %v, counters %v\n",
				v.Offset, v.Size, v.TableRows, v.MinTimeNS, v.MaxTimeNS, v.Ranges, *v.Counters)
			if v.statisticsCount > 0 {
				fmt.Fprint(&out, "  statistics:")
				v.eachBounds(func(b columnBounds) { fmt.Fprintf(&out, " %s=%d..%d", schema.ByID(b.id).Name, b.min, b.max) })
				fmt.Fprintf(&out, "; errors %v", v.errors)
				for _, b := range v.byteBounds {
					fmt.Fprintf(&out, "; %s=%x..%x", schema.ByID(b.id).Name, b.Min, b.Max)
				}
				fmt.Fprintln(&out)
			}
			var b Block
			if err := d.ReadBlock(v, nil, &b); err != nil {
				t.Fatal(err)
			}
			for i := range v.columns {
				c := &v.columns[i]
				var chunk colblock.Chunk
				err := chunk.Parse(c.desc, c.rows)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&out, "  column %s: %v, %d bytes\n", schema.ByID(c.id).Name, &chunk, c.size)
			}
			for row := range min(v.Rows, 6) {
				dumpRow(&out, &b, row)
			}
			fmt.Fprintf(&out, "  sums:%s\n", sums(&b))
		case *Gap:
			fmt.Fprintf(&out, "gap %+v\n", *v)
		case *Clock:
			fmt.Fprintf(&out, "clock %+v\n", *v)
		case *Counters:
			fmt.Fprintf(&out, "counters %+v\n", *v)
		case *Coverage:
			out.WriteString(v.String())
		case *End:
			fmt.Fprintf(&out, "end %q, status %d, clock %+v, counters %+v\n", v.Reason, *v.CommandStatus, v.Clock, v.Counters)
		default:
			t.Fatalf("%T: %v", item, item)
		}
	}
	return out.Bytes()
}

func dumpRow(out *bytes.Buffer, b *Block, row int) {
	fmt.Fprintf(out, "  event %d:", row)
	for _, c := range schema.Columns() {
		switch c.Kind {
		case schema.KindInt:
			if v, ok := b.Int(c.ID, row); ok {
				fmt.Fprintf(out, " %s=%d", c.Name, v)
			}
		case schema.KindBytes:
			if v, ok := b.Bytes(c.ID, row); ok {
				fmt.Fprintf(out, " %s=%q", c.Name, v)
			}
		case schema.KindIntList:
			if v, ok := b.List(c.ID, row); ok {
				fmt.Fprintf(out, " %s=%d", c.Name, v)
			}
		}
	}
	fmt.Fprintln(out)
}

// sums adds up each int column over the events, so that the rows that are not
// shown count too. Columns that are null throughout are left out.
func sums(b *Block) string {
	var s strings.Builder
	for _, c := range schema.Columns() {
		sum, values := int64(0), 0
		for row := range b.Rows[schema.TableEvent] {
			if v, ok := b.Int(c.ID, row); ok && c.Kind == schema.KindInt {
				sum += v
				values++
			}
		}
		if values > 0 {
			fmt.Fprintf(&s, " %s=%d", c.Name, sum)
		}
	}
	return s.String()
}
