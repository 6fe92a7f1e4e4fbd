package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// sending is the way from a recorder to its sink. A nil *sending is a recording
// without one.
type sending struct {
	*live
	o       *recordOptions
	stderr  io.Writer
	writer  *spill.Writer
	header  *segment.Header
	ctx     context.Context
	cancel  context.CancelCauseFunc
	started atomic.Bool
}

// spillParent is where spills are made that --spill does not name: a directory
// for files that outlive a boot.
const spillParent = "/var/tmp"

// drainNotice is how long a recording may take to end without a word.
const drainNotice = time.Second

// openSending opens the sink and the spill; nil without --to.
func (o *recordOptions) openSending(stdout, stderr io.Writer) (*sending, error) {
	if o.Send.To == "" {
		return nil, nil
	}
	target, err := o.Send.target()
	if err != nil {
		return nil, err
	}
	if target.Scheme == "file" && o.Output != "" && sameFile(target.Rest, o.Output) {
		return nil, usageErrorf("-o and --to are both %s", o.Output)
	}
	if target.Scheme != "-" {
		stdout = commandOutput(*o, stdout, stderr) // for the program of exec:
	}
	var dir *spill.Dir
	if o.Spill == "" {
		dir, err = spill.Create(spillParent)
	} else {
		dir, err = spill.Open(o.Spill)
	}
	if err != nil {
		return nil, err
	}
	s := &sending{o: o, stderr: stderr}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	// The sink's child must not end with the recording: Ctrl-C is for us.
	so := &sink.Options{Stdout: stdout, Stderr: stderr, Force: o.Force, Background: true}
	if s.live, err = openLive(s.ctx, o.Send, target, dir, so, s.warn); err != nil {
		s.cancel(nil)
		return nil, err
	}
	s.writer = spill.NewWriter(dir, int64(o.SpillBytes), s.checkpoint.Position)
	return s, nil
}

// sameFile reports whether two paths name one file, which need not exist.
func sameFile(a, b string) bool {
	a, aerr := filepath.Abs(a)
	b, berr := filepath.Abs(b)
	return aerr == nil && berr == nil && a == b
}

func (s *sending) warn(format string, args ...any) {
	line := ""
	if isTerminal(s.stderr) {
		line = "\r\x1b[K"
	}
	fmt.Fprintf(s.stderr, line+"sendmsgrec: warning: "+format+"\n", args...)
}

// spill is what the recorder of the header writes to.
func (s *sending) spill(h *segment.Header) record.Spill {
	if s == nil {
		return nil
	}
	s.header = h
	return s.writer
}

// start begins to send. When the sink fails for good, a recording without a
// file ends: there is nowhere else to go with it.
func (s *sending) start(r *record.Recorder, alone bool) {
	if s == nil {
		return
	}
	s.started.Store(true)
	go func() {
		err := s.run(s.ctx, s.header)
		if err == nil || s.ctx.Err() != nil {
			return
		}
		s.warn("%v", err)
		if alone {
			r.Stop(record.ReasonSink)
		}
	}()
}

// abandon ends what was never started, and leaves nothing of it behind.
func (s *sending) abandon() error {
	if s == nil || s.started.Load() {
		return nil
	}
	defer s.cancel(nil)
	return errors.Join(s.writer.Discard(), s.live.abandon(s.ctx))
}

// progress is for the status line.
func (s *sending) progress() string {
	if s == nil {
		return ""
	}
	now, _ := s.dir.Bytes()
	return fmt.Sprintf("sink %.1f s behind, spill %.1f MB", s.dir.Lag().Seconds(), float64(now)/1e6)
}

// finish waits, when the recording has ended, until the sink has everything, or
// for --drain-timeout, or for a signal. Then it ends the stream. It takes signals
// over from where they went before.
func (s *sending) finish(signals chan<- os.Signal) *liveReport {
	if s == nil {
		return nil
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Stop(signals)
	timeout := time.NewTimer(s.o.DrainTimeout)
	defer timeout.Stop()
	notice := time.NewTimer(drainNotice)
	defer notice.Stop()
	for waiting := true; waiting; {
		select {
		case <-s.ended:
			waiting = false
		case <-notice.C:
			if !s.o.Quiet {
				fmt.Fprintf(s.stderr, "sendmsgrec: the recording has ended; waiting up to %v for %s\n", s.o.DrainTimeout, s.target)
			}
		case <-timeout.C:
			s.cancel(errDrainTimeout)
		case <-interrupted.Done():
			s.cancel(context.Canceled)
			<-s.ended
		}
	}
	stop() // a signal ends the process now
	err := s.close(s.ctx)
	s.cancel(nil)
	if errors.Is(err, errDrainTimeout) {
		s.live.err = fmt.Errorf("%s: %w (%v; --drain-timeout)", s.target, errDrainTimeout, s.o.DrainTimeout)
	}
	return s.report(s.writer.Stats(), s.o.SendFlags)
}
