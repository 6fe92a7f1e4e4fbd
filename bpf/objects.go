package bpf

import (
	"fmt"
	"maps"

	"github.com/cilium/ebpf"
)

// prepare sets in an object's specification what the recorder decides: the
// filter, the size of the rings, which programs are loaded.
func (cfg *Config) prepare(spec *ebpf.CollectionSpec, hooks []hook, self uint32, test bool, cpus, size int) error {
	spec.Maps["rings"].MaxEntries = uint32(cpus)
	spec.Maps["rings"].ValueSize = uint32(ringHeaderSize + size + ringSlack)
	if err := cfg.setFilters(spec, self); err != nil {
		return err
	}
	var testing uint32
	if test {
		testing = 1
	}
	for name, value := range map[string]any{
		"ring_size":      uint64(size),
		"watermark_size": uint64(size / watermarks),
		"self_test":      testing,
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	keepPrograms(spec, hooks, cfg.RootPID != 0)
	return nil
}

// keepPrograms removes the programs of calls that are not recorded, and others
// that are not attached, so that the kernel need not verify them.
func keepPrograms(spec *ebpf.CollectionSpec, hooks []hook, followForks bool) {
	keep := map[string]bool{"sched_process_exit": true, "sched_process_fork": followForks, "in_flight": true,
		uringComplete: true, uringSubmit: true, uringInFlight: true}
	for i := range hooks {
		keep[hooks[i].enterProgram()], keep[hooks[i].exitProgram()] = true, true
	}
	maps.DeleteFunc(spec.Programs, func(name string, _ *ebpf.ProgramSpec) bool { return !keep[name] })
}
