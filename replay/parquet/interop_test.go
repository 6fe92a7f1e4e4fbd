//go:build interop

package parquet

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
)

// TestDuckDBAndPyarrowAgreeWithStats needs Python; testdata/interop.sh installs
// the rest. `make interop` runs it.
func TestDuckDBAndPyarrowAgreeWithStats(t *testing.T) {
	out, err := exec.Command("testdata/interop.sh").Output()
	if err != nil {
		t.Fatalf("make the Python environment: %v", err)
	}
	python := strings.TrimSpace(string(out))
	for _, c := range []struct {
		name string
		o    gen.Options
		p    Options
	}{
		{"the mix with gaps", gen.Options{Events: 300_000, GapEvery: 3}, Options{}},
		{"many small row groups", gen.Options{Events: 20_000, SegmentEvents: 900, Seed: 5}, Options{RowGroupEvents: 2000}},
		{"a uniform load", gen.Options{Events: 50_000, Uniform: true}, Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			recording := record(t, c.o)
			dir := t.TempDir()
			data, result := convert(t, recording, c.p)
			file, expected := filepath.Join(dir, "x.parquet"), filepath.Join(dir, "expected.json")
			write(t, file, data)
			write(t, expected, expectedJSON(t, recording, data, result))
			output, err := exec.Command(python, "testdata/interop.py", file, expected).CombinedOutput()
			t.Logf("%s", output)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// expectedJSON is what stats says in JSON, with what else is checked.
func expectedJSON(t *testing.T, recording, data []byte, result *Result) []byte {
	t.Helper()
	by, err := stats.ParseFields([]string{"comm", "remote_port"})
	if err != nil {
		t.Fatal(err)
	}
	counter := stats.New(stats.Options{By: by})
	if err := counter.Add(stats.Input{Reader: open(t, recording)}); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := counter.Result().WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var expected map[string]any
	decoder := json.NewDecoder(&text)
	decoder.UseNumber()
	if err := decoder.Decode(&expected); err != nil {
		t.Fatal(err)
	}
	f := parquetFile(t, data)
	var times []int64
	for _, group := range f.RowGroups() {
		times = append(times, ints(t, f, group, "time_ns")...)
	}
	expected["times"] = []int64{slices.Min(times), slices.Max(times)}
	expected["row_groups"] = result.RowGroups
	b, err := json.Marshal(expected)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
