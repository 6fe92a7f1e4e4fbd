package bpf

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// initialPIDNamespace is the inode number that the kernel gives the first PID
// namespace (PROC_PID_INIT_INO).
const initialPIDNamespace = 0xEFFFFFFC

// validateFilters finds what no kernel would take.
func (cfg *Config) validateFilters() error {
	for kind, n := range map[string]int{"comm": len(cfg.Comms), "pid": len(cfg.PIDs), "uid": len(cfg.UIDs)} {
		if n > FilterMax {
			return fmt.Errorf("%d values of %s: at most %d", n, kind, FilterMax)
		}
	}
	for _, comm := range cfg.Comms {
		if len(comm) >= CommLen {
			return fmt.Errorf("comm %q: a thread name has at most %d bytes", comm, CommLen-1)
		}
	}
	return nil
}

// setFilters writes the filter, and which process is the recorder's own, into
// the constants that the verifier folds.
func (cfg *Config) setFilters(spec *ebpf.CollectionSpec, self uint32) error {
	inum, err := pidNamespaceInode()
	if err != nil {
		return err
	}
	var level uint32
	if inum != initialPIDNamespace {
		if level, err = pidNamespaceLevel(); err != nil {
			return err
		}
	}
	var comms [FilterMax][CommLen]byte
	for i, comm := range cfg.Comms {
		copy(comms[i][:], comm)
	}
	var pids, uids [FilterMax]uint32
	copy(pids[:], cfg.PIDs)
	copy(uids[:], cfg.UIDs)
	for name, value := range map[string]any{
		"self_pid":     self,
		"pid_ns_level": level,
		"pid_ns_inum":  inum,
		"filter_pids":  uint32(len(cfg.PIDs)),
		"filter_pid":   pids,
		"filter_uids":  uint32(len(cfg.UIDs)),
		"filter_uid":   uids,
		"filter_comms": uint32(len(cfg.Comms)),
		"filter_comm":  comms,
		"filter_root":  cfg.RootPID,
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// pidNamespaceLevel asks the kernel how many PID namespaces are above the
// caller's: 0 in the initial one.
func pidNamespaceLevel() (uint32, error) {
	spec, err := loadObject(TierTracepoint, buildPortable) // of all objects the least demanding
	if err != nil {
		return 0, fmt.Errorf("read BPF object: %w", err)
	}
	program, err := ebpf.NewProgram(spec.Programs["pid_namespace_level"])
	if err != nil {
		return 0, fmt.Errorf("load pid_namespace_level: %w", err)
	}
	defer program.Close()
	level, err := program.Run(&ebpf.RunOptions{})
	if err != nil {
		return 0, fmt.Errorf("run pid_namespace_level: %w", err)
	}
	return level, nil
}

// pidNamespaceInode returns N of the caller's pid:[N].
func pidNamespaceInode() (uint32, error) {
	text, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return 0, fmt.Errorf("read PID namespace: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(text, "pid:["), "]"), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("read PID namespace %q: %w", text, err)
	}
	return uint32(n), nil
}
