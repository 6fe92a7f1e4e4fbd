//go:build interop

package sink_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
)

// TestCommandsOfTheReplayPage runs the blocks of docs/replay.md that need
// servers, with the servers of the other tests, and looks at what has arrived.
func TestCommandsOfTheReplayPage(t *testing.T) {
	page := readFile(t, "../../docs/replay.md")
	dir := t.TempDir()
	program := filepath.Join(dir, "sendmsgrec")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/sendmsgrec").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	recording := generate(t, gen.Options{Events: 1000, Seed: 1, SegmentEvents: 256, CPUs: 2, GapEvery: 3})
	if err := os.WriteFile(filepath.Join(dir, "trace.smr"), recording, 0o600); err != nil {
		t.Fatal(err)
	}
	want := expected(t, recording)
	run := func(t *testing.T, language string, addresses *strings.Replacer) {
		blocks := regexp.MustCompile("(?ms)^```sh "+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1)
		if len(blocks) == 0 {
			t.Fatalf("no block is marked %s", language)
		}
		for _, block := range blocks {
			cmd := exec.Command("sh", "-e", "-c", addresses.Replace(block[1]))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s%v: %s", block[1], err, out)
			}
		}
	}
	t.Run("Kafka", func(t *testing.T) {
		c := kafkatest.New(t, kafkatest.Options{})
		run(t, "kafka", strings.NewReplacer("localhost:9092", c.Addresses()))
		requireAll(t, want, kafkatest.Consume(t, c.Addresses(), "calls"))
	})
	t.Run("ClickHouse", func(t *testing.T) {
		address := startClickHouse(t)
		run(t, "clickhouse", strings.NewReplacer("//localhost", "//"+address))
		if got := row(t, address, "SELECT count() FROM recordings.calls"); got != "1000" {
			t.Errorf("%s events", got)
		}
		requireStatistics(t, address, "recordings.calls", recording)
	})
	t.Run("OTLP", func(t *testing.T) {
		c := startCollector(t)
		run(t, "otlp", strings.NewReplacer("//localhost?", "//"+c.http+"?", "//localhost", "//"+c.grpc))
		if twice := requireSpans(t, want, c.end()); twice != len(want) {
			t.Errorf("%d records came twice; two commands send them", twice)
		}
	})
}
