//go:build interop

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
)

// fleetBrokers is where the page has its brokers.
const fleetBrokers = "localhost:9092,localhost:9093,localhost:9094"

// fleet is the directory in which the commands of docs/fleet.md have run.
type fleet struct {
	t         *testing.T
	dir       string
	addresses string
}

// TestCommandsOfTheFleetPage runs the blocks of docs/fleet.md, in order, as one
// script, and looks at what they have left: recordings of several hosts that
// went through Kafka into a Parquet data set and were counted by Spark.
func TestCommandsOfTheFleetPage(t *testing.T) {
	c := kafkatest.New(t, kafkatest.Options{Brokers: 3})
	f := &fleet{t: t, dir: t.TempDir(), addresses: c.Addresses()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(f.dir, "sendmsgrec")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?ms)^```sh( privileged)?\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if block[1] == "" || os.Geteuid() == 0 {
			script.WriteString(block[2])
		}
	}
	f.run(script.String())
	table, err := os.ReadFile(filepath.Join(f.dir, "model.txt"))
	if err != nil || !strings.Contains(string(page), string(table)) {
		t.Errorf("the page's load model is not what model.py prints (%v):\n%s", err, table)
	}

	t.Run("what was sent twice is landed once", f.duplicates)
	t.Run("what differs from the files is found", f.differences)
	t.Run("the loss of each recording is what its file says", f.losses)
	t.Run("a landing that is killed and run again", f.killedLanding)
}

// run runs shell commands as the page's reader would.
func (f *fleet) run(script string) {
	f.t.Helper()
	if out, err := f.command(script).CombinedOutput(); err != nil {
		f.t.Fatalf("%v:\n%s", err, out)
	}
}

func (f *fleet) command(script string) *exec.Cmd {
	python := os.Getenv("SENDMSGREC_FLEET")
	if python == "" {
		f.t.Fatal("SENDMSGREC_FLEET names no Python environment; run make fleet")
	}
	programs, err := filepath.Abs("../../docs/fleet")
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command("sh", "-e", "-x", "-c", strings.ReplaceAll(script, fleetBrokers, f.addresses))
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "fleet="+programs, "SPARK_LOCAL_IP=127.0.0.1",
		"PATH="+f.dir+":"+filepath.Join(python, "bin")+":"+os.Getenv("PATH"))
	return cmd
}

// read decodes a JSON file that the commands have written.
func (f *fleet) read(name string, v any) {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
}

// landed is what land.py prints.
type landed struct {
	Ranges, Rows, Duplicates, Bytes int64
	CPUSeconds                      float64 `json:"cpu_seconds"`
}

func (f *fleet) duplicates(t *testing.T) {
	var a, b, again landed
	f.read("landed-a.json", &a)
	f.read("landed-b.json", &b)
	f.read("again.json", &again)
	if a.Duplicates+b.Duplicates == 0 {
		t.Error("the killed sender has sent nothing twice: this tests nothing")
	}
	if again.Ranges+again.Rows+again.Duplicates != 0 {
		t.Errorf("a landing with nothing to do has landed %+v", again)
	}
	rows := a.Rows + b.Rows
	t.Logf("%+v, %+v: %d bytes a row, %.0f rows for each second of processor time",
		a, b, (a.Bytes+b.Bytes)/rows, float64(rows)/(a.CPUSeconds+b.CPUSeconds))
}

// differences changes what Spark has said, a little each time: the page's last
// command, which has found no difference, must find that.
func (f *fleet) differences(t *testing.T) {
	for _, change := range []string{
		".lost += 1", ".recordings[0].lost += 1", ".groups[0].count += 1", "del(.groups[0])", ".groups[0].errors.EINVAL += 1",
		".groups[0].duration_ns.p50 *= 1.001", ".groups[0].duration_bounds_ns.p50[0] *= 1.002", "del(.groups[0].duration_bounds_ns)",
	} {
		out, err := f.command("jq '" + change + `' fleet.json > changed.json; jq -s -e -f "$fleet/same.jq" local.json changed.json`).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasSuffix(string(out), "\nfalse\n") {
			t.Errorf("%s: %v:\n%s", change, err, out)
		}
	}
}

// fleetRecording is what the Spark job says of a recording.
type fleetRecording struct {
	RecordingID string           `json:"recording_id"`
	Host        string           `json:"host"`
	Events      int64            `json:"events"`
	Lost        int64            `json:"lost"`
	LostByCause map[string]int64 `json:"lost_by_cause"`
	Undelivered int64            `json:"undelivered"`
	Unknown     bool             `json:"unknown"`
}

func (f *fleet) losses(t *testing.T) {
	var job struct {
		Recordings []fleetRecording
		Groups     []json.RawMessage
	}
	f.read("fleet.json", &job)
	if len(job.Groups) < 5 {
		t.Errorf("only %d programs", len(job.Groups))
	}
	got := map[string]fleetRecording{}
	lost := int64(0)
	for _, r := range job.Recordings {
		got[r.RecordingID] = r
		lost += r.Lost
	}
	if lost == 0 {
		t.Error("nothing was lost: this tests nothing")
	}
	files, err := filepath.Glob(filepath.Join(f.dir, "*.smr"))
	if err != nil || len(files) != len(got) {
		t.Errorf("%d recordings, want those of %v (%v)", len(got), files, err)
	}
	for _, file := range files {
		out, err := f.command("sendmsgrec stats --json " + file).Output()
		if err != nil {
			t.Fatal(err)
		}
		var want fleetRecording
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		r := got[want.RecordingID]
		if r.Host != want.Host || r.Events != want.Events || r.Lost != want.Lost || r.Undelivered != 0 || r.Unknown {
			t.Errorf("%s: %+v, want %+v", file, r, want)
		}
		for cause, n := range r.LostByCause {
			if n != want.LostByCause[cause] {
				t.Errorf("%s: %d lost by %s, want %d", file, n, cause, want.LostByCause[cause])
			}
		}
	}
}

// killedLanding kills a landing when it has written something, and runs it
// again, until one comes to its end.
func (f *fleet) killedLanding(t *testing.T) {
	land := f.command("exec python3 $fleet/land.py --brokers " + fleetBrokers + " --topic calls --schema schema.json --range 10000 killed")
	kills := 0
	for ; ; kills++ {
		cmd := exec.Command(land.Path, land.Args[1:]...)
		cmd.Dir, cmd.Env = land.Dir, land.Env
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		before := f.written("killed")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for kills < 3 && f.written("killed") < before+2 {
			select {
			case err := <-ended:
				t.Fatalf("landing ended too early: %v\n%s", err, out.String())
			case <-time.After(time.Millisecond):
			}
		}
		if kills < 3 {
			_ = cmd.Process.Kill()
			<-ended
			continue
		}
		if err := <-ended; err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		break
	}
	var a, b landed
	f.read("landed-a.json", &a)
	f.read("landed-b.json", &b)
	records, err := filepath.Glob(filepath.Join(f.dir, "killed", "_landed", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	rows, files := int64(0), 0
	for _, path := range records {
		var record struct {
			Rows  int64
			Files []string
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil {
			t.Fatal(err)
		}
		f.read(name, &record)
		rows += record.Rows
		files += len(record.Files)
	}
	if want := a.Rows + b.Rows; rows != want || files != f.written("killed") {
		t.Errorf("%d rows in %d files after %d kills, want %d rows; there are %d files", rows, files, kills, want, f.written("killed"))
	}
}

// written counts the Parquet files of a data set.
func (f *fleet) written(dataset string) int {
	n := 0
	_ = filepath.WalkDir(filepath.Join(f.dir, dataset), func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			n++
		}
		return nil
	})
	return n
}
