package bpf

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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

// Doctor tries, one by one, what the recorder needs (Required) and what a
// better probe tier would need, and last the whole probe. It loads and attaches
// for real and leaves nothing behind.
func Doctor() []Check {
	checks := []Check{
		required(checkBTF()),
		required(helperCheck("task storage", features.HaveMapType(ebpf.TaskStorage), "kernel 5.11 or later")),
		required(helperCheck("BPF ring buffer", features.HaveMapType(ebpf.RingBuf), "kernel 5.8 or later")),
		required(checkTypedReads()),
		required(checkTracefs()),
	}
	for _, name := range []string{"sys_enter_sendmsg", "sys_exit_sendmsg"} {
		checks = append(checks, required(checkTracepoint("syscalls", name)))
	}
	checks = append(checks,
		checkAttachType("fentry", ebpf.AttachTraceFEntry),
		checkAttachType("fexit", ebpf.AttachTraceFExit),
		checkKprobe(),
		checkTracepoint("sock", "sock_send_length"),
		checkTracepoint("tcp", "tcp_sendmsg_locked"),
		checkTracepoint("io_uring", "io_uring_submit_req"),
		checkTracepoint("io_uring", "io_uring_complete"),
		checkLockdown(),
		required(checkWhole()),
	)
	return checks
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
		// The library guesses at a limit of locked memory, which kernels with
		// BTF no longer apply to BPF.
		detail := strings.ReplaceAll(err.Error(), " (MEMLOCK may be too low, consider rlimit.RemoveMemlock)", "")
		return Check{Name: name, State: StateNo, Detail: detail, Hint: privilegeHint()}
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, os.ErrNotExist):
		return Check{Name: name, State: StateNo, Detail: err.Error(), Hint: hint}
	}
	return Check{Name: name, State: StateUnknown, Detail: err.Error(), Hint: hint}
}

func privilegeHint() string {
	if os.Geteuid() != 0 {
		return "run as root, or with CAP_BPF and CAP_PERFMON"
	}
	return "this kernel forbids it even to root"
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
	for _, root := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
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
		Type: ebpf.TracePoint, License: "Dual BSD/GPL",
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

// checkAttachType loads a program of the kind; that the kernel refuses at load
// is what locked-down kernels do.
func checkAttachType(name string, attach ebpf.AttachType) Check {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: attach, AttachTo: "__sys_sendmsg", License: "Dual BSD/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err == nil {
		err = program.Close()
	}
	return check(name+" on __sys_sendmsg", err, "a kernel with BPF trampolines (5.5 or later)")
}

func checkKprobe() Check {
	const name = "kprobe"
	if _, err := os.Stat("/sys/bus/event_source/devices/kprobe"); errors.Is(err, os.ErrNotExist) {
		return Check{Name: name, State: StateNo, Detail: "the kernel has no kprobe event source", Hint: "a kernel built with CONFIG_KPROBE_EVENTS"}
	} else if err != nil {
		return check(name, err, "")
	}
	return check(name, features.HaveProgramType(ebpf.Kprobe), "a kernel built with CONFIG_KPROBE_EVENTS")
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

// checkWhole opens the probe and sends itself a message through a process of
// its own, since the recorder's own calls are not recorded.
func checkWhole() Check {
	const name = "tracepoint tier, loaded and attached"
	p, err := Open(Config{RingBytes: MinRingBytes})
	if err != nil {
		return check(name, err, "")
	}
	start := time.Now()
	if err := sendToSelf(); err != nil {
		return check(name, errors.Join(err, p.Close()), "")
	}
	var self uint64
	for cpu := range p.CPUs() {
		self += p.Ring(cpu).Counters().Self
	}
	if err := p.Close(); err != nil {
		return check(name, err, "")
	}
	if self == 0 {
		return Check{Name: name, State: StateNo, Detail: "attached, but a sendmsg() of this process was not seen"}
	}
	return Check{Name: name, State: StateYes, Detail: fmt.Sprintf("saw its own test message within %v", time.Since(start).Round(time.Microsecond))}
}

func sendToSelf() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if err := unix.Sendmsg(pair[0], []byte("sendmsgrec"), nil, nil, 0); err != nil {
		return fmt.Errorf("sendmsg: %w", err)
	}
	return nil
}

// Description says what a probe is, for the recording's header.
type Description struct {
	Tier  string
	Hooks []string
	// Unavailable names what this tier cannot see, and why.
	Unavailable map[string]string
}

// Describe returns what the probe watches and what it cannot see.
func (p *Probe) Describe() Description {
	return Description{
		Tier:  "tracepoint",
		Hooks: p.hooks,
		Unavailable: map[string]string{
			"toctou":     "the tracepoints do not show the kernel's copy of the msghdr",
			"attempt_of": "attempts of a restarted call are recorded apart and not linked",
			"compat32":   "32-bit callers do not reach syscalls:sys_enter_sendmsg",
			"io_uring":   "sends through io_uring do not enter by a system call",
			"kernel":     "senders inside the kernel do not enter by a system call",
		},
	}
}
