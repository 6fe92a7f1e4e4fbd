//go:build privileged

package e2e_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// TestWhatCatPrintsIsWhatIsThere compares every key of cat --json that is a
// column with that column of the file, for all scripted cases.
func TestWhatCatPrintsIsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.smr")
	must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", workload, "cases")
	events := map[[2]int64]event{}
	for _, e := range readEvents(t, path) {
		events[[2]int64{e.cpu, e.seq}] = e
	}
	objects := catJSON(t, path)
	if len(objects) != len(events) {
		t.Errorf("%d lines, %d events", len(objects), len(events))
	}
	for _, o := range objects {
		cpu, _ := o["cpu"].(json.Number).Int64()
		seq, _ := o["seq"].(json.Number).Int64()
		e, ok := events[[2]int64{cpu, seq}]
		if !ok {
			t.Fatalf("no event %d of CPU %d", seq, cpu)
		}
		for _, c := range schema.Columns() {
			if got, want := fmt.Sprint(o[c.Name]), expectJSON(&e, c); got != want {
				t.Errorf("event %d of CPU %d: %s is printed as %s, recorded is %s", seq, cpu, c.Name, got, want)
			}
		}
	}
}

// catJSON returns the events that cat --json prints, numbers as they stand.
func catJSON(t *testing.T, path string) []map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(must(t, 0, sendmsgrec, "cat", "--json", path).stdout))
	d.UseNumber()
	var objects []map[string]any
	for d.More() {
		var o map[string]any
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		if o["kind"] == "event" {
			objects = append(objects, o)
		}
	}
	return objects
}

// expectJSON is the value of a column as fmt prints what JSON should hold.
func expectJSON(e *event, c *schema.Column) string {
	switch c.Kind {
	case schema.KindInt:
		if v, ok := e.int(c.ID); ok {
			return fmt.Sprint(v)
		}
	case schema.KindBytes:
		if v, ok := e.bytes[c.ID]; ok {
			if c.Type == schema.TypeString {
				text, _, _ := strings.Cut(string(v), "\x00")
				return text
			}
			return hex.EncodeToString(v)
		}
	case schema.KindIntList:
		if v, ok := e.lists[c.ID]; ok {
			return fmt.Sprint(v)
		}
	}
	return "<nil>"
}
