package play_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// input returns a generated recording.
func input(t testing.TB, o gen.Options) play.Input {
	t.Helper()
	var b bytes.Buffer
	if _, err := gen.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		t.Fatal(err)
	}
	return play.Input{Name: "generated", Input: order.Input{Reader: r, Directory: d}}
}

// unpaced is a replay of few small records whose waits take no time.
func unpaced(in play.Input) play.Options {
	o := play.Options{Inputs: []play.Input{in}, IDs: true, Fields: []string{"cpu", "seq"}}
	o.Pace.Unpaced = true
	o.Deliver.Clock = &pace.Virtual{}
	o.Deliver.MaxRecords = 100
	o.Deliver.Retry.Attempts = 4
	return o
}

// run replays to a URL, as the command does.
func run(t testing.TB, url string, so sink.Options, o play.Options) (play.Report, error) {
	t.Helper()
	ctx := context.Background()
	target, err := sink.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sink.Open(ctx, target, &so)
	if err != nil {
		return play.Report{}, err
	}
	p, err := play.New(s.Traits(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(ctx, s)
	if cerr := s.Close(ctx); err == nil && cerr != nil {
		err = cerr
		if derr := p.Doubt(sink.AsError(cerr).Repeats); derr != nil {
			t.Error(derr)
		}
	}
	return p.Report(), err
}

// ids are the event ids in what a receiver got: of whole lines only.
type ids struct {
	mu    sync.Mutex
	times map[string]int
}

func (r *ids) read(in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var record struct{ ID string }
		if json.Unmarshal(line, &record) == nil && record.ID != "" {
			r.mu.Lock()
			if r.times == nil {
				r.times = map[string]int{}
			}
			r.times[record.ID]++
			r.mu.Unlock()
		}
	}
}

func (r *ids) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.times)
}

// acknowledger is a sink of the test's own.
type acknowledger struct {
	traits sink.Traits
	send   func(b *sink.Batch) error
}

func (a *acknowledger) Send(_ context.Context, b *sink.Batch, ack func(error)) { ack(a.send(b)) }
func (a *acknowledger) Close(context.Context) error                            { return nil }
func (a *acknowledger) Traits() sink.Traits                                    { return a.traits }
