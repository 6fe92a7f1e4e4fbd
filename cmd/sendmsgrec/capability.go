package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/bpf"
)

// capability is one of the kernel's privileges, by its number.
type capability int

var capabilityNames = [...]string{
	unix.CAP_CHOWN: "CAP_CHOWN", unix.CAP_DAC_OVERRIDE: "CAP_DAC_OVERRIDE", unix.CAP_DAC_READ_SEARCH: "CAP_DAC_READ_SEARCH",
	unix.CAP_FOWNER: "CAP_FOWNER", unix.CAP_FSETID: "CAP_FSETID", unix.CAP_KILL: "CAP_KILL", unix.CAP_SETGID: "CAP_SETGID",
	unix.CAP_SETUID: "CAP_SETUID", unix.CAP_SETPCAP: "CAP_SETPCAP", unix.CAP_LINUX_IMMUTABLE: "CAP_LINUX_IMMUTABLE",
	unix.CAP_NET_BIND_SERVICE: "CAP_NET_BIND_SERVICE", unix.CAP_NET_BROADCAST: "CAP_NET_BROADCAST", unix.CAP_NET_ADMIN: "CAP_NET_ADMIN",
	unix.CAP_NET_RAW: "CAP_NET_RAW", unix.CAP_IPC_LOCK: "CAP_IPC_LOCK", unix.CAP_IPC_OWNER: "CAP_IPC_OWNER",
	unix.CAP_SYS_MODULE: "CAP_SYS_MODULE", unix.CAP_SYS_RAWIO: "CAP_SYS_RAWIO", unix.CAP_SYS_CHROOT: "CAP_SYS_CHROOT",
	unix.CAP_SYS_PTRACE: "CAP_SYS_PTRACE", unix.CAP_SYS_PACCT: "CAP_SYS_PACCT", unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN",
	unix.CAP_SYS_BOOT: "CAP_SYS_BOOT", unix.CAP_SYS_NICE: "CAP_SYS_NICE", unix.CAP_SYS_RESOURCE: "CAP_SYS_RESOURCE",
	unix.CAP_SYS_TIME: "CAP_SYS_TIME", unix.CAP_SYS_TTY_CONFIG: "CAP_SYS_TTY_CONFIG", unix.CAP_MKNOD: "CAP_MKNOD",
	unix.CAP_LEASE: "CAP_LEASE", unix.CAP_AUDIT_WRITE: "CAP_AUDIT_WRITE", unix.CAP_AUDIT_CONTROL: "CAP_AUDIT_CONTROL",
	unix.CAP_SETFCAP: "CAP_SETFCAP", unix.CAP_MAC_OVERRIDE: "CAP_MAC_OVERRIDE", unix.CAP_MAC_ADMIN: "CAP_MAC_ADMIN",
	unix.CAP_SYSLOG: "CAP_SYSLOG", unix.CAP_WAKE_ALARM: "CAP_WAKE_ALARM", unix.CAP_BLOCK_SUSPEND: "CAP_BLOCK_SUSPEND",
	unix.CAP_AUDIT_READ: "CAP_AUDIT_READ", unix.CAP_PERFMON: "CAP_PERFMON", unix.CAP_BPF: "CAP_BPF",
	unix.CAP_CHECKPOINT_RESTORE: "CAP_CHECKPOINT_RESTORE",
}

func (c capability) String() string {
	if int(c) < len(capabilityNames) {
		return capabilityNames[c]
	}
	return fmt.Sprintf("CAP_%d", int(c))
}

// harmlessFirst are the capabilities that recording is known to use somewhere,
// in the order in which one would rather give them away. Others come behind
// them, and at last CAP_SYS_ADMIN, which stands for many.
var harmlessFirst = []capability{unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_DAC_READ_SEARCH, unix.CAP_SYS_RESOURCE, unix.CAP_DAC_OVERRIDE}

// capabilityPurposes say what recording does with a capability.
var capabilityPurposes = map[capability]string{
	unix.CAP_BPF:             "load programs and make maps",
	unix.CAP_PERFMON:         "attach to the kernel's hooks and read its memory",
	unix.CAP_DAC_READ_SEARCH: "enter tracefs, which belongs to root, for the numbers of tracepoints",
	unix.CAP_DAC_OVERRIDE:    "write to tracefs, which belongs to root, to make kprobe events",
	unix.CAP_SYS_RESOURCE:    "lock memory beyond the limit, to which kernels before 5.11 charge maps",
	unix.CAP_SYS_ADMIN:       "mount tracefs where the system has not, open perf events where kernel.perf_event_paranoid is 3; it stands for CAP_BPF and CAP_PERFMON too",
}

// permittedCapabilities returns what this process can give to a child, in the
// order of preference of harmlessFirst.
func permittedCapabilities() []capability {
	_, mask, _ := bpf.Capabilities() // none where the kernel does not tell
	var list []capability
	add := func(c capability) {
		if mask>>c&1 == 1 {
			list = append(list, c)
			mask &^= 1 << c
		}
	}
	for _, c := range harmlessFirst {
		add(c)
	}
	for c := range capability(64) {
		if c != unix.CAP_SYS_ADMIN {
			add(c)
		}
	}
	add(unix.CAP_SYS_ADMIN)
	return list
}
