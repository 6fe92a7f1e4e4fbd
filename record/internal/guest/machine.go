package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// machine is a kind of guest.
type machine struct {
	name    string // kernel and architecture
	kernel  string // Debian's version, as .ci/debian/kernel takes it
	arch    string // as Debian and Go name it
	qemu    []string
	console string
	flavour string // of the kernel: "" is Debian's for cloud machines, or generic
	boot    string // further parameters of the kernel
	tests   string // that run there by default
	// preempts: this kernel preempts the fentry tier's programs, so that the tier
	// loses calls of threads that make many at once, and TierAuto passes over it.
	preempts bool
	minutes  int // that they took when this was written
	// tiers are those that have to load there.
	// On the running kernel, those that do load.
	tiers []string
	// build is that of the programs that have to load there, for every tier: a
	// change that the kernel's verifier refuses is a slower build elsewhere, and no
	// failure.
	build string
	// modules are loaded at the start, with what they depend on, where the
	// kernel has them.
	modules []string
}

// familyModules give the table's cases their address families, and a sender
// inside the kernel.
var familyModules = []string{"vsock_loopback", "nbd"}

func machines() []*machine {
	amd64 := func(kernel, build, tests string, minutes int) *machine {
		return &machine{
			name: kernel + "-amd64", kernel: kernel, arch: "amd64", console: "ttyS0",
			qemu:    []string{"qemu-system-x86_64", "-M", "pc", "-cpu", "max,-cx16"},
			tests:   tests,
			minutes: minutes,
			build:   build,
			tiers:   []string{"fentry", "kprobe", "tracepoint"},
			modules: familyModules,
		}
	}
	// Storage with a task is memory that this kernel gives only to processors with
	// cmpxchg16b.
	newest := amd64("7.3", "typed", allTests, 8)
	newest.qemu = []string{"qemu-system-x86_64", "-M", "pc", "-cpu", "max"}
	newest.preempts = true
	// On the tracepoint tier this kernel loses calls (docs/kernels.md).
	newest.tiers = []string{"fentry", "kprobe"}
	// Debian's generic kernels serve x32 callers when they are asked to.
	x32 := amd64("6.1", "mixed", tableTests, 2)
	x32.name, x32.flavour, x32.boot = "6.1-x32", "generic", "syscall.x32=y"
	list := []*machine{
		amd64("5.10", "portable", oldTests, 6), amd64("6.1", "mixed", oldTests, 6), amd64("6.12", "typed", allTests, 7), newest, x32,
		{
			name: "6.1-arm64", kernel: "6.1", arch: "arm64", console: "ttyAMA0",
			// Signing pointers in the architecture's own way is slow to emulate.
			qemu:    []string{"qemu-system-aarch64", "-M", "virt", "-cpu", "max,pauth-impdef=on"},
			tests:   archTests,
			minutes: 3,
			build:   "mixed",
			// BPF trampolines on arm64 need kernel 6.4.
			tiers:   []string{"kprobe", "tracepoint"},
			modules: familyModules,
		},
	}
	if os.Getuid() == 0 {
		list = append(list, &machine{name: runningName, arch: hostArch, tests: tableTests, tiers: []string{"fentry", "kprobe", "tracepoint"}})
	}
	return list
}

// testsOf returns the tests that the machine runs by default on a tier.
func (m *machine) testsOf(tier string) string {
	if m.preempts && tier == "fentry" {
		return quietTests
	}
	return m.tests
}

func machineNames() []string {
	var names []string
	for _, m := range machines() {
		names = append(names, m.name)
	}
	return names
}

// dir returns the kernel's directory; fetch makes it where it is missing.
func (m *machine) dir(cache string) string {
	return filepath.Join(cache, "kernels", strings.Join(slices.DeleteFunc([]string{m.kernel, m.flavour, m.arch},
		func(s string) bool { return s == "" }), "-"))
}

func (m *machine) fetch(cache string) error {
	if m.name == runningName {
		return nil
	}
	out, err := exec.Command(".ci/debian/kernel", m.kernel, m.arch, m.dir(cache), m.flavour).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fetch kernel %s (run this in the repository's root): %w\n%s", m.name, err, out)
	}
	return nil
}

// chosen returns the machine's tiers that the flag asks for.
func (m *machine) chosen(tiers string) []string {
	if tiers == "all" {
		return m.tiers
	}
	var list []string
	for _, tier := range strings.Split(tiers, ",") {
		if slices.Contains(m.tiers, tier) {
			list = append(list, tier)
		}
	}
	return list
}

// quiet keeps the kernel from talking, and from doubting a slow emulator: its
// timer, and processors that a busy host leaves waiting. A panic ends the guest.
const quiet = "loglevel=1 panic=-1 no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1"

// command is the qemu command line. /dev/kvm is not used even where there is
// one: what is tested must not depend on it.
func (m *machine) command(cache, initrd string) []string {
	args := append(slices.Clone(m.qemu),
		"-m", "1024", "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot",
		"-kernel", filepath.Join(m.dir(cache), "vmlinuz"), "-initrd", initrd,
		"-append", "console="+m.console+" "+quiet+" "+m.boot)
	return args
}
