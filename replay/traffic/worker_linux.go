package traffic

import (
	"context"
	"sync"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// worker is a recorded thread: it makes its calls one after the other.
type worker struct {
	run  *runner
	left int64 // messages to be done
	wake chan struct{}

	mu      sync.Mutex
	queue   []*job
	results []result // not yet in the account

	headers headers
}

// maxResults is how many results a thread keeps before it takes the account's
// lock.
const maxResults = 256

// give hands a job to the thread.
func (w *worker) give(j *job) {
	w.mu.Lock()
	w.queue = append(w.queue, j)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns the next job, nil when ctx has ended.
func (w *worker) take(ctx context.Context) *job {
	for {
		w.mu.Lock()
		if len(w.queue) > 0 {
			j := w.queue[0]
			w.queue = w.queue[1:]
			w.mu.Unlock()
			return j
		}
		w.mu.Unlock()
		select {
		case <-w.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *worker) loop(ctx context.Context) {
	defer w.run.ended(w)
	// Not released: the thread ends with its recorded one, so that another one
	// is another thread.
	pace.OwnThread()
	for w.left > 0 {
		j := w.take(ctx)
		if j == nil || j.due > 0 && w.run.clock.WaitUntil(ctx, j.due) != nil || ctx.Err() != nil {
			break
		}
		w.do(j)
		n := int64(len(j.messages))
		if j.socket.left.Add(-n) == 0 && j.socket.errno == 0 {
			w.run.drainer.retire(j.socket)
		}
		w.left -= n
		w.run.free <- j
	}
}

// do makes the job's call.
func (w *worker) do(j *job) {
	start := w.run.clock.Now()
	if j.socket.errno != 0 {
		for i := range j.messages {
			w.note(j, i, -1, j.socket.errno, start, start)
		}
		return
	}
	w.headers.fill(j, w.run.payload)
	h := w.headers.messages
	switch j.number {
	case schema.CallSendto:
		m := &j.messages[0]
		n, errno := sendto(j.socket.fd, w.run.payload[:m.bytes], j.flags, m.to)
		w.note(j, 0, n, errno, start, w.run.clock.Now())
	case schema.CallSendmmsg:
		w.doMany(j, h, start)
	default:
		n, errno := sendmsg(j.socket.fd, &h[0].Msghdr, j.flags)
		w.note(j, 0, n, errno, start, w.run.clock.Now())
	}
}

// doMany makes a sendmmsg. It ends before a message that fails, and tells why
// only when that is its first: such a message is left out, the call made again
// for the rest.
func (w *worker) doMany(j *job, h []mmsghdr, start int64) {
	for i := 0; i < len(h); {
		n, errno := sendmmsg(j.socket.fd, h[i:], j.flags)
		end := w.run.clock.Now()
		if errno != 0 {
			w.note(j, i, -1, errno, start, end)
			i++
		} else {
			for ; n > 0; n-- {
				w.note(j, i, int64(h[i].len), 0, start, end)
				i++
			}
		}
		start = w.run.clock.Now()
	}
}

// note keeps what became of a message.
func (w *worker) note(j *job, i int, n int64, errno unix.Errno, start, end int64) {
	m := &j.messages[i]
	r := result{rule: m.rule, errno: int(errno), bytes: n, recordedBytes: m.recorded, recordedNS: m.recordedNS,
		replayedNS: end - start, lateNS: start - j.due, end: end}
	w.mu.Lock()
	w.results = append(w.results, r)
	full := len(w.results) >= maxResults
	w.mu.Unlock()
	if full {
		w.flush()
	}
}

// flush brings the results into the account.
func (w *worker) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.account.add(w.results)
	w.results = w.results[:0]
}
