package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/link"
)

// inFlight visits, when it is read, all tasks that the caller's PID namespace
// has, or all requests of io_uring: the program behind it adds an event for
// each call that has not returned. It is opened while there are privileges and
// read when they may be gone.
type inFlight struct {
	link *link.Iter
	list io.ReadCloser
}

func openInFlight(o link.IterOptions) (*inFlight, error) {
	l, err := link.AttachIter(o)
	if err != nil {
		return nil, fmt.Errorf("attach to what is in flight: %w", err)
	}
	list, err := l.Open()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open what is in flight: %w", err), l.Close())
	}
	return &inFlight{l, list}, nil
}

// record visits what there is, once, when all other programs are detached.
func (f *inFlight) record() error {
	if f == nil {
		return nil
	}
	// The program prints nothing: the first read visits all.
	if _, err := io.Copy(io.Discard, f.list); err != nil {
		return fmt.Errorf("visit what is in flight: %w", err)
	}
	return nil
}

func (f *inFlight) close() error {
	if f == nil {
		return nil
	}
	return errors.Join(f.list.Close(), f.link.Close())
}
