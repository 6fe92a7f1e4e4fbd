package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// The probe tiers, for Config.Tier. docs/architecture.md says what they are.
const (
	TierAuto       = "auto"
	TierFentry     = "fentry"
	TierKprobe     = "kprobe"
	TierTracepoint = "tracepoint"
)

// The builds of each tier's programs.
const (
	buildTyped    = "typed"
	buildMixed    = "mixed"
	buildPortable = "portable"
)

// license is that of the C sources, as the kernel asks for it.
const license = "Dual BSD/GPL"

// Tiers returns the names of the tiers, the best first.
func Tiers() []string { return []string{TierFentry, TierKprobe, TierTracepoint} }

// candidate is one set of programs that can be tried.
type candidate struct {
	tier, build string
	hooks       hooks
}

// hooks are a tier's way to a call.
type hooks struct {
	// try makes the hook with nothing behind it and takes it away again; nil:
	// there is nothing to try that would cost less than the rest.
	try    func(h *hook, types *btf.Cache) error
	attach attacher
}

// of returns the hook's own way, where that is not the tier's.
func (t hooks) of(h *hook) hooks {
	if h.kprobe {
		return kprobeHooks
	}
	return t
}

// hookError says that a tier's hooks cannot be had here, whatever the programs.
type hookError struct{ error }

func (e hookError) Unwrap() error { return e.error }

// attacher attaches the entry or exit program of a hook, and names it.
type attacher func(h *hook, exit bool, program *ebpf.Program) (l link.Link, name string, err error)

// candidates are all sets, the best first.
var candidates = []candidate{
	{TierFentry, buildTyped, fentryHooks},
	{TierFentry, buildMixed, fentryHooks},
	{TierFentry, buildPortable, fentryHooks},
	{TierKprobe, buildTyped, kprobeHooks},
	{TierKprobe, buildMixed, kprobeHooks},
	{TierKprobe, buildPortable, kprobeHooks},
	{TierTracepoint, buildTyped, hooks{attach: attachSyscall}},
	{TierTracepoint, buildMixed, hooks{attach: attachSyscall}},
	{TierTracepoint, buildPortable, hooks{attach: attachSyscall}},
}

// Failure says why a tier was not chosen though it was tried.
type Failure struct {
	Tier, Build string
	Err         error
}

// reason is the kernel's or the verifier's word, in one line.
func reason(err error) string {
	text, _, _ := strings.Cut(plainError{err}.Error(), "\n")
	return strings.TrimSpace(text)
}

// plainError is an error without the library's guess at a limit of locked
// memory, which kernels that charge BPF memory to the cgroup no longer apply.
type plainError struct{ err error }

func (e plainError) Error() string {
	return strings.ReplaceAll(e.err.Error(), " (MEMLOCK may be too low, consider rlimit.RemoveMemlock)", "")
}

func (e plainError) Unwrap() error { return e.err }

// reasons returns what there is to say of each tier that failed: once, when all
// builds that were tried failed for the same reason.
func reasons(failures []Failure) map[string]string {
	if len(failures) == 0 {
		return nil
	}
	m := map[string]string{}
	for _, tier := range Tiers() {
		var all, builds []string
		for _, f := range failures {
			if why := reason(f.Err); f.Tier == tier && !slices.Contains(all, why) {
				all = append(all, why)
				builds = append(builds, fmt.Sprintf("%s build: %s", f.Build, why))
			}
		}
		switch len(all) {
		case 0:
		case 1:
			m[tier] = all[0]
		default:
			m[tier] = strings.Join(builds, "; ")
		}
	}
	return m
}

// choose tries the candidates of a tier, or of all for TierAuto, in their
// order, and returns the first probe that works with the failures of those
// before it. A tier whose hooks cannot be had, or that is not permitted, is not
// tried in its other builds.
func choose[P any](tier string, try func(candidate) (P, error)) (chosen P, failures []Failure, err error) {
	if tier == "" {
		tier = TierAuto
	}
	if tier != TierAuto && !slices.Contains(Tiers(), tier) {
		return chosen, nil, fmt.Errorf("no probe tier %q: there are %s and %s", tier, TierAuto, strings.Join(Tiers(), ", "))
	}
	for _, c := range candidates {
		if tier != TierAuto && tier != c.tier {
			continue
		}
		if n := len(failures); n > 0 && failures[n-1].Tier == c.tier && isFinal(failures[n-1].Err) {
			continue
		}
		p, err := try(c)
		if err == nil {
			return p, failures, nil
		}
		failures = append(failures, Failure{c.tier, c.build, err})
	}
	return chosen, failures, noTier(tier, failures)
}

// isFinal reports whether no other build of the tier can do better.
func isFinal(err error) bool {
	return errors.As(err, new(hookError)) || errors.As(err, new(preemptedError)) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) && !isVerifierError(err)
}

// isVerifierError reports whether the verifier has refused the program: it
// does so with EACCES too.
func isVerifierError(err error) bool {
	var verifier *ebpf.VerifierError
	return errors.As(err, &verifier) && len(verifier.Log) > 0
}

// noTier is the error when all that was tried has failed: that of the last,
// least demanding one says what kind it is.
func noTier(tier string, failures []Failure) error {
	last := failures[len(failures)-1].Err
	if tier != TierAuto {
		return classify(fmt.Errorf("probe tier %s: %w", tier, last))
	}
	var all []string
	byTier := reasons(failures)
	for _, name := range Tiers() {
		if name != failures[len(failures)-1].Tier {
			all = append(all, name+": "+byTier[name])
		}
	}
	return classify(fmt.Errorf("no probe tier works here (%s): %s: %w", strings.Join(all, "; "), TierTracepoint, last))
}
