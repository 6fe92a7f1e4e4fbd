package sink_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// A pipe that nobody empties does not hold up the end of a replay.
func TestAPipeThatIsFullDoesNotHoldUpTheEnd(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	target, err := sink.Parse("-")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sink.Open(t.Context(), target, &sink.Options{Stdout: writer})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	acknowledged := make(chan error, 1)
	go s.Send(ctx, &sink.Batch{Data: make([]byte, 64<<20)}, func(err error) { acknowledged <- err })
	select {
	case err := <-acknowledged:
		t.Fatalf("64 MiB went into a pipe: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	select {
	case err := <-acknowledged:
		if !errors.Is(err, interrupted) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the reader")
	}
}
