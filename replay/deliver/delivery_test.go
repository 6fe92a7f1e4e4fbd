package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// script is a sink whose Send is the test's.
type script struct {
	traits sink.Traits
	send   func(b *sink.Batch, ack func(error))
}

func (s *script) Send(_ context.Context, b *sink.Batch, ack func(error)) { s.send(b, ack) }
func (s *script) Close(context.Context) error                            { return nil }
func (s *script) Traits() sink.Traits                                    { return s.traits }

// answers makes a sink that notes the records of every attempt ("0 1 2") and
// answers with the next of the errors, then with nil.
func answers(errs ...error) (*script, *[]string) {
	var got []string
	s := &script{traits: sink.Traits{Bytes: true}}
	s.send = func(b *sink.Batch, ack func(error)) {
		got = append(got, strings.Join(strings.Fields(string(b.Data)), " "))
		var err error
		if len(errs) > 0 {
			err, errs = errs[0], errs[1:]
		}
		ack(err)
	}
	return s, &got
}

// fill puts the numbers from..to-1 into a batch.
func fill(d *deliver.Delivery, from, to int) *deliver.Batch {
	b := d.Batch()
	for i := from; i < to; i++ {
		b.Data = fmt.Appendf(b.Data, "%d\n", i)
		b.Records = append(b.Records, sink.Record{ID: sink.ID{Seq: int64(i)}, Row: -1, End: len(b.Data)})
	}
	b.Count, b.Events = to-from, to-from
	b.End = deliver.Position{Records: int64(to)}
	return b
}

var errDown = &sink.Error{Err: errors.New("down"), Temporary: true}

func TestAFailureIsTriedAgainFromWhereItIsKnownToHaveArrived(t *testing.T) {
	for _, c := range []struct {
		name     string
		errs     []error
		want     string
		fails    string
		attempts int
		counts   deliver.Counts
	}{
		{name: "nothing fails", want: "0 1 2 3", counts: deliver.Counts{Put: 4, Acknowledged: 4, Events: 4, Bytes: 8, Batches: 1}},
		{name: "it fails twice", errs: []error{errDown, errDown}, want: "0 1 2 3|0 1 2 3|0 1 2 3",
			counts: deliver.Counts{Put: 4, Acknowledged: 4, Events: 4, Bytes: 8, Batches: 1, Retries: 2, Resent: 8}},
		{name: "a part has arrived", errs: []error{&sink.Error{Err: errors.New("cut"), Temporary: true, Acknowledged: 3}}, want: "0 1 2 3|3",
			counts: deliver.Counts{Put: 4, Acknowledged: 4, Events: 4, Bytes: 8, Batches: 1, Retries: 1, Resent: 1}},
		{name: "nothing has left", errs: []error{&sink.Error{Err: errors.New("no way"), Temporary: true, Unsent: true}}, want: "0 1 2 3|0 1 2 3",
			counts: deliver.Counts{Put: 4, Acknowledged: 4, Events: 4, Bytes: 8, Batches: 1, Retries: 1}},
		{name: "it fails for ever", errs: []error{errDown, errDown, errDown, errDown}, attempts: 3, want: "0 1 2 3|0 1 2 3|0 1 2 3",
			fails: "gave up after 3 attempts: down", counts: deliver.Counts{Put: 4, Retries: 2, Resent: 8}},
		{name: "it fails for good", errs: []error{errors.New("no")}, want: "0 1 2 3", fails: "no", counts: deliver.Counts{Put: 4}},
		{name: "one record is refused", errs: []error{&sink.Error{Refused: []sink.Refusal{{Index: 2, Reason: "ugly"}}}}, want: "0 1 2 3",
			counts: deliver.Counts{Put: 4, Acknowledged: 3, Events: 3, Bytes: 6, Refused: 1, RefusedEvents: 1, Batches: 1}},
		{name: "one record is refused, and it is not said which", want: "0 1 2 3|0 1|2 3|2|3",
			errs:   []error{&sink.Error{Err: errors.New("ugly"), AllRefused: true}, nil, &sink.Error{Err: errors.New("ugly"), AllRefused: true}, &sink.Error{Err: errors.New("ugly"), AllRefused: true}},
			counts: deliver.Counts{Put: 4, Acknowledged: 3, Events: 3, Bytes: 6, Refused: 1, RefusedEvents: 1, Batches: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, got := answers(c.errs...)
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			dead, err := deliver.OpenDeadLetter(path)
			if err != nil {
				t.Fatal(err)
			}
			o := deliver.Options{Clock: &pace.Virtual{}, DeadLetter: dead, Retry: deliver.Retry{Attempts: c.attempts}}
			d := deliver.New(t.Context(), s, deliver.Position{}, o)
			if _, err := d.Put(t.Context(), fill(d, 0, 4)); err != nil {
				t.Fatal(err)
			}
			err = d.Close()
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || err.Error() != c.fails) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
			if sent := strings.Join(*got, "|"); sent != c.want {
				t.Errorf("sent %q, want %q", sent, c.want)
			}
			counts := d.Counts()
			counts.BlockedNS = 0
			if counts != c.counts {
				t.Errorf("counts %+v\nwant   %+v", counts, c.counts)
			}
			if err := dead.Close(); err != nil {
				t.Fatal(err)
			}
			letters, err := os.ReadFile(path)
			want := ""
			switch {
			case c.counts.Refused == 0:
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("nothing was refused, and reading the dead letters: %v", err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				want = `{"kind":"refused","id":"00000000-0000-0000-0000-000000000000-0-2","reason":"ugly","record":2}` + "\n"
			}
			if string(letters) != want {
				t.Errorf("dead letters %q, want %q", letters, want)
			}
		})
	}
}

func TestAnOldDeadLetterFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dead, err := deliver.OpenDeadLetter(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// What is due is with the sink when Put returns, without the sender. A failure in
// between is made good by the sender before anything else is sent, and everything
// is settled in the end.
func TestPutSendsWhatIsDue(t *testing.T) {
	const n, bad = 3000, 700
	s, got := answers(append(make([]error, bad), errDown)...)
	last := int64(0)
	o := deliver.Options{Clock: &pace.Virtual{}, Acknowledged: func(p deliver.Position) error {
		if p.Records <= last {
			t.Errorf("position %d after %d", p.Records, last)
		}
		last = p.Records
		return nil
	}}
	d := deliver.New(t.Context(), s, deliver.Position{}, o)
	for i := range n {
		b := fill(d, i, i+1)
		b.Dues = append(b.Dues, o.Clock.Now())
		if _, err := d.Put(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if i < bad && len(*got) != i+1 {
			t.Fatalf("%d batches are with the sink after %d", len(*got), i+1)
		}
		if i%1000 == 999 {
			d.Settle()
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	sent := strings.Fields(strings.Join(*got, " "))
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint(i))
		if i == bad {
			want = append(want, fmt.Sprint(i))
		}
	}
	if !slices.Equal(sent, want) {
		t.Errorf("%d records were sent, not as they came with record %d twice", len(sent), bad)
	}
	c := d.Counts()
	if lateness := d.Lateness(); c.Acknowledged != n || c.Put != n || c.Resent != 1 || last != n || lateness.Count() != n {
		t.Errorf("acknowledged up to %d, %d late or not; %+v", last, lateness.Count(), c)
	}
}

// A server that took a batch is tried again after a failure that would have been
// final before: for as long as events are recorded, and where they are only
// replayed not.
func TestAFaithfulDeliveryOutlastsFinalFailures(t *testing.T) {
	final := errors.New("no such host")
	for _, c := range []struct {
		name       string
		faithful   bool
		reconnects bool
		errs       []error
		want       string // acknowledged, or the error
	}{
		{"after a batch", true, true, []error{nil, final, final}, "8"},
		{"at the start", true, true, []error{final}, "no such host"},
		{"a replay", false, true, []error{nil, final}, "no such host"},
		{"a sink that ends with its stream", true, false, []error{nil, final}, "no such host"},
		{"for as many attempts as are given", true, true, []error{nil, final, final, final}, "gave up after 3 attempts: no such host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := answers(c.errs...)
			s.traits.Reconnects = c.reconnects
			o := deliver.Options{Clock: &pace.Virtual{}, Retry: deliver.Retry{Faithful: c.faithful, Attempts: 3}}
			d := deliver.New(t.Context(), s, deliver.Position{}, o)
			for i := range 2 {
				if _, err := d.Put(t.Context(), fill(d, 4*i, 4*i+4)); err != nil {
					break // Close says it too
				}
				for c.errs[0] == nil && d.Counts().Batches == 0 {
					runtime.Gosched() // or the two go together
				}
			}
			err := d.Close()
			got := fmt.Sprint(d.Counts().Acknowledged)
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestARefusalWithoutADeadLetterFileEndsTheDelivery(t *testing.T) {
	s, _ := answers(&sink.Error{Refused: []sink.Refusal{{Index: 1, Reason: "ugly"}}})
	d := deliver.New(t.Context(), s, deliver.Position{}, deliver.Options{})
	if _, err := d.Put(t.Context(), fill(d, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err == nil || !strings.Contains(err.Error(), "ugly") || !strings.Contains(err.Error(), "--dead-letter") {
		t.Errorf("error %v", err)
	}
}

// held is a sink that keeps its batches until the test answers.
type held struct {
	mu   sync.Mutex
	acks []func(error)
	sent []string
	more chan struct{}
}

func (h *held) sink(inFlight int) *script {
	h.more = make(chan struct{}, 100)
	s := &script{traits: sink.Traits{Bytes: true, InFlight: inFlight}}
	s.send = func(b *sink.Batch, ack func(error)) {
		h.mu.Lock()
		h.acks = append(h.acks, ack)
		h.sent = append(h.sent, strings.Join(strings.Fields(string(b.Data)), " "))
		h.mu.Unlock()
		h.more <- struct{}{}
	}
	return s
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		policy  deliver.Policy
		sent    string
		dropped int64
	}{
		{deliver.Block, "0 1|2 3 4 5|6 7", 0},
		{deliver.Drop, "0 1|2 3 4 5", 2},
		{deliver.Skew, "0 1|2 3 4 5|6 7", 0},
	} {
		t.Run(deliver.PolicyNames()[c.policy], func(t *testing.T) {
			h := &held{}
			d := deliver.New(t.Context(), h.sink(1), deliver.Position{}, deliver.Options{Policy: c.policy, MaxRecords: 4})
			put := func(from, to int) int64 {
				t.Helper()
				waited, err := d.Put(t.Context(), fill(d, from, to))
				if err != nil {
					t.Fatal(err)
				}
				return waited
			}
			put(0, 2)
			<-h.more // with the sink
			put(2, 4)
			put(4, 6) // the pending batch is full
			release := time.AfterFunc(10*time.Millisecond, func() { h.acks[0](nil) })
			waited := put(6, 8)
			if (waited > 0) != (c.policy != deliver.Drop) {
				t.Errorf("waited %d ns", waited)
			}
			release.Stop()
			if c.policy == deliver.Drop {
				h.acks[0](nil)
			}
			for i := 1; i < strings.Count(c.sent, "|")+1; i++ {
				<-h.more
				h.acks[i](nil)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.sent, "|"); got != c.sent {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
			if n := d.Counts(); n.Dropped != c.dropped || n.Put != n.Acknowledged+n.Dropped || (n.BlockedNS > 0) != (waited > 0) {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestThePositionMovesOverNoHole(t *testing.T) {
	h := &held{}
	var positions []int64
	o := deliver.Options{Clock: &pace.Virtual{}, MaxRecords: 2, Acknowledged: func(p deliver.Position) error {
		positions = append(positions, p.Records)
		return nil
	}}
	d := deliver.New(t.Context(), h.sink(3), deliver.Position{}, o)
	for i := range 3 {
		if _, err := d.Put(t.Context(), fill(d, 2*i, 2*i+2)); err != nil {
			t.Fatal(err)
		}
		<-h.more
	}
	h.acks[2](nil)
	h.acks[1](errDown)
	if len(positions) != 0 {
		t.Errorf("positions %v before the first batch", positions)
	}
	h.acks[0](nil)
	<-h.more // the second batch again, behind the third
	h.acks[3](nil)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(positions, h.sent); got != "[2 4 6] [0 1 2 3 4 5 2 3]" {
		t.Errorf("%s", got)
	}
}

func TestWhatASinkHasLostIsTakenBack(t *testing.T) {
	s, got := answers(nil, nil, &sink.Error{Err: errors.New("reset"), Temporary: true, Repeats: 3})
	var positions []int64
	o := deliver.Options{Clock: &pace.Virtual{}, MaxRecords: 2, Acknowledged: func(p deliver.Position) error {
		positions = append(positions, p.Records)
		return nil
	}}
	d := deliver.New(t.Context(), s, deliver.Position{}, o)
	for i := range 3 {
		if _, err := d.Put(t.Context(), fill(d, 2*i, 2*i+2)); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); i < 2 && d.Counts().Batches <= int64(i) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// Two batches hold the three records; the checkpoint goes back to the start
	// while the sink is away.
	if text := fmt.Sprint(positions, *got); text != "[2 4 0 6] [0 1 2 3 4 5 4 5]" {
		t.Errorf("%s", text)
	}
	if c := d.Counts(); c.Acknowledged != 6 || c.Resent != 5 {
		t.Errorf("%+v", c)
	}
}

func TestAnEndedContextEndsTheDelivery(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	h := &held{}
	d := deliver.New(ctx, h.sink(1), deliver.Position{}, deliver.Options{})
	if _, err := d.Put(ctx, fill(d, 0, 2)); err != nil {
		t.Fatal(err)
	}
	<-h.more
	why := errors.New("enough")
	cancel(why)
	if err := d.Close(); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}
