package traffic

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"golang.org/x/sys/unix"
)

// runner is the second reading: the planner, its threads and sockets.
type runner struct {
	*outcome
	replay   *Replay
	clock    pace.Clock
	drainer  *drainer
	controls controls
	payload  []byte

	sockets map[socketKey]*socket
	workers map[threadKey]*worker
	working sync.WaitGroup
	mu      sync.Mutex
	live    map[*worker]struct{} // that have not ended

	// ahead are jobs that are not with their threads yet: those with which the
	// schedule will begin.
	ahead []*job
	open  *job // the last one, to which messages may still be added
	free  chan *job
	jobs  int // that were made
	calls int64

	control                  []byte
	peakSockets, peakThreads int
}

// Limits and reserves of a process.
const (
	maxThreads       = 8192 // the Go runtime ends the process at 10,000
	otherDescriptors = 64
	maxProcessors    = 256
)

// patience is how long, at the end, other sides may take to end, and, after an
// interruption, calls to return.
const patience = time.Second

// Run makes everything again. When ctx ends it ends as well, in order: Report
// tells what was done in either case. Check must have returned nil.
func (r *Replay) Run(ctx context.Context) error {
	r.outcome = newOutcome(&r.o)
	n := &runner{outcome: r.outcome, replay: r, clock: pace.Frugal(),
		sockets: map[socketKey]*socket{}, workers: map[threadKey]*worker{}, live: map[*worker]struct{}{}, free: make(chan *job, aheadCalls)}
	if err := n.checkLimits(); err != nil {
		return err
	}
	for i := range r.o.Map.rules {
		if t := &r.o.Map.rules[i].target; !t.drop {
			t.raw = t.sockaddr()
		}
	}
	n.payload = newPayload(r.o.Seed, r.study.largest+1) // never empty: it has an address
	if n.controls.descriptor = -1; r.o.PassDescriptors {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		defer null.Close()
		n.controls.descriptor = int(null.Fd())
	}
	var err error
	if n.drainer, err = newDrainer(); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	// A thread that comes back from a call needs a processor of the runtime;
	// without one for each, its call would seem to take longer than it did.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(n.peakThreads, maxProcessors) + runtime.GOMAXPROCS(0)))

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err = n.plan(ctx); err != nil {
		cancel(err)
	}
	n.finish(ctx)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && r.Report().Unsent != 0 {
		err = fmt.Errorf("the account does not balance: %d events are missing in it", r.Report().Unsent)
	}
	return err
}

// checkLimits finds out how many sockets and threads there will be at a time.
func (n *runner) checkLimits() error {
	s := &n.replay.study
	n.peakSockets, n.peakThreads = peak(s.sockets, s.sends, n.replay.o.Loops > 1), peak(s.threads, s.sends, false)
	if n.replay.o.Loops > 1 {
		n.peakThreads = len(s.threads) // they stay for the next repetition
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	// The Go runtime has raised the soft limit to the hard one.
	if need := uint64(n.peakSockets + otherDescriptors); need > limit.Cur {
		return fmt.Errorf("%d sockets at a time need %d open files, %d are allowed; raise the limit (ulimit -Hn %d) or choose fewer events with --filter",
			n.peakSockets, need, limit.Cur, need)
	}
	if n.peakThreads > maxThreads {
		return fmt.Errorf("%d threads at a time; at most %d can be made: choose fewer events with --filter", n.peakThreads, maxThreads)
	}
	return nil
}

// finish waits for the threads; when ctx has ended, not for calls that hang.
func (n *runner) finish(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		n.working.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		n.drainer.end(patience)
	case <-ctx.Done():
		n.drainer.interrupt()
		select {
		case <-ended:
		case <-time.After(patience):
		}
		n.drainer.end(0)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.live {
		w.flush()
	}
	n.account.close()
}

// ended takes the results of a thread that has ended.
func (n *runner) ended(w *worker) {
	w.flush()
	n.mu.Lock()
	delete(n.live, w)
	n.mu.Unlock()
	n.working.Done()
}
