package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/encode"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// live sends what a spill holds, and what a recorder goes on writing into it,
// to a sink. It is opened before anything is recorded, so that what is wrong
// with the sink's flags or files is found then.
type live struct {
	o          sendOptions
	play       play.Options
	target     *sink.Target
	sink       sink.Sink
	dir        *spill.Dir
	checkpoint *deliver.Checkpoint
	backlog    spill.Backlog
	warn       func(format string, args ...any)

	replay   *play.Replay
	follower *spill.Follower
	away     atomic.Bool // the sink has failed, and not come back
	ended    chan struct{}
	err      error // valid when ended: why not everything is delivered
}

// errDrainTimeout ends a delivery that has not ended in time.
var errDrainTimeout = errors.New("the sink has not taken everything in time")

// openLive opens the sink and reads what the spill holds. It takes over dir.
func openLive(ctx context.Context, o sendOptions, target *sink.Target, dir *spill.Dir, so *sink.Options, warn func(string, ...any)) (_ *live, err error) {
	l := &live{o: o, target: target, dir: dir, warn: warn, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.closeFiles())
		}
	}()
	if target.Scheme == "smr" {
		return nil, usageErrorf("--to smr: is complete only at its end, when the spill is gone; -o FILE records into a file")
	}
	known, err := dir.Checkpoint()
	if err != nil {
		return nil, err
	}
	stream := map[string]string{"to": target.String(), "format": o.Format, "fields": strings.Join(o.Fields, ","), "id": strconv.FormatBool(o.IDs)}
	if l.checkpoint = known; known == nil {
		l.checkpoint = &deliver.Checkpoint{Stream: stream}
	} else if words := known.Differences(nil, stream); words != "" {
		return nil, usageErrorf("spill %s is for another sink: %s; `sendmsgrec replay %s` with the flags of that one sends what is in it", dir.Path(), words, shellQuote(dir.Path()))
	}
	if l.backlog, err = dir.Backlog(l.checkpoint.Position); err != nil {
		return nil, err
	}
	if l.play, err = o.play(); err != nil {
		return nil, err
	}
	l.play.Deliver.Retry.Faithful = true
	so.Resuming, so.Security, so.Recorder = known != nil, o.Security, "sendmsgrec "+buildVersion().Version
	if l.sink, err = sink.Open(ctx, target, so); err != nil {
		return nil, replayUsage(err)
	}
	if _, err := encode.New(encode.Options{Traits: l.sink.Traits(), Format: o.Format, Fields: o.Fields, IDs: o.IDs}); err != nil {
		return nil, errors.Join(usageErrorf("--format: %w", err), closeSink(ctx, target, l.sink, nil, nil))
	}
	if p, ok := l.sink.(sink.Positioner); ok {
		if known != nil && known.Sink != "" {
			if err := p.Resume(known.Sink); err != nil {
				return nil, errors.Join(err, closeSink(ctx, target, l.sink, nil, nil))
			}
		}
		l.checkpoint.Sink = p.Position()
	}
	return l, nil
}

// run sends, until the spill ends or ctx does. header is that of the recording
// that is written into the spill, nil without one.
func (l *live) run(ctx context.Context, header *segment.Header) error {
	defer close(l.ended)
	err := l.send(ctx, header)
	if err != nil {
		err = fmt.Errorf("%s: %w", l.target, err)
	}
	l.err = err
	return err
}

func (l *live) send(ctx context.Context, header *segment.Header) (err error) {
	o := l.play
	if l.follower, err = spill.NewFollower(l.dir, l.checkpoint.Position, header); err != nil {
		return err
	}
	if err := l.dir.Acknowledge(l.checkpoint); err != nil {
		return err
	}
	o.Live, o.From = l.follower, l.checkpoint.Position
	o.Deliver.Acknowledged, o.Deliver.Failed = l.acknowledged, l.failed
	if l.replay, err = play.New(l.sink.Traits(), o); err != nil {
		return err
	}
	return l.replay.Run(ctx, l.sink)
}

func (l *live) acknowledged(p deliver.Position) error {
	if l.away.CompareAndSwap(true, false) {
		l.warn("%s: it is back", l.target)
	}
	l.checkpoint.Position = p
	if positioner, ok := l.sink.(sink.Positioner); ok {
		l.checkpoint.Sink = positioner.Position()
	}
	return l.dir.Acknowledge(l.checkpoint)
}

// failed tells once of a sink that is away: there may be days of attempts.
func (l *live) failed(err *sink.Error, _ int, _ time.Duration) {
	if l.away.CompareAndSwap(false, true) {
		l.warn("%s: %v; trying again, events wait in %s", l.target, err, l.dir.Path())
	}
}

// close ends the stream, when run has ended, and removes the spill when
// everything is delivered. What is left otherwise stays.
func (l *live) close(ctx context.Context) error {
	l.err = closeSink(ctx, l.target, l.sink, l.replay, l.err)
	if l.follower != nil {
		l.err = errors.Join(l.err, l.follower.Close())
	}
	if l.err == nil {
		l.err = l.dir.Clear()
	}
	l.err = errors.Join(l.err, l.closeFiles())
	return l.err
}

// abandon ends a live that has not run.
func (l *live) abandon(ctx context.Context) error {
	return errors.Join(closeSink(ctx, l.target, l.sink, nil, nil), l.closeFiles())
}

// closeFiles closes what was opened besides the sink.
func (l *live) closeFiles() error {
	err := l.dir.Close()
	if letters := l.play.Deliver.DeadLetter; letters != nil {
		err = errors.Join(err, letters.Close())
	}
	return err
}
