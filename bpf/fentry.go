package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

var fentryHooks = hooks{try: tryFentry, attach: attachFentry}

// tryFentry loads a program that does nothing at the entry of the call's
// function.
func tryFentry(c *call) error {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: c.function, License: license,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return fmt.Errorf("load a program for fentry:%s: %w", c.function, err)
	}
	return program.Close()
}

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
