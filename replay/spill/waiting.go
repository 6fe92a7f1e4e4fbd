package spill

import (
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
)

// waiting tells how long segments wait from being written to the sink's
// acknowledgement.
type waiting struct {
	marks []mark // not acknowledged, oldest first: as many as the spill has segments
	times pace.Lateness
}

type mark struct {
	key, rows int64
	written   time.Time
}

func (w *waiting) acknowledged(p deliver.Position, now time.Time) {
	n := 0
	for n < len(w.marks) && behind(p, w.marks[n].key, w.marks[n].rows) {
		w.times.Add(int64(now.Sub(w.marks[n].written)))
		n++
	}
	w.marks = append(w.marks[:0], w.marks[n:]...)
}

func (w *waiting) lag(now time.Time) time.Duration {
	if len(w.marks) == 0 {
		return 0
	}
	return now.Sub(w.marks[0].written)
}

// Waited tells how long segments that the sink has acknowledged were in the
// spill.
func (d *Dir) Waited() pace.Lateness {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting.times
}
