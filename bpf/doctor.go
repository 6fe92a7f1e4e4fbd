package bpf

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// The answers of a check. A probe that could not be tried says so, rather than
// guess.
const (
	StateYes     = "yes"
	StateNo      = "no"
	StateUnknown = "unknown"
)

// Check is one thing that the recorder needs or could use, tried on the
// running kernel.
type Check struct {
	Name     string `json:"name"`
	State    string `json:"state"` // StateYes, StateNo or StateUnknown
	Detail   string `json:"detail,omitempty"`
	Hint     string `json:"hint,omitempty"`
	Required bool   `json:"required"` // recording is impossible without it
}

// Doctor tries each probe tier, and one by one what the tiers need. It loads
// and attaches for real and leaves nothing behind. chosen is the tier that
// TierAuto takes here, "" when none works.
func Doctor() (checks []Check, chosen string) {
	checks = []Check{
		required(checkBTF()),
		required(helperCheck("BPF ring buffer", features.HaveMapType(ebpf.RingBuf), "kernel 5.8 or later")),
		helperCheck("task storage", features.HaveMapType(ebpf.TaskStorage), "kernel 5.11 or later"),
		checkTypedReads(),
		checkTracefs(),
	}
	for _, name := range []string{"sys_enter_sendmsg", "sys_exit_sendmsg"} {
		checks = append(checks, checkTracepoint("syscalls", name))
	}
	checks = append(checks,
		checkTracepoint("sock", "sock_send_length"),
		checkTracepoint("tcp", "tcp_sendmsg_locked"),
		checkTracepoint("io_uring", "io_uring_submit_req"),
		checkTracepoint("io_uring", "io_uring_complete"),
		checkLockdown(),
	)
	for _, tier := range Tiers() {
		c := checkTier(tier)
		if c.State == StateYes && chosen == "" {
			chosen = tier
		}
		checks = append(checks, c)
	}
	return checks, chosen
}

func required(c Check) Check {
	c.Required = true
	return c
}

func check(name string, err error, hint string) Check {
	switch {
	case err == nil:
		return Check{Name: name, State: StateYes}
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return Check{Name: name, State: StateNo, Detail: plainError{err}.Error(), Hint: privilegeHint()}
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, os.ErrNotExist):
		return Check{Name: name, State: StateNo, Detail: err.Error(), Hint: hint}
	}
	return Check{Name: name, State: StateUnknown, Detail: err.Error(), Hint: hint}
}

func privilegeHint() string {
	if !IsRoot() {
		return "run as root, or with what doctor --caps, run as root, finds to suffice"
	}
	return "this kernel forbids it even to root"
}

// Capabilities returns the effective and the permitted capabilities of this
// process, a bit for each by its number. The error is the kernel's.
func Capabilities() (effective, permitted uint64, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // 32 capabilities each
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return 0, 0, err
	}
	effective = uint64(sets[1].Effective)<<32 | uint64(sets[0].Effective)
	permitted = uint64(sets[1].Permitted)<<32 | uint64(sets[0].Permitted)
	return effective, permitted, nil
}

// IsRoot reports whether this process is root with the capabilities that BPF
// programs ask for, which root in a container mostly has not.
func IsRoot() bool {
	effective, _, err := Capabilities()
	if err != nil || os.Geteuid() != 0 {
		return false
	}
	has := func(c int) bool { return effective>>c&1 != 0 }
	return has(unix.CAP_SYS_ADMIN) || has(unix.CAP_BPF) && has(unix.CAP_PERFMON)
}

func helperCheck(name string, err error, hint string) Check {
	return check(name, err, hint)
}

func checkBTF() Check {
	_, err := btf.LoadKernelSpec()
	return check("kernel BTF", err, "a kernel built with CONFIG_DEBUG_INFO_BTF")
}

func checkTypedReads() Check {
	spec, err := btf.LoadKernelSpec()
	if err == nil {
		var f *btf.Func
		if err = spec.TypeByName("bpf_rdonly_cast", &f); errors.Is(err, btf.ErrNotFound) {
			err = fmt.Errorf("no kfunc bpf_rdonly_cast: %w", ebpf.ErrNotSupported)
		}
	}
	return check("typed reads (bpf_rdonly_cast)", err, "kernel 6.2 or later")
}

func checkTracefs() Check {
	for _, root := range tracefsRoots {
		if _, err := os.Stat(root + "/events"); err == nil {
			return Check{Name: "tracefs", State: StateYes, Detail: "mounted on " + root}
		}
	}
	fd, err := detachedTracefs()
	if err != nil {
		return check("tracefs", err, "mount -t tracefs tracefs /sys/kernel/tracing")
	}
	unix.Close(fd)
	return Check{Name: "tracefs", State: StateYes, Detail: "not mounted; mounted privately when needed"}
}

func checkTracepoint(group, name string) Check {
	title := "tracepoint " + group + ":" + name
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.TracePoint, License: license,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return check(title, err, "")
	}
	defer program.Close()
	l, err := attachTracepoint(group, name, program)
	if err != nil {
		return check(title, err, "this kernel has no such tracepoint")
	}
	if err := l.Close(); err != nil {
		return check(title, err, "")
	}
	return Check{Name: title, State: StateYes}
}

func checkLockdown() Check {
	text, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return Check{Name: "lockdown off", State: StateUnknown, Detail: err.Error()}
	}
	mode := strings.TrimSpace(string(text))
	if strings.Contains(mode, "[none]") {
		return Check{Name: "lockdown off", State: StateYes, Detail: mode}
	}
	return Check{Name: "lockdown off", State: StateNo, Detail: mode}
}

// tierHints say what would make a tier work.
var tierHints = map[string]string{
	TierFentry:     "a kernel with BTF and BPF trampolines, for arm64 6.0 or later",
	TierKprobe:     "a kernel built with CONFIG_KPROBE_EVENTS",
	TierTracepoint: "a kernel with BTF, 5.10 or later, built with CONFIG_FTRACE_SYSCALLS",
}

// checkTier opens the probe with a tier, its self test included.
func checkTier(tier string) Check {
	name := tier + " tier, loaded, attached and tested"
	p, failures, err := openAny(Config{RingBytes: MinRingBytes, Tier: tier, lossless: true})
	if err != nil {
		hint := tierHints[tier]
		if errors.As(err, new(preemptedError)) {
			hint = "--probe " + tier + " takes it all the same; what is skipped is counted as lost"
		}
		c := check(name, err, hint)
		c.State = StateNo
		c.Detail = reasons(failures)[tier]
		return c
	}
	build := p.candidate.build
	if err := p.Close(); err != nil {
		return check(name, err, "")
	}
	return Check{Name: name, State: StateYes, Detail: build + " build; saw its own test messages"}
}
