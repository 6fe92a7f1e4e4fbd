package bpf

import "maps"

// Description says what a probe is, for the recording's header.
type Description struct {
	Tier  string
	Build string   // of its programs: typed or portable
	Calls []string // that are recorded
	Hooks []string
	// Unavailable names what this tier cannot see, and why.
	Unavailable map[string]string
	// Rejected names the better tiers that were tried and failed, with the
	// kernel's words.
	Rejected map[string]string
}

// unavailable is what no tier sees.
var unavailable = map[string]string{
	"toctou": "the hooks do not show the kernel's copy of the msghdr",
	"kernel": "senders inside the kernel do not enter by a system call",
}

// unavailableOn is what single tiers do not see.
var unavailableOn = map[string]map[string]string{
	TierFentry:     {"compat32": "calls of 32-bit programs are not decoded"},
	TierKprobe:     {"compat32": "calls of 32-bit programs are not decoded"},
	TierTracepoint: {"compat32": "32-bit callers do not reach syscalls:sys_enter_sendmsg"},
}

// Describe returns what the probe watches and what it cannot see.
func (p *Probe) Describe() Description {
	d := Description{
		Calls:       namesOf(p.calls),
		Tier:        p.candidate.tier,
		Build:       p.candidate.build,
		Hooks:       p.hooks,
		Unavailable: maps.Clone(unavailable),
		Rejected:    reasons(p.failures),
	}
	maps.Copy(d.Unavailable, unavailableOn[d.Tier])
	if p.uring != nil {
		d.Unavailable["io_uring"] = p.uring.Error()
	}
	if !p.countsSkips {
		d.Unavailable["skipped_entry"] = "this kernel does not count the calls for which it did not run the entry hook"
	}
	return d
}
