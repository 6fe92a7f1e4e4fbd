package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// program writes to the standard input of a child process. It is one stream:
// when the child ends before it, there is nothing to go on with.
type program struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	ended   chan struct{}
	status  error // of the child, when ended
	started bool  // the header was written
}

// openExec is for exec:COMMAND, which sh runs.
func openExec(ctx context.Context, t *Target, o *Options) (Sink, error) {
	if t.Rest == "" {
		return nil, usageErrorf("exec: needs a command behind it, as in exec:'gzip > events.gz'")
	}
	// An interruption reaches the child from the terminal, or it sees the end
	// of its input.
	command := t.Rest
	if o.Background {
		command = "trap '' INT\n" + command
	}
	s := &program{cmd: exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", command), ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = o.Stdout, o.Stderr
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.status = s.cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

func (s *program) Traits() Traits {
	return Traits{Bytes: true, WhyNoCheckpoint: "what a program has done with what it read is not known"}
}

func (s *program) Send(ctx context.Context, b *Batch, ack func(error)) {
	stop := context.AfterFunc(ctx, func() { _ = s.stdin.Close() })
	defer stop()
	var err error
	if !s.started {
		_, err = s.stdin.Write(b.Header)
		s.started = true
	}
	if err == nil {
		_, err = s.stdin.Write(b.Data)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	default:
		err = s.early(ctx)
	}
	ack(err)
}

// early says how the child ended while there was more to read.
func (s *program) early(ctx context.Context) error {
	_ = s.stdin.Close()
	select {
	case <-s.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	how := "it ended with status 0"
	if s.status != nil {
		how = s.status.Error()
	}
	return &Error{Err: fmt.Errorf("the program stopped reading: %s", how), Hint: "what it had not read is not delivered"}
}

// Close ends the child's input and waits for the child. One that is still there
// when ctx ends is killed.
func (s *program) Close(ctx context.Context) error {
	_ = s.stdin.Close() // after an error, which Send has told, it is closed already
	select {
	case <-s.ended:
	case <-ctx.Done():
		_ = s.cmd.Process.Kill()
		<-s.ended
		return errors.New("the program does not end after its input has ended; killed")
	}
	if s.status != nil {
		return fmt.Errorf("the program failed: %w", s.status)
	}
	return nil
}
