package sink

import (
	"context"
	"io"
)

// stdout writes to standard output. What is acknowledged has been written; a
// pipe's reader may not have read it yet.
type stdout struct {
	w       io.Writer
	started bool
}

func openStdout(_ context.Context, _ *Target, o *Options) (Sink, error) {
	widen(o.Stdout)
	return &stdout{w: o.Stdout}, nil
}

// stdoutBytes bounds a batch: the three under way then stay in the processors'
// caches from the encoder to the pipe, and are large enough that handing them
// over costs little.
const stdoutBytes = 256 << 10

func (s *stdout) Traits() Traits {
	return Traits{Bytes: true, MaxBytes: stdoutBytes, WhyNoCheckpoint: "what a pipe's reader has done with it is not known"}
}

// Send gives up when ctx ends, whatever the reader does: a write to a pipe that
// nobody empties has no end, and nothing is written after it.
func (s *stdout) Send(ctx context.Context, b *Batch, ack func(error)) {
	written := make(chan error, 1)
	go func() { written <- s.write(b) }()
	select {
	case err := <-written:
		ack(err)
	case <-ctx.Done():
		ack(context.Cause(ctx))
	}
}

func (s *stdout) write(b *Batch) error {
	if !s.started && len(b.Header) > 0 {
		if _, err := s.w.Write(b.Header); err != nil {
			return err
		}
	}
	s.started = true
	_, err := s.w.Write(b.Data)
	return err
}

func (s *stdout) Close(context.Context) error { return nil }
