package bpf

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// The programs that every recording needs, beside those of its calls.
var taskPrograms = []string{"sched_process_exit", "in_flight"}

const (
	forkProgram       = "sched_process_fork"
	countSendsProgram = "count_send"
)

// choosePoints decides, by the kernel's BTF, which programs of the optional
// paths and of the count of sends can be attached here.
func (p *Probe) choosePoints(spec *ebpf.CollectionSpec, kernel *btf.Spec, countSends bool) (err error) {
	if p.watches(PathURing) {
		if p.uring, err = chooseURing(spec, kernel, p.calls); err != nil {
			if err := p.refuse(PathURing, err); err != nil {
				return err
			}
		}
	}
	if p.watches(PathKernel) {
		if why := chooseKernel(spec, kernel, p.calls); why != nil {
			if err := p.refuse(PathKernel, why); err != nil {
				return err
			}
		}
	}
	p.visitor = addressVisitor(kernel)
	p.sends = canCountSends(kernel, countSends)
	if !p.countsSends() {
		return nil
	}
	if err := spec.Variables["count_sends"].Set(uint32(1)); err != nil {
		return fmt.Errorf("set count_sends: %w", err)
	}
	return nil
}

// The programs that visit the calls that are kept by an address.
const (
	visitAll       = "addressed_in_flight"
	visitByElement = "address_in_flight"
)

// addressVisitor returns the one that this kernel's helpers allow.
func addressVisitor(kernel *btf.Spec) string {
	var helpers *btf.Enum
	if kernel.TypeByName("bpf_func_id", &helpers) == nil &&
		slices.ContainsFunc(helpers.Values, func(v btf.EnumValue) bool { return v.Name == "BPF_FUNC_for_each_map_elem" }) {
		return visitAll
	}
	return visitByElement
}

// wanted returns the names of the programs that will be attached, so that the
// kernel need not verify the others.
func (p *Probe) wanted(followForks bool) map[string]bool {
	keep := map[string]bool{forkProgram: followForks, countSendsProgram: p.countsSends()}
	for _, name := range taskPrograms {
		keep[name] = true
	}
	for _, h := range p.callHooks() {
		keep[h.enterProgram()], keep[h.exitProgram()] = true, true
	}
	var points []hookPoint
	if p.watches(PathURing) {
		points = append(points, p.uring.points...)
	}
	if p.watches(PathKernel) {
		points = append(points, kernelPoints("sock_sendmsg")...)
		points = append(points, kernelPoints("kernel_sendmsg")...)
	}
	for _, h := range points {
		keep[h.program], keep[p.visitor] = true, true
	}
	return keep
}

// load loads the programs. What is optional must cost nobody the rest: where the
// kernel refuses the programs, it is left out one by one until it does not.
func (p *Probe) load(spec *ebpf.CollectionSpec, types *btf.Cache, followForks bool) (err error) {
	try := func() error {
		part := spec.Copy()
		keep := p.wanted(followForks)
		maps.DeleteFunc(part.Programs, func(name string, _ *ebpf.ProgramSpec) bool { return !keep[name] })
		p.programs, err = ebpf.NewCollectionWithOptions(part, ebpf.CollectionOptions{Cache: types})
		return err
	}
	first := try()
	if first == nil {
		return nil
	}
	if p.countsSends() {
		p.sends = first
		if err = try(); err == nil {
			return nil
		}
	}
	for _, path := range []string{PathKernel, PathURing} {
		if !p.watches(path) {
			continue
		}
		if err := p.refuse(path, first); err != nil {
			return err
		}
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// attachAddressed watches what is kept by an address: requests to io_uring and
// senders inside the kernel.
func (p *Probe) attachAddressed() error {
	if !p.watches(PathURing) && !p.watches(PathKernel) {
		return nil
	}
	o := link.IterOptions{Program: p.programs.Programs[p.visitor]}
	if p.visitor == visitByElement {
		o.Map = p.programs.Maps["address_states"]
	}
	var err error
	if p.addressed, err = openInFlight(o); err != nil {
		return err
	}
	if p.watches(PathURing) {
		links, names, err := p.attachPoints(p.uring.points)
		if err != nil {
			if err := p.refuse(PathURing, err); err != nil {
				return err
			}
		}
		p.links = append(p.links, links...)
		for _, name := range names {
			p.attached(PathURing, "sendmsg", name)
		}
	}
	if p.watches(PathKernel) {
		if err := p.attachKernel("sock_sendmsg"); err != nil {
			return p.refuse(PathKernel, err)
		}
	}
	return nil
}
