package traffic

import (
	"context"
	"fmt"
	"time"
)

// plan reads the recordings again, once for each loop, and hands each call to
// its thread some time before it is due.
func (n *runner) plan(ctx context.Context) error {
	r := n.replay
	for loop := range r.o.Loops {
		r.merger.Rewind()
		if loop > 0 {
			if err := n.close(ctx); err != nil {
				return err
			}
			n.pacer.Restart()
			clear(n.sockets) // each repetition has its own
		}
		err := r.each(ctx, func(c *call, _ *endpoint, why Reason, rule *rule) error {
			if why != made {
				n.leftOut[why]++
				return nil
			}
			return n.add(ctx, c, rule)
		})
		if err != nil {
			return err
		}
	}
	if err := n.close(ctx); err != nil {
		return err
	}
	if n.anchor == 0 {
		return n.begin(ctx)
	}
	return nil
}

// add plans a call.
func (n *runner) add(ctx context.Context, c *call, rule *rule) error {
	s, err := n.socket(c, rule)
	if err != nil {
		return err
	}
	if n.open == nil || !n.open.continues(c, s) {
		if err := n.close(ctx); err != nil {
			return err
		}
		j, err := n.job(ctx)
		if err != nil {
			return err
		}
		n.start(ctx, c.thread)
		j.begin(c, s)
		n.open = j
	}
	n.control = n.controls.again(n.control[:0], c, &rule.target, n.leaveOutControl)
	var to []byte
	if c.socket.named {
		to = rule.target.raw
	}
	n.open.add(c, to, n.control)
	return nil
}

func (n *runner) leaveOutControl(name string) {
	if name == "" {
		name = "others"
	}
	n.account.controls[name]++
}

// job returns an unused job. When all are with the threads it waits.
func (n *runner) job(ctx context.Context) (*job, error) {
	select {
	case j := <-n.free:
		j.waited = 0
		return j, nil
	default:
	}
	if n.jobs < aheadCalls {
		n.jobs++
		return &job{}, nil
	}
	if n.anchor == 0 {
		if err := n.begin(ctx); err != nil {
			return nil, err
		}
	}
	waited := n.clock.Now()
	select {
	case j := <-n.free:
		j.waited = waited
		return j, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// socket returns the socket for a call, opening it before its first one.
func (n *runner) socket(c *call, rule *rule) (*socket, error) {
	if s := n.sockets[c.socket]; s != nil {
		return s, nil
	}
	s := open(&c.socket, n.replay.study.sockets[c.socket], &rule.target)
	if s.errno == 0 {
		if err := n.drainer.add(s); err != nil {
			return nil, fmt.Errorf("epoll: %w", err)
		}
	} else if n.anchor == 0 {
		return nil, fmt.Errorf("nothing was sent: %s: %w", rule.target.text, s.errno)
	}
	n.sockets[c.socket] = s
	return s, nil
}

// start starts the thread for a call, before its first one.
func (n *runner) start(ctx context.Context, key threadKey) {
	if n.workers[key] == nil {
		w := &worker{run: n, left: n.replay.study.threads[key].sends * int64(n.replay.o.Loops), wake: make(chan struct{}, 1)}
		n.workers[key] = w
		n.mu.Lock()
		n.live[w] = struct{}{}
		n.mu.Unlock()
		n.working.Add(1)
		go w.loop(ctx)
	}
}

// close takes the open job, which is complete, into the plan.
func (n *runner) close(ctx context.Context) error {
	j := n.open
	if j == nil {
		return nil
	}
	n.open = nil
	if n.anchor != 0 {
		return n.release(ctx, j)
	}
	n.ahead = append(n.ahead, j)
	if n.enough(j) {
		return n.begin(ctx)
	}
	return nil
}

// enough reports whether what is planned suffices to begin with.
func (n *runner) enough(j *job) bool {
	o := &n.replay.o.Pace
	switch {
	case len(n.ahead) == aheadCalls:
		return true
	case o.Unpaced:
		return false
	case o.RateHz > 0:
		return float64(len(n.ahead)) > o.RateHz*aheadTime.Seconds()
	}
	return float64(j.timeNS-n.ahead[0].timeNS) > float64(aheadTime)*o.Speed
}

// begin begins the schedule: sockets and threads of the first calls are there.
func (n *runner) begin(ctx context.Context) error {
	n.anchor = n.clock.Now()
	for _, j := range n.ahead {
		if err := n.release(ctx, j); err != nil {
			return err
		}
	}
	n.ahead = nil
	return nil
}

// release hands a job to its thread, at most aheadTime before it is due.
func (n *runner) release(ctx context.Context, j *job) error {
	if !n.pacer.Unpaced() {
		j.due = n.pacer.Due(j.timeNS, n.anchor)
		if err := n.clock.WaitUntil(ctx, j.due-int64(aheadTime)); err != nil {
			return context.Cause(ctx)
		}
		if now := n.clock.Now(); j.waited > 0 && now > j.due {
			n.stalled += time.Duration(now - max(j.due, j.waited))
		}
	}
	if n.calls++; n.calls%progressCalls == 0 && n.replay.o.Progress != nil {
		n.replay.o.Progress(n.calls)
	}
	n.workers[j.thread].give(j)
	return nil
}

// progressCalls is how often Progress is told.
const progressCalls = 256
