package bpf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// chooseKernel says why senders inside the kernel cannot be watched, nil when
// they can.
func chooseKernel(spec *ebpf.CollectionSpec, kernel *btf.Spec, chosen []call) error {
	switch {
	case !hooksFunctions(spec):
		return errors.New("senders inside the kernel enter by functions, which this probe tier does not hook")
	case !hasSendmsg(chosen):
		return errOtherCall
	case functionParameters(kernel, "sock_sendmsg") != 2, functionParameters(kernel, "kernel_sendmsg") != 5:
		return errors.New("no functions sock_sendmsg and kernel_sendmsg as this build knows them")
	}
	return nil
}

// kernelPoints are the hooks of a function by which the kernel sends.
func kernelPoints(function string) []hookPoint {
	return []hookPoint{exitHook(function), entryHook(function)}
}

// settleKernel is called when the self test has sent its messages. sock_sendmsg
// is the function that all senders inside the kernel use, but on some kernels user
// calls use it too: there only those that come by kernel_sendmsg are told from
// them.
func (p *Probe) settleKernel() error {
	var hits uint32
	if err := p.programs.Variables["kernel_self_hits"].Get(&hits); err != nil {
		return fmt.Errorf("read what the self test has hit: %w", err)
	}
	if hits == 0 {
		return nil
	}
	return p.useKernelSendmsg()
}

// useKernelSendmsg hooks kernel_sendmsg in place of sock_sendmsg.
func (p *Probe) useKernelSendmsg() error {
	err := closeLinks(p.kernelLinks)
	p.kernelLinks = nil
	seen := p.paths[PathKernel].hooks
	p.hooks = slices.DeleteFunc(p.hooks, func(name string) bool { return slices.Contains(seen["sendmsg"], name) })
	delete(seen, "sendmsg")
	if why := p.attachKernel("kernel_sendmsg"); why != nil {
		err = errors.Join(err, p.refuse(PathKernel, why))
	}
	return err
}

// attachKernel watches the senders that come by the function.
func (p *Probe) attachKernel(function string) (err error) {
	var names []string
	if p.kernelLinks, names, err = p.attachPoints(kernelPoints(function)); err != nil {
		return err
	}
	p.kernelEntry = function
	for _, name := range names {
		p.attached(PathKernel, "sendmsg", name)
	}
	return nil
}

// kernelLimits says which senders inside the kernel are not seen.
func (p *Probe) kernelLimits() string {
	text := "senders within a call or another sender are part of it; not those that call a protocol directly, as kernel_sendmsg_locked does"
	if p.kernelEntry == "kernel_sendmsg" {
		text += ", nor those by sock_sendmsg, which user calls use here too"
	}
	return text
}
