package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attachFentry attaches to the entry or the return of the hook's function by a
// BPF trampoline; the program names the function.
func attachFentry(h *hook, exit bool, program *ebpf.Program) (link.Link, string, error) {
	name := "fentry:" + h.place
	if exit {
		name = "fexit:" + h.place
	}
	l, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err != nil {
		return nil, "", fmt.Errorf("attach to %s: %w", name, err)
	}
	return l, name, nil
}
