//go:build privileged

package bpf

import (
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// What the parts of a recorder cost, one at a time, for docs/benchmarks.md:
//
//	go test -tags privileged -run '^$' -bench Parts -benchtime 1x ./bpf
//
// Each part runs in a program on sys_enter_sendmsg beside an empty one on
// sys_exit_sendmsg, both attached by perf event unless it says otherwise. The
// untraced loop runs right before each traced one; the medians of the
// differences are reported. Loops are sendmsg and recv of 64 bytes on a Unix
// datagram pair, and getppid.

const (
	partRounds = 15
	partCalls  = 4000
)

type part struct {
	name  string
	enter asm.Instructions // the end of the program is appended
	maps  func(b *testing.B) map[string]*ebpf.Map
	raw   bool // tp_btf on raw sys_enter and sys_exit, with a test of the call's number
}

func parts() []part {
	key := asm.Instructions{
		asm.Mov.Imm(asm.R1, 0), asm.StoreMem(asm.R10, -8, asm.R1, asm.DWord),
		asm.Mov.Reg(asm.R2, asm.R10), asm.Add.Imm(asm.R2, -8),
	}
	task := asm.Instructions{asm.FnGetCurrentTaskBtf.Call()}
	storage := func(flags int32) asm.Instructions {
		return append(slices.Clone(task),
			asm.Mov.Reg(asm.R2, asm.R0), asm.LoadMapPtr(asm.R1, 0).WithReference("storage"),
			asm.Mov.Imm(asm.R3, 0), asm.Mov.Imm(asm.R4, flags), asm.FnTaskStorageGet.Call())
	}
	storageDelete := append(slices.Clone(task),
		asm.Mov.Reg(asm.R2, asm.R0), asm.LoadMapPtr(asm.R1, 0).WithReference("storage"), asm.FnTaskStorageDelete.Call())
	readUser := func(size int32) asm.Instructions {
		return asm.Instructions{
			asm.LoadMem(asm.R3, asm.R1, 24, asm.DWord), // the second argument: the msghdr
			asm.Mov.Reg(asm.R1, asm.R10), asm.Add.Imm(asm.R1, -256),
			asm.Mov.Imm(asm.R2, size), asm.FnProbeReadUser.Call(),
		}
	}
	hash := append(append(slices.Clone(key),
		asm.Mov.Reg(asm.R3, asm.R2), asm.LoadMapPtr(asm.R1, 0).WithReference("hash"), asm.Mov.Imm(asm.R4, 0), asm.FnMapUpdateElem.Call()),
		append(slices.Clone(key), asm.LoadMapPtr(asm.R1, 0).WithReference("hash"), asm.FnMapDeleteElem.Call())...)
	ring := asm.Instructions{
		asm.LoadMapPtr(asm.R1, 0).WithReference("ring"), asm.Mov.Imm(asm.R2, EventSize+GroupsSize+16), asm.Mov.Imm(asm.R3, 0),
		asm.FnRingbufReserve.Call(), asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Reg(asm.R1, asm.R0), asm.Mov.Imm(asm.R2, 1 /* BPF_RB_NO_WAKEUP */), asm.FnRingbufDiscard.Call(),
	}
	comm := asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R10), asm.Add.Imm(asm.R1, -16), asm.Mov.Imm(asm.R2, 16), asm.FnGetCurrentComm.Call(),
	}
	withMap := func(name string, spec *ebpf.MapSpec) func(b *testing.B) map[string]*ebpf.Map {
		return func(b *testing.B) map[string]*ebpf.Map {
			m, err := ebpf.NewMap(spec)
			if err != nil {
				b.Fatal(err)
			}
			return map[string]*ebpf.Map{name: m}
		}
	}
	integer := &btf.Int{Name: "long", Size: 8, Encoding: btf.Signed}
	storageMap := withMap("storage", &ebpf.MapSpec{
		Type: ebpf.TaskStorage, KeySize: 4, ValueSize: 8, Flags: unix.BPF_F_NO_PREALLOC,
		Key: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}, Value: integer,
	})
	return []part{
		{name: "two empty programs, perf event"},
		{name: "two empty programs, tp_btf on raw sys_enter and sys_exit", raw: true},
		{name: "a clock read (bpf_ktime_get_boot_ns)", enter: asm.Instructions{asm.FnKtimeGetBootNs.Call()}},
		{name: "task storage, kept", enter: storage(1), maps: storageMap},
		{name: "task storage, made and deleted", enter: append(storage(1), storageDelete...), maps: storageMap},
		{name: "hash map, updated and deleted", enter: hash, maps: withMap("hash", &ebpf.MapSpec{Type: ebpf.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 1024})},
		{name: "bpf_get_current_comm", enter: comm},
		{name: "bpf_probe_read_user of 56 bytes", enter: readUser(56)},
		{name: "bpf_probe_read_user of 200 bytes", enter: readUser(200)},
		{name: "ring buffer, reserve and discard", enter: ring, maps: withMap("ring", &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 20})},
	}
}

func BenchmarkParts(b *testing.B) {
	for _, p := range parts() {
		b.Run(p.name, func(b *testing.B) {
			reportAdded(b, func() func() { return p.attach(b) })
		})
	}
	typed := candidates[slices.IndexFunc(candidates, func(c candidate) bool { return c.tier == TierTracepoint && c.build == buildTyped })]
	for name, cfg := range map[string]Config{"the whole probe": {}, "the whole probe, sends counted": {CountSends: true}} {
		b.Run(name, func(b *testing.B) {
			reportAdded(b, func() func() {
				p, err := open(cfg, typed, btf.NewCache(), 1, false) // this process is the one that sends
				if err != nil {
					b.Fatal(err)
				}
				return func() {
					if err := p.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func (p *part) attach(b *testing.B) (detach func()) {
	enter, exit := slices.Clone(p.enter), asm.Instructions{}
	var maps map[string]*ebpf.Map
	if p.maps != nil {
		maps = p.maps(b)
	}
	end := asm.Instructions{asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return()}
	kind, names := ebpf.TracePoint, [2]string{"sys_exit_sendmsg", "sys_enter_sendmsg"}
	if p.raw {
		kind, names = ebpf.Tracing, [2]string{"sys_exit", "sys_enter"}
		// Both hand over the registers or the number; a comparison stands for
		// the filter by number that such a recorder needs.
		filter := asm.Instructions{asm.LoadMem(asm.R2, asm.R1, 8, asm.DWord), asm.JNE.Imm(asm.R2, unix.SYS_SENDMSG, "out")}
		enter, exit = append(filter, enter...), append(slices.Clone(filter), exit...)
	}
	closers := []func() error{}
	for _, m := range maps {
		closers = append(closers, m.Close)
	}
	for i, insns := range []asm.Instructions{append(exit, end...), append(enter, end...)} {
		spec := &ebpf.ProgramSpec{Type: kind, License: license, Instructions: insns}
		if p.raw {
			spec.AttachType, spec.AttachTo = ebpf.AttachTraceRawTp, names[i]
		}
		for name, m := range maps {
			if err := spec.Instructions.AssociateMap(name, m); err != nil && i == 1 {
				b.Fatal(err)
			}
		}
		program, err := ebpf.NewProgram(spec)
		if err != nil {
			b.Fatal(err)
		}
		var l link.Link
		if p.raw {
			l, err = link.AttachTracing(link.TracingOptions{Program: program})
		} else {
			l, err = attachTracepoint("syscalls", names[i], program)
		}
		if err != nil {
			b.Fatal(err)
		}
		closers = append(closers, l.Close, program.Close)
	}
	return func() {
		for _, c := range closers {
			if err := c(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// reportAdded reports what the attached programs add to a sendmsg and to a
// system call that is not traced.
func reportAdded(b *testing.B, attach func() (detach func())) {
	var sends, others []float64
	for range partRounds {
		send, other := timeSends(), timeOthers()
		detach := attach()
		sends = append(sends, timeSends()-send)
		others = append(others, timeOthers()-other)
		detach()
	}
	slices.Sort(sends)
	slices.Sort(others)
	b.ReportMetric(sends[len(sends)/2], "added-ns/sendmsg")
	b.ReportMetric(others[len(others)/2], "added-ns/getppid")
	b.ReportMetric(0, "ns/op")
}

// timeSends returns the least time of a sendmsg and recv over some slices, in
// nanoseconds: what disturbs a slice only adds to it.
func timeSends() float64 {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	must(err)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	buffer := make([]byte, 64)
	memory := pages(1)
	defer unix.Munmap(memory)
	msg := put(memory, msghdr{iov: put(memory[64:], iovec{address(buffer), 64}), iovlen: 1})
	return leastTime(func() {
		sendmsg(pair[0], msg, 0)
		unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(pair[1]), uintptr(address(buffer)), 64, 0, 0, 0)
	})
}

func timeOthers() float64 {
	return leastTime(func() { unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0) })
}

func leastTime(call func()) float64 {
	least := time.Hour
	for range 10 {
		start := time.Now()
		for range partCalls / 10 {
			call()
		}
		least = min(least, time.Since(start))
	}
	return float64(least.Nanoseconds()) / (partCalls / 10)
}
