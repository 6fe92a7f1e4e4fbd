package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf/link"
)

// inFlight visits all tasks that the caller's PID namespace has, when it is
// read: the program behind it adds an event for each call that has not
// returned. It is opened while there are privileges and read when they may be
// gone.
type inFlight struct {
	link  *link.Iter
	tasks io.ReadCloser
}

func (p *Probe) openInFlight() error {
	l, err := link.AttachIter(link.IterOptions{Program: p.programs.Programs["in_flight"]})
	if err != nil {
		return fmt.Errorf("attach to the list of tasks: %w", err)
	}
	tasks, err := l.Open()
	if err != nil {
		return errors.Join(fmt.Errorf("open the list of tasks: %w", err), l.Close())
	}
	p.inFlight = &inFlight{l, tasks}
	return nil
}

// record visits the tasks, once, when all other programs are detached.
func (f *inFlight) record() error {
	if f == nil {
		return nil
	}
	// The program prints nothing: the first read visits all.
	if _, err := io.Copy(io.Discard, f.tasks); err != nil {
		return fmt.Errorf("visit all tasks: %w", err)
	}
	return nil
}

func (f *inFlight) close() error {
	if f == nil {
		return nil
	}
	return errors.Join(f.tasks.Close(), f.link.Close())
}
