package segment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStockTools asks the tools that the format promises to please.
func TestStockTools(t *testing.T) {
	rec := record(t, mixedLoad(), 3000, 200)
	whole := filepath.Join(t.TempDir(), "whole.smr")
	if err := os.WriteFile(whole, rec.bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "crashed.smr")
	if err := os.WriteFile(crashed, rec.bytes[:rec.offsets[1]], 0o600); err != nil {
		t.Fatal(err)
	}
	flipped := filepath.Join(t.TempDir(), "flipped.smr")
	b := append([]byte{}, rec.bytes...)
	b[rec.offsets[0]+rec.sizes[0]-2]++ // in the last frame's content checksum
	if err := os.WriteFile(flipped, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		ok   bool
		says string
	}{
		{"zstd accepts a recording", []string{"zstd", "-t", whole}, true, ""},
		{"zstd accepts the complete segments that a crash left", []string{"zstd", "-t", crashed}, true, ""},
		{"zstd refuses a flipped byte of a column", []string{"zstd", "-t", flipped}, false, ""},
		{"file names it", []string{"file", whole}, true, "Zstandard compressed data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.args[0]); err != nil {
				t.Skipf("%s is not installed", c.args[0])
			}
			out, err := exec.Command(c.args[0], c.args[1:]...).CombinedOutput()
			if (err == nil) != c.ok || !strings.Contains(string(out), c.says) {
				t.Errorf("%v: %v\n%s", c.args, err, out)
			}
		})
	}
}

// TestIndependentReader reads the fixtures with a second implementation, which
// was written from docs/format.md alone: the document says all that is needed.
func TestIndependentReader(t *testing.T) {
	for _, tool := range []string{"python3", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	for _, name := range fixtures(t) {
		t.Run(filepath.Base(name), func(t *testing.T) { compareIndependent(t, name) })
	}
}

func compareIndependent(t *testing.T, name string) {
	cmd := exec.Command("python3", "testdata/independent.py", name)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	golden, err := os.ReadFile(strings.TrimSuffix(name, ".smr") + ".golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	coverage := false
	for line := range strings.Lines(string(golden)) {
		// A coverage goes up to its line on unexplained sends.
		coverage = coverage || strings.HasPrefix(line, "coverage ")
		if coverage || strings.HasPrefix(line, "  sums:") || strings.HasPrefix(line, "  statistics:") {
			want.WriteString(line)
		}
		coverage = coverage && !strings.HasPrefix(line, "  unexplained sends:")
	}
	if string(got) != want.String() {
		t.Errorf("got\n%swant\n%s", got, want.String())
	}
}
