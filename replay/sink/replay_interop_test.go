//go:build interop

package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// generate returns a recording.
func generate(t testing.TB, o gen.Options) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, o); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// replaying is a replay of a recording to a URL.
type replaying struct {
	to       string
	security sink.Security
	options  play.Options // Inputs are set by run
}

// run replays, as the command does.
func (r replaying) run(t testing.TB, recording []byte) (play.Report, error) {
	t.Helper()
	reader, err := segment.NewReader(bytes.NewReader(recording), int64(len(recording)))
	if err != nil {
		t.Fatal(err)
	}
	directory, err := order.Scan(reader)
	if err != nil {
		t.Fatal(err)
	}
	target, err := sink.Parse(r.to)
	if err != nil {
		return play.Report{}, err
	}
	ctx := context.Background()
	s, err := sink.Open(ctx, target, &sink.Options{Security: r.security, Recorder: "test"})
	if err != nil {
		return play.Report{}, err
	}
	o := r.options
	if o.Pace.RateHz == 0 && o.Pace.Speed == 0 {
		o.Pace.Unpaced = true
	}
	if o.Deliver.Retry.Attempts == 0 {
		o.Deliver.Retry = deliver.Retry{Attempts: 20, First: 50 * time.Millisecond, Most: time.Second}
	}
	if o.Deliver.Failed == nil {
		o.Deliver.Failed = func(err *sink.Error, attempt int, _ time.Duration) { t.Logf("attempt %d: %v", attempt, err) }
	}
	o.Inputs = []play.Input{{Input: order.Input{Reader: reader, Directory: directory}, Name: "test.smr"}}
	p, err := play.New(s.Traits(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(ctx, s)
	if cerr := s.Close(ctx); err == nil {
		err = cerr
	}
	return p.Report(), err
}

// expected returns the lines of the recording by event id.
func expected(t testing.TB, recording []byte) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "expected.jsonl")
	if _, err := (replaying{to: "file:" + path, options: play.Options{IDs: true}}).run(t, recording); err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.Lines(readFile(t, path)) {
		line = strings.TrimSuffix(line, "\n")
		var object struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		lines[object.ID] = line
	}
	return lines
}

// paced returns the options of a replay with so many events a second.
func paced(rateHz float64) play.Options {
	return play.Options{IDs: true, Pace: pace.Options{RateHz: rateHz}}
}
