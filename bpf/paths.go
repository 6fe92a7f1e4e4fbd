package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// The paths into the kernel on which calls can be watched, for Config.Paths.
const (
	PathSyscall = "syscall"  // 64-bit system calls; always watched
	PathCompat  = "compat"   // callers of the other ABIs: 32-bit ones, by number or socketcall(), and x32
	PathURing   = "io_uring" // requests to io_uring
	PathKernel  = "kernel"   // senders inside the kernel

	PathsDefault = "default" // all that cost the calls of others nothing
	PathsAll     = "all"     // all that this kernel can watch
)

// ErrPath says that a path that was asked for by name is none here.
var ErrPath = errors.New("cannot be watched")

// PathNames returns the names of all paths, the one that is always watched
// first.
func PathNames() []string { return []string{PathSyscall, PathCompat, PathURing, PathKernel} }

// taxing says, of the paths that are not watched by default on a tier, why.
var taxing = map[string]map[string]string{
	TierTracepoint: {
		PathCompat: "its hooks would run at every system call of every process",
	},
}

// demand is how much a path is wanted.
type demand int

const (
	demandNone    demand = iota
	demandDefault        // where the kernel can
	demandNamed          // asked for by its name: that it cannot be watched is an error
)

// demands returns how much each path is wanted on a tier.
func demands(names []string, tier string) (map[string]demand, error) {
	m := map[string]demand{PathSyscall: demandNamed}
	want := func(path string, d demand) { m[path] = max(m[path], d) }
	if len(names) == 0 {
		names = []string{PathsDefault}
	}
	for _, name := range names {
		switch {
		case slices.Contains(PathNames(), name):
			want(name, demandNamed)
		case name == PathsDefault || name == PathsAll:
			for _, path := range PathNames() {
				if name == PathsAll || taxing[tier][path] == "" {
					want(path, demandDefault)
				}
			}
		default:
			return nil, fmt.Errorf("no path %q into the kernel: there are %s", name, strings.Join(PathNames(), ", "))
		}
	}
	return m, nil
}

// watch is what a probe does about one path.
type watch struct {
	demand demand
	hooks  map[string][]string // by call: those that see it on this path
	why    error               // why the path is not watched; nil when it is
}

// choosePaths begins with all paths that are wanted.
func (p *Probe) choosePaths(names []string) error {
	tier := p.candidate.tier
	d, err := demands(names, tier)
	if err != nil {
		return err
	}
	p.paths = map[string]*watch{}
	for _, path := range PathNames() {
		p.paths[path] = &watch{demand: d[path], hooks: map[string][]string{}}
		if d[path] == demandNone {
			p.paths[path].why = notWatched(path, tier)
		}
	}
	return nil
}

// notWatched says why a path that could be watched is not.
func notWatched(path, tier string) error {
	option := fmt.Sprintf("--paths %s watches it", path)
	if cost := taxing[tier][path]; cost != "" {
		return fmt.Errorf("not watched unless asked for, since %s; %s", cost, option)
	}
	return errors.New("not among the paths asked for; " + option)
}

// refuse notes why a path cannot be watched. It returns an error when the path
// was asked for by name.
func (p *Probe) refuse(path string, why error) error {
	w := p.paths[path]
	w.why = why
	if w.demand != demandNamed {
		return nil
	}
	return fmt.Errorf("%w: path %s %w: %w", ebpf.ErrNotSupported, path, ErrPath, why)
}

// watches reports whether the path is watched, as far as is known until now.
func (p *Probe) watches(path string) bool { return p.paths[path].why == nil }

// whyNot says why the path is not watched, "" when it is.
func (p *Probe) whyNot(path string) string {
	if why := p.paths[path].why; why != nil {
		return why.Error()
	}
	return ""
}

// attached notes a hook, and that it sees a call on a path.
func (p *Probe) attached(path, call, hook string) {
	p.hooks = append(p.hooks, hook)
	p.sees(path, call, hook)
}

// sees notes that a hook sees a call on a path.
func (p *Probe) sees(path, call, hook string) {
	hooks := p.paths[path].hooks
	hooks[call] = append(hooks[call], hook)
}

// watchedPaths returns the names of the paths that are watched.
func (p *Probe) watchedPaths() []string {
	return slices.DeleteFunc(PathNames(), func(path string) bool { return !p.watches(path) })
}
