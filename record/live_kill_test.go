package record

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// What makes this test's program a recorder that another one kills.
const (
	liveChildSpill = "SENDMSGREC_LIVE_CHILD_SPILL"
	liveChildURL   = "SENDMSGREC_LIVE_CHILD_URL"
)

// liveChild records and sends for a long time.
func liveChild(path, url string) {
	dir, err := spill.Open(path)
	if err != nil {
		panic(err)
	}
	s := busy(30_000, 2*time.Millisecond)
	h := &segment.Header{}
	r, err := New(s, nil, h, Options{SegmentEvents: 100, Clock: s.clock, Spill: spill.NewWriter(dir, 400_000, deliver.Position{})})
	if err != nil {
		panic(err)
	}
	s.ended = func() { r.Stop("script-end") }
	go func() {
		_, err := sendTo(context.Background(), &testing.T{}, dir, url, h)
		panic(err)
	}()
	_, err = r.Run()
	panic(err)
}

// TestAKilledRecorderLosesNothingThatWasInItsSpill kills a recorder with
// SIGKILL while its sink takes requests, at another number of them each time.
func TestAKilledRecorderLosesNothingThatWasInItsSpill(t *testing.T) {
	for _, requests := range []int{1, 2, 4, 8} {
		path := filepath.Join(t.TempDir(), "spill")
		url, got := startSink(t, "http", sinkBehaviour{wait: 5 * time.Millisecond})
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), liveChildSpill+"="+path, liveChildURL+"="+url)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for taken := 0; taken < requests; time.Sleep(time.Millisecond) {
			got.mu.Lock()
			taken = len(got.requests)
			got.mu.Unlock()
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil {
			t.Error("the recorder ended by itself")
		}
		got.stop() // nothing of the dead one is still being read
		last := map[eventID]bool{}
		for _, id := range got.requests[len(got.requests)-1] {
			last[id] = true
		}
		dir := openSpill(t, path)
		checkpoint, err := dir.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		backlog, err := dir.Backlog(checkpoint.Position)
		if err != nil {
			t.Fatal(err)
		}
		dir.End()
		url, rest := startSink(t, "http", sinkBehaviour{})
		counts, err := sendTo(t.Context(), t, dir, url, nil)
		if err != nil {
			t.Error(err)
		}
		rest.stop()
		if counts.Events != backlog.Events {
			t.Errorf("%d events were sent, %d were left", counts.Events, backlog.Events)
		}
		for id, n := range rest.events {
			got.events[id] += n
		}
		maps.Copy(got.gaps, rest.gaps)
		checkKilled(t, got, last)
		if err := dir.Clear(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(path); err != nil || len(left) > 0 {
			t.Errorf("left in the spill: %v %v", left, err)
		}
	}
}

// checkKilled finds holes that no gap explains, and duplicates of events that
// were not in the last request before the kill.
func checkKilled(t *testing.T, got *received, last map[eventID]bool) {
	t.Helper()
	numbers := map[int]map[int64]bool{0: {}, 1: {}}
	end := map[int]int64{}
	note := func(cpu int, seq int64) {
		numbers[cpu][seq] = true
		end[cpu] = max(end[cpu], seq+1)
	}
	twice, wrong := 0, 0
	for id, n := range got.events {
		note(id.cpu, id.seq)
		if n > 2 || n == 2 && !last[id] {
			wrong++
		}
		if n > 1 {
			twice++
		}
	}
	for _, g := range got.gaps {
		for i := int64(0); g.FirstSeq != nil && i < g.Count; i++ {
			note(g.CPU, *g.FirstSeq+i)
		}
	}
	if wrong > 0 {
		t.Errorf("%d events arrived twice, and were not in the request that the kill cut", wrong)
	}
	for cpu, n := range end {
		if int64(len(numbers[cpu])) != n {
			t.Errorf("CPU %d: %d of %d numbers arrived", cpu, len(numbers[cpu]), n)
		}
	}
	t.Logf("%d events, %d of the last request of %d twice", len(got.events), twice, len(last))
}
