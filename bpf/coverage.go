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

// Sends is the account of the sends that no recorded call made.
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

// Ways returns every way that this build knows of, and which are watched.
func (p *Probe) Ways() []Way {
	var ways []Way
	for i := range p.calls {
		call := p.calls[i].name
		ways = append(ways, Way{Path: "syscall", ABI: "64", Call: call, Hooks: p.paths[PathSyscall].hooks[call]})
		ways = append(ways, p.compatWays(call)...)
	}
	return append(ways,
		Way{Path: "io_uring", ABI: "64", Call: "sendmsg", Hooks: p.paths[PathURing].hooks["sendmsg"], Why: p.uringLimits()},
		Way{Path: "io_uring", ABI: "compat32", Call: "sendmsg", Why: "requests of 32-bit programs are not decoded"},
		Way{Path: "kernel", ABI: "64", Call: "sendmsg", Hooks: p.paths[PathKernel].hooks["sendmsg"], Why: p.whyNot(PathKernel)})
}

// Sends returns the account of unexplained sends; the final one after Detach.
func (p *Probe) Sends() Sends {
	return Sends{Why: "this build does not count them"}
}
