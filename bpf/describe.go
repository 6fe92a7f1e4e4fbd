package bpf

// Description says what a probe is, for the recording's header.
type Description struct {
	Tier  string
	Build string   // of its programs: typed, mixed or portable
	Calls []string // that are recorded
	Paths []string // on which they are watched
	Hooks []string
	// Unavailable names what this probe does not see, paths by their names, and
	// why.
	Unavailable map[string]string
	// Rejected names the better tiers that were tried and failed, with the
	// kernel's words.
	Rejected map[string]string
}

// Describe returns what the probe watches and what it cannot see.
func (p *Probe) Describe() Description {
	d := Description{
		Calls:    namesOf(p.calls),
		Paths:    p.watchedPaths(),
		Tier:     p.candidate.tier,
		Build:    p.candidate.build,
		Hooks:    p.hooks,
		Rejected: reasons(p.failures),
		Unavailable: map[string]string{
			"toctou": "the hooks do not show the kernel's copy of the msghdr",
		},
	}
	for _, path := range PathNames() {
		if !p.watches(path) {
			d.Unavailable[path] = p.whyNot(path)
		}
	}
	if !p.countsSkips {
		d.Unavailable["skipped_entry"] = "this kernel does not count the calls for which it did not run the entry hook"
	}
	return d
}
