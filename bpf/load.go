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
		p.uring, err = chooseURing(spec, kernel, p.calls)
		if err == nil {
			err = setRingCompatFlag(spec, kernel)
		}
		if err != nil {
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
// kernel refuses the programs, it is left out, one alone if that suffices, else
// all of it.
func (p *Probe) load(spec *ebpf.CollectionSpec, types *btf.Cache, followForks bool) (err error) {
	try := func() error {
		part := spec.Copy()
		keep := p.wanted(followForks)
		maps.DeleteFunc(part.Programs, func(name string, _ *ebpf.ProgramSpec) bool { return !keep[name] })
		p.programs, err = ebpf.NewCollectionWithOptions(part, ebpf.CollectionOptions{Cache: types})
		return err
	}
	return loadWithout(p.optional(), try)
}

// loadWithout tries without what is optional, as load does.
func loadWithout(list []optional, try func() error) error {
	first := try()
	if first == nil {
		return nil
	}
	for _, o := range list {
		if o.leaveOut(first) == nil && try() == nil {
			return nil
		}
		o.takeBack()
	}
	for _, o := range list {
		if err := o.leaveOut(first); err != nil {
			return err
		}
	}
	if len(list) > 1 {
		return try()
	}
	return first
}

// optional is what a recording can do without.
type optional struct {
	leaveOut func(why error) error // an error when it was asked for by name
	takeBack func()
}

// optional returns what this one has of it.
func (p *Probe) optional() []optional {
	var list []optional
	if p.countsSends() {
		list = append(list, optional{
			leaveOut: func(why error) error { p.sends = why; return nil },
			takeBack: func() { p.sends = nil },
		})
	}
	for _, path := range []string{PathKernel, PathURing} {
		if p.watches(path) {
			list = append(list, optional{
				leaveOut: func(why error) error { return p.refuse(path, why) },
				takeBack: func() { p.paths[path].why = nil },
			})
		}
	}
	return list
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
