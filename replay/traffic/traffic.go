package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say what to make again, and how.
type Options struct {
	// Inputs are files: they are read more than once.
	Inputs []order.Input
	Map    Map
	Pace   pace.Options
	// Loops is how often; 0 is once.
	Loops int
	// Seed selects the payload.
	Seed uint64
	// PassDescriptors makes SCM_RIGHTS again, with descriptors of /dev/null.
	PassDescriptors bool
	// Progress, when not nil, is told now and then how many calls were planned.
	Progress func(calls int64)
}

// Replay is a replay that can run once.
type Replay struct {
	o      Options
	merger *order.Merger
	event  fields.Event
	call   call
	text   []byte
	// known are the rules of endpoints that were seen, by their text.
	known   map[string]int
	study   study
	outcome *outcome // of Run
}

// How far calls are planned ahead of the threads that make them.
const (
	aheadCalls = 16384
	aheadTime  = time.Second
)

// maxKnown bounds what is kept of a recording: destinations, sockets, threads.
const maxKnown = 1 << 20

// New reads the recordings once, until ctx ends. Errors are those of reading, targets that
// cannot be looked up, and too many sockets or threads to keep account of.
func New(ctx context.Context, o Options) (*Replay, error) {
	o.Loops = max(o.Loops, 1)
	if o.Pace.Speed == 0 {
		o.Pace.Speed = 1
	}
	for i := range o.Map.rules {
		if err := o.Map.rules[i].target.resolve(); err != nil {
			return nil, err
		}
	}
	r := &Replay{o: o, known: map[string]int{}}
	var err error
	if r.merger, err = order.New(o.Inputs, order.Options{Columns: callColumns}); err != nil {
		return nil, err
	}
	r.study = newStudy()
	err = r.each(ctx, r.study.add)
	return r, err
}

// each reads all events and gives each to fn: its call and endpoint, or why it
// is not made again.
func (r *Replay) each(ctx context.Context, fn func(c *call, to *endpoint, why Reason, rule *rule) error) error {
	for ctx.Err() == nil {
		b, err := r.merger.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b.Block == nil {
			continue
		}
		r.event.Block = &b.Block.Block
		for i, row := range b.Rows {
			r.event.Seek(int(row))
			to, why := r.call.read(&r.event, b.Input)
			r.call.timeNS = b.Keys[i]
			var rule *rule
			if why == made {
				if rule, why = r.route(&to); rule == nil && why == made {
					r.call.rule = unmapped
				}
			}
			if err := fn(&r.call, &to, why, rule); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// route finds the rule for the call's endpoint; nil when there is none.
func (r *Replay) route(to *endpoint) (*rule, Reason) {
	r.text = to.appendText(r.text[:0])
	number, ok := r.known[string(r.text)]
	if !ok {
		number = r.o.Map.match(to)
		if len(r.known) < maxKnown {
			r.known[string(r.text)] = number
		}
	}
	if r.call.rule = number; number == unmapped {
		return nil, made
	}
	rule := &r.o.Map.rules[number]
	if rule.target.drop {
		return rule, Dropped
	}
	if r.call.socket.named {
		r.call.socket.rule, r.call.socket.family = unmapped, rule.target.family()
	} else {
		r.call.socket.rule = number
	}
	return rule, made
}

// tooMany is the error of a recording that is beyond maxKnown.
func tooMany(what string) error {
	return fmt.Errorf("more than %d %s; choose fewer with --filter, --from or --until", maxKnown, what)
}

// Summary returns what input i holds and lost; corrupt are segments of it that
// turned out not to decode.
func (r *Replay) Summary(i int) (s *segment.Summary, corrupt []segment.Damage) {
	return r.merger.Summary(i), r.merger.Corrupt(i)
}
