package bpf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// The programs of requests to io_uring, in the order in which they are
// attached: completion before submission.
const (
	uringComplete = "uring_complete"
	uringSubmit   = "uring_submit"
	uringInFlight = "uring_in_flight"
)

var errOtherCall = errors.New("sendmsg is not among the calls that are recorded")

// canWatchURing returns why requests to io_uring cannot be watched with these
// programs, nil when they can.
func canWatchURing(spec *ebpf.CollectionSpec, chosen []call) error {
	if spec.Programs[uringSubmit] == nil {
		return errors.New("this probe tier does not watch requests to io_uring")
	}
	if !slices.ContainsFunc(chosen, func(c call) bool { return c.name == "sendmsg" }) {
		return errOtherCall
	}
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return fmt.Errorf("read kernel BTF: %w", err)
	}
	// The parameters of the tracepoints, with the context in front.
	for name, parameters := range map[string]int{"io_uring_submit_req": 2, "io_uring_complete": 4} {
		var t *btf.Typedef
		if err := kernel.TypeByName("btf_trace_"+name, &t); err != nil {
			return fmt.Errorf("no tracepoint %s as this build knows it", name)
		}
		pointer, _ := t.Type.(*btf.Pointer)
		if pointer == nil {
			return fmt.Errorf("tracepoint %s has no prototype", name)
		}
		if f, ok := pointer.Target.(*btf.FuncProto); !ok || len(f.Params) != parameters {
			return fmt.Errorf("tracepoint %s has other parameters here", name)
		}
	}
	return nil
}

// load loads the programs. Where the kernel refuses those of io_uring, it does
// so without them: they must cost nobody the rest.
func (p *Probe) load(spec *ebpf.CollectionSpec) (err error) {
	if p.watches(PathURing) {
		if why := canWatchURing(spec, p.calls); why != nil {
			if err := p.refuse(PathURing, why); err != nil {
				return err
			}
		}
	}
	if !p.watches(PathURing) {
		dropURing(spec)
		p.programs, err = ebpf.NewCollection(spec)
		return err
	}
	p.programs, err = ebpf.NewCollection(spec)
	if err == nil {
		return nil
	}
	dropURing(spec)
	without, withoutErr := ebpf.NewCollection(spec)
	if withoutErr != nil {
		return withoutErr
	}
	p.programs = without
	return p.refuse(PathURing, err)
}

func dropURing(spec *ebpf.CollectionSpec) {
	for _, name := range []string{uringComplete, uringSubmit, uringInFlight} {
		delete(spec.Programs, name)
	}
}

// attachURing watches requests to io_uring.
func (p *Probe) attachURing() error {
	var err error
	if p.requests, err = openInFlight(link.IterOptions{Program: p.programs.Programs[uringInFlight], Map: p.programs.Maps["request_states"]}); err != nil {
		return err
	}
	for _, name := range []string{uringComplete, uringSubmit} {
		l, err := link.AttachTracing(link.TracingOptions{Program: p.programs.Programs[name]})
		if err != nil {
			return fmt.Errorf("attach %s: %w", name, err)
		}
		p.links = append(p.links, l)
	}
	for _, hook := range []string{"tp_btf:io_uring_submit_req", "tp_btf:io_uring_complete"} {
		p.hooks = append(p.hooks, hook)
		p.sees(PathURing, "sendmsg", hook)
	}
	return nil
}

// uringLimits says why requests are not watched, or which are not.
func (p *Probe) uringLimits() string {
	if !p.watches(PathURing) {
		return p.whyNot(PathURing)
	}
	return "not those that fail before they are submitted; those that ask for no completion when they succeed end as lost or in flight"
}
