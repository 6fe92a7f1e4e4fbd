package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

var fentryHooks = hooks{try: tryFentry, attach: attachFentry}

// tryFentry loads a program that does nothing at the entry of the hook's
// function.
func tryFentry(h *hook, types *btf.Cache) error {
	programs, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{h.name: {
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: h.place, License: license,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	}}}, ebpf.CollectionOptions{Cache: types})
	if err != nil {
		return fmt.Errorf("load a program for fentry:%s: %w", h.place, err)
	}
	programs.Close()
	return nil
}

// byKprobe marks the calls whose function the kernel's types have more than
// once: a trampoline cannot be told which one is meant, and a kprobe goes by the
// symbol. Where the object has no program for that, loading says what is wrong.
func byKprobe(chosen []call, spec *ebpf.CollectionSpec, kernel *btf.Spec) {
	for i := range chosen {
		c := &chosen[i]
		var f *btf.Func
		err := kernel.TypeByName(c.function, &f)
		c.kprobe = errors.Is(err, btf.ErrMultipleMatches) && spec.Programs["enter_"+c.name+kprobeSuffix] != nil
	}
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
