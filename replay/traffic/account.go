package traffic

import (
	"sync"

	"github.com/sendmsgrec/sendmsgrec/replay/stats"
)

// result is what became of a message.
type result struct {
	rule          int
	errno         int // 0: sent
	bytes         int64
	recordedBytes int64
	recordedNS    int64
	replayedNS    int64
	lateNS        int64
	end           int64 // of the run's clock
}

// Tally is the account of the messages of a mapping, or of all.
type Tally struct {
	Sent, Failed int64
	// Bytes were sent; RecordedBytes were sent by the same calls when they were
	// recorded.
	Bytes, RecordedBytes int64
	// Errors are the failed messages by error number.
	Errors map[int]int64
	// Recorded and Replayed are how long the calls of the messages took that
	// were sent.
	Recorded, Replayed stats.Durations
}

func (t *Tally) add(r *result) {
	if r.errno != 0 {
		t.Failed++
		if t.Errors == nil {
			t.Errors = map[int]int64{}
		}
		t.Errors[r.errno]++
		return
	}
	t.Sent++
	t.Bytes += r.bytes
	t.RecordedBytes += r.recordedBytes
	t.Recorded.Add(r.recordedNS)
	t.Replayed.Add(r.replayedNS)
}

// account is the account of a run. Threads bring their results from time to
// time.
type account struct {
	mu       sync.Mutex
	all      Tally
	rules    []Tally
	lateness stats.Durations
	paced    bool
	last     int64 // when the last call returned
	closed   bool  // calls that return now were given up
	// controls counts the control messages that were left out, by name.
	controls map[string]int64
}

func (a *account) add(results []result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	for i := range results {
		r := &results[i]
		a.all.add(r)
		a.rules[r.rule].add(r)
		a.last = max(a.last, r.end)
		if a.paced {
			a.lateness.Add(r.lateNS)
		}
	}
}

// close ends the account.
func (a *account) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
}
