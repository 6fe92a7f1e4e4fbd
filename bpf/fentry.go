package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attachFentry attaches to the entry or the return of the call's function by a
// BPF trampoline; the program names the function.
func attachFentry(c *call, exit bool, program *ebpf.Program) (link.Link, string, error) {
	hook := "fentry:" + c.function
	if exit {
		hook = "fexit:" + c.function
	}
	l, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err != nil {
		return nil, "", fmt.Errorf("attach to %s: %w", hook, err)
	}
	return l, hook, nil
}
