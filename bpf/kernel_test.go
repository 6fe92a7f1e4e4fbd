package bpf

import (
	"errors"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

func TestKernelSendmsgIsHookedWhereUserCallsComeBySockSendmsg(t *testing.T) {
	refused := errors.New("the kernel's word")
	for _, c := range []struct {
		name  string
		err   error // of attaching to kernel_sendmsg
		paths []string
		hooks []string
		fails bool
	}{
		{"it can be watched", nil, nil, []string{"exit kernel_sendmsg", "enter kernel_sendmsg"}, false},
		{"it cannot, and nobody has asked for it", refused, nil, nil, false},
		{"it cannot, and was asked for by name", refused, []string{PathKernel}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			attach := func(h *hook, exit bool, _ *ebpf.Program) (link.Link, string, error) {
				if h.name == "kernel_sendmsg" && c.err != nil {
					return nil, "", c.err
				}
				if exit {
					return nil, "exit " + h.name, nil
				}
				return nil, "enter " + h.name, nil
			}
			p := &Probe{candidate: candidate{tier: TierFentry, hooks: hooks{attach: attach}}, programs: &ebpf.Collection{}}
			if err := p.choosePaths(c.paths); err != nil {
				t.Fatal(err)
			}
			p.hooks = []string{"another"}
			if err := p.attachKernel("sock_sendmsg"); err != nil {
				t.Fatal(err)
			}
			p.kernelLinks = nil
			if err := p.useKernelSendmsg(); (err != nil) != c.fails {
				t.Fatalf("error %v", err)
			}
			if want := append([]string{"another"}, c.hooks...); !slices.Equal(p.hooks, want) {
				t.Errorf("hooks %q, want %q", p.hooks, want)
			}
			if got := p.paths[PathKernel].hooks["sendmsg"]; !slices.Equal(got, c.hooks) {
				t.Errorf("the path's hooks are %q, want %q", got, c.hooks)
			}
			if why := p.whyNot(PathKernel); (why != "") != (c.err != nil) {
				t.Errorf("why not: %q", why)
			}
		})
	}
}
