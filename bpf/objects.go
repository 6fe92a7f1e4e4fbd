package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// prepare sets in an object's specification what the recorder decides: the
// filter and the size of the rings.
func (cfg *Config) prepare(spec *ebpf.CollectionSpec, self uint32, test bool, cpus, size int) error {
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
	return nil
}
