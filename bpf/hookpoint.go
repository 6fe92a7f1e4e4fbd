package bpf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// hookPoint is a program beside those of the system calls, and where it is
// attached: a tracepoint of the kernel's BTF, or a function's entry or return.
type hookPoint struct {
	program    string
	tracepoint string
	function   string
	exit       bool
}

func tracepointHook(tracepoint, program string) hookPoint {
	return hookPoint{program: program, tracepoint: tracepoint}
}

func entryHook(function string) hookPoint {
	return hookPoint{program: "enter_" + function, function: function}
}

func exitHook(function string) hookPoint {
	return hookPoint{program: "exit_" + function, function: function, exit: true}
}

// attachPoints attaches in the order of the list and returns the hooks' names.
// What was attached before an error is detached.
func (p *Probe) attachPoints(points []hookPoint) (links []link.Link, names []string, err error) {
	for _, h := range points {
		l, name, err := p.attachPoint(h)
		if err != nil {
			return nil, nil, errors.Join(err, closeLinks(links))
		}
		links, names = append(links, l), append(names, name)
	}
	return links, names, nil
}

func (p *Probe) attachPoint(h hookPoint) (link.Link, string, error) {
	program := p.programs.Programs[h.program]
	if h.tracepoint == "" {
		return p.candidate.hooks.attach(&hook{name: h.function, place: h.function}, h.exit, program)
	}
	l, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err != nil {
		return nil, "", fmt.Errorf("attach to %s: %w", h.tracepoint, err)
	}
	return l, "tp_btf:" + h.tracepoint, nil
}

func closeLinks(links []link.Link) error {
	var errs []error
	for _, l := range slices.Backward(links) {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// The tracepoints and functions of the running kernel, as its BTF has them.

// tracepointParameters returns how many parameters the tracepoint hands to
// programs, 0 when the kernel has no such tracepoint.
func tracepointParameters(kernel *btf.Spec, name string) int {
	var t *btf.Typedef
	if kernel.TypeByName("btf_trace_"+name, &t) != nil {
		return 0
	}
	pointer, _ := t.Type.(*btf.Pointer)
	if pointer == nil {
		return 0
	}
	f, _ := pointer.Target.(*btf.FuncProto)
	if f == nil {
		return 0
	}
	return len(f.Params) - 1 // the first is the tracepoint's own
}

// functionParameters returns how many parameters the function has, 0 when the
// kernel's BTF has no such function.
func functionParameters(kernel *btf.Spec, name string) int {
	var f *btf.Func
	if kernel.TypeByName(name, &f) != nil {
		return 0
	}
	proto, _ := f.Type.(*btf.FuncProto)
	if proto == nil {
		return 0
	}
	return len(proto.Params)
}

// hooksFunctions reports whether the tier has programs for functions.
func hooksFunctions(spec *ebpf.CollectionSpec) bool {
	return spec.Programs["enter_sock_sendmsg"] != nil
}
