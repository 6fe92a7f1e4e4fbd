package bpf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// Sends is the account of the sends that no recorded call made. Those of
// processes that the filter drops, and of the recorder, are not counted.
type Sends struct {
	Counted     bool
	Why         string // why they are not counted
	Total       uint64
	Unexplained uint64
	Processes   []SendingProcess // most sends first
	Others      uint64           // unexplained sends of processes not listed
}

// SendingProcess is a process that sent on a way that is not watched.
type SendingProcess struct {
	PID   uint32
	Comm  string // of the thread that made the first such send
	Sends uint64
	Bytes uint64
}

// errNotCounted says that the caller does not want it.
var errNotCounted = errors.New("--count-sends was not given")

// canCountSends returns why sends are not counted, nil when they can be.
func canCountSends(kernel *btf.Spec, asked bool) error {
	if !asked {
		return errNotCounted
	}
	if tracepointParameters(kernel, "sock_send_length") != 3 {
		return errors.New("this kernel has no tracepoint sock_send_length (6.4 or later)")
	}
	return nil
}

func (p *Probe) countsSends() bool { return p.sends == nil }

// attachSends begins to count sends, when the self test has made its own.
func (p *Probe) attachSends() {
	if !p.countsSends() {
		return
	}
	links, names, err := p.attachPoints([]hookPoint{tracepointHook("sock_send_length", countSendsProgram)})
	p.sends = err
	p.links, p.hooks = append(p.links, links...), append(p.hooks, names...)
}

// sender mirrors struct sender of sends.h.
type sender struct {
	Sends, Bytes uint64
	Comm         [CommLen]byte
}

// countSends completes the account when all programs are detached.
func (p *Probe) countSends() error {
	if !p.countsSends() {
		return nil
	}
	s := Sends{Counted: true}
	for _, ring := range p.rings {
		c := ring.Counters()
		s.Total += c.Sends
		s.Others += c.UnexplainedOthers
	}
	s.Unexplained = s.Others
	var pid uint32
	var from sender
	each := p.programs.Maps["senders"].Iterate()
	for each.Next(&pid, &from) {
		comm, _, _ := bytes.Cut(from.Comm[:], []byte{0})
		s.Processes = append(s.Processes, SendingProcess{PID: pid, Comm: string(comm), Sends: from.Sends, Bytes: from.Bytes})
		s.Unexplained += from.Sends
	}
	slices.SortFunc(s.Processes, func(a, b SendingProcess) int {
		return cmp.Or(cmp.Compare(b.Sends, a.Sends), cmp.Compare(a.PID, b.PID))
	})
	p.account = s
	if err := each.Err(); err != nil {
		return fmt.Errorf("read who sent: %w", err)
	}
	return nil
}

// Sends returns the account of unexplained sends, which is made by Detach.
func (p *Probe) Sends() Sends {
	if !p.countsSends() {
		return Sends{Why: reason(p.sends)}
	}
	if !p.account.Counted {
		return Sends{Counted: true}
	}
	return p.account
}
