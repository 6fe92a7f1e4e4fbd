package bpf

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// compatHook is where the tracepoint tier sees the calls of other ABIs: the
// tracepoints of all system calls.
var compatHook = hook{name: "compat"}

// abis says which other ABIs than the 64-bit one the kernel serves.
type abis struct{ compat32, x32 bool }

const noCompat32 = "this kernel serves no 32-bit callers"

func kernelABIs(kernel *btf.Spec) abis {
	return abis{compat32: hasFunction(kernel, compat32Function), x32: takesX32()}
}

// hasFunction reports whether the kernel has the function. Of a system call its
// types can have two: the call, and its stub for kernels without it (6.1).
func hasFunction(kernel *btf.Spec, name string) bool {
	var f *btf.Func
	err := kernel.TypeByName(name, &f)
	return err == nil || errors.Is(err, btf.ErrMultipleMatches)
}

// prepareCompat finds out which other ABIs there are, and tells the programs.
func (p *Probe) prepareCompat(spec *ebpf.CollectionSpec, kernel *btf.Spec) error {
	p.abis = kernelABIs(kernel)
	if p.watches(PathCompat) && !p.abis.compat32 && !p.abis.x32 {
		if err := p.refuse(PathCompat, errors.New("this kernel serves no other ABI than the 64-bit one")); err != nil {
			return err
		}
	}
	var watched uint32
	for i := range p.calls {
		watched |= 1 << p.calls[i].number
	}
	for name, value := range map[string]uint32{
		"watch_compat": boolean(p.watches(PathCompat)), "has_x32": boolean(p.abis.x32), "watched_calls": watched,
	} {
		if v := spec.Variables[name]; v != nil {
			if err := v.Set(value); err != nil {
				return fmt.Errorf("set %s: %w", name, err)
			}
		}
	}
	return nil
}

func boolean(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// compatHooks returns the hooks that see other ABIs only.
func (p *Probe) compatHooks() []hook {
	switch {
	case !p.watches(PathCompat):
		return nil
	case p.candidate.tier == TierTracepoint:
		return []hook{compatHook}
	case !p.abis.compat32:
		return nil
	}
	var hooks []hook
	for i := range p.calls {
		hooks = append(hooks, p.calls[i].compat...)
	}
	return hooks
}

// attachCompat attaches to what sees the calls of other ABIs only.
func (p *Probe) attachCompat(exit bool) error {
	if p.candidate.tier == TierTracepoint {
		return p.attachAllSyscalls(exit)
	}
	for i := range p.calls {
		c := &p.calls[i]
		if !p.watches(PathCompat) {
			return nil
		}
		for j := range c.compat {
			if h := &c.compat[j]; p.abis.compat32 {
				if err := p.attachHook(PathCompat, c.name, h, exit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// attachAllSyscalls attaches to the tracepoints of all system calls.
func (p *Probe) attachAllSyscalls(exit bool) error {
	if !p.watches(PathCompat) {
		return nil
	}
	name := "tp_btf:sys_enter"
	if exit {
		name = "tp_btf:sys_exit"
	}
	l, err := link.AttachTracing(link.TracingOptions{Program: p.programs.Programs[compatHook.program(exit)]})
	if err != nil {
		return fmt.Errorf("attach to %s: %w", name, err)
	}
	p.links = append(p.links, l)
	p.hooks = append(p.hooks, name)
	for i := range p.calls {
		p.sees(PathCompat, p.calls[i].name, name)
	}
	return nil
}

// compatWays returns the ways of the call's callers of other ABIs.
func (p *Probe) compatWays(call string) []Way {
	way := func(path, abi string, served bool, none string) Way {
		w := Way{Path: path, ABI: abi, Call: call, Why: p.whyNot(PathCompat)}
		switch {
		case !served:
			w.Why = none
		case w.Why == "":
			w.Hooks = p.paths[PathCompat].hooks[call]
		}
		return w
	}
	ways := []Way{way("syscall", "compat32", p.abis.compat32, noCompat32)}
	if runtime.GOARCH == "amd64" {
		ways = append(ways, way("syscall", "x32", p.abis.x32, "this kernel serves no x32 callers"))
	}
	if hasSocketcall && call != "sendfile" {
		ways = append(ways, way("socketcall", "compat32", p.abis.compat32, noCompat32))
	}
	return ways
}
