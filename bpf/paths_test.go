package bpf

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

func TestWhichPathsAreWanted(t *testing.T) {
	for _, c := range []struct {
		name, tier  string
		asked       []string
		want, named []string
	}{
		{"by default all where compat costs others nothing", TierFentry, nil, PathNames(), []string{PathSyscall}},
		{"by default not compat where it taxes every system call", TierTracepoint, nil,
			[]string{PathSyscall, PathURing, PathKernel}, []string{PathSyscall}},
		{"default is what no name means", TierTracepoint, []string{PathsDefault},
			[]string{PathSyscall, PathURing, PathKernel}, []string{PathSyscall}},
		{"all taxes", TierTracepoint, []string{PathsAll}, PathNames(), []string{PathSyscall}},
		{"one name leaves out all but it and syscall", TierFentry, []string{PathURing},
			[]string{PathSyscall, PathURing}, []string{PathSyscall, PathURing}},
		{"a name beside default adds to it", TierTracepoint, []string{PathsDefault, PathCompat},
			PathNames(), []string{PathSyscall, PathCompat}},
		{"syscall alone", TierKprobe, []string{PathSyscall}, []string{PathSyscall}, []string{PathSyscall}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := demands(c.asked, c.tier)
			if err != nil {
				t.Fatal(err)
			}
			var want, named []string
			for _, path := range PathNames() {
				if d[path] > demandNone {
					want = append(want, path)
				}
				if d[path] == demandNamed {
					named = append(named, path)
				}
			}
			if !slices.Equal(want, c.want) || !slices.Equal(named, c.named) {
				t.Errorf("wanted %v, named %v; expected %v and %v", want, named, c.want, c.named)
			}
		})
	}
	if _, err := demands([]string{"vdso"}, TierFentry); err == nil || !strings.Contains(err.Error(), "io_uring") {
		t.Errorf("an unknown path: %v", err)
	}
}

func TestOnlyAPathThatWasNamedIsAnErrorWhenItCannotBeWatched(t *testing.T) {
	for _, c := range []struct {
		demand demand
		fails  bool
	}{{demandDefault, false}, {demandNamed, true}} {
		p := &Probe{paths: map[string]*watch{PathURing: {demand: c.demand}}}
		err := p.refuse(PathURing, errors.New("no tracepoint here"))
		if (err != nil) != c.fails || err != nil && (!errors.Is(err, ebpf.ErrNotSupported) || !errors.Is(err, ErrPath)) {
			t.Errorf("demand %d: %v", c.demand, err)
		}
		if p.watches(PathURing) || p.whyNot(PathURing) != "no tracepoint here" {
			t.Errorf("demand %d: watched %v: %s", c.demand, p.watches(PathURing), p.whyNot(PathURing))
		}
	}
}
