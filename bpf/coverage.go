package bpf

// Way is a way in which a message can leave a process, and whether it is
// watched. The names are those of the schema's columns entry_path, abi and
// call.
type Way struct {
	Path, ABI, Call string
	// Hooks see every call that goes this way; empty when it is not watched.
	Hooks []string
	// Why it is not watched, or what limits it.
	Why string
}

// Ways returns every way that this build knows of, and which are watched.
func (p *Probe) Ways() []Way {
	var ways []Way
	for i := range p.calls {
		call := p.calls[i].name
		ways = append(ways, Way{Path: "syscall", ABI: "64", Call: call, Hooks: p.paths[PathSyscall].hooks[call]})
		ways = append(ways, p.compatWays(call)...)
	}
	return append(ways,
		Way{Path: "io_uring", ABI: "64", Call: "sendmsg", Hooks: p.paths[PathURing].hooks["sendmsg"], Why: p.limits(PathURing)},
		p.compatRings(),
		Way{Path: "kernel", ABI: "64", Call: "sendmsg", Hooks: p.paths[PathKernel].hooks["sendmsg"], Why: p.limits(PathKernel)})
}

// compatRings is the way of the requests of 32-bit programs.
func (p *Probe) compatRings() Way {
	w := Way{Path: "io_uring", ABI: "compat32", Call: "sendmsg", Why: noCompat32}
	if p.abis.compat32 {
		w.Hooks, w.Why = p.paths[PathURing].hooks["sendmsg"], p.limits(PathURing)
	}
	return w
}

// limits says why a path is not watched, or what is not seen of one that is.
func (p *Probe) limits(path string) string {
	switch {
	case !p.watches(path):
		return p.whyNot(path)
	case path == PathURing:
		return p.uring.limits()
	}
	return p.kernelLimits()
}
