package bpf

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// attachSyscall attaches to the tracepoint of a system call's entry or exit.
func attachSyscall(h *hook, exit bool, program *ebpf.Program) (link.Link, string, error) {
	name := "sys_enter_" + h.place
	if exit {
		name = "sys_exit_" + h.place
	}
	l, err := attachTracepoint("syscalls", name, program)
	return l, "tracepoint:syscalls:" + name, err
}

// attachTracepoint runs the program at each hit of the tracepoint, on all
// CPUs. Through a perf event, because that way system calls other than the one
// traced pay a fifth of what they pay for a raw tracepoint
// (docs/benchmarks.md).
func attachTracepoint(group, name string, program *ebpf.Program) (link.Link, error) {
	id, err := tracepointID(group, name)
	if err != nil {
		return nil, fmt.Errorf("tracepoint %s:%s: %w", group, name, err)
	}
	attr := unix.PerfEventAttr{
		Type:        unix.PERF_TYPE_TRACEPOINT,
		Config:      id,
		Sample_type: unix.PERF_SAMPLE_RAW,
		Sample:      1,
		Wakeup:      1,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	// The program runs on all CPUs whichever the event is opened on.
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("perf event of %s:%s: %w", group, name, err)
	}
	l, err := attachPerfEvent(fd, program)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("attach to %s:%s: %w", group, name, err)
	}
	return l, nil
}

func attachPerfEvent(fd int, program *ebpf.Program) (link.Link, error) {
	raw, err := link.AttachRawLink(link.RawLinkOptions{
		Target: fd, Program: program, Attach: ebpf.AttachPerfEvent,
	})
	if err == nil {
		return &perfLink{Link: raw, fd: fd}, nil
	}
	if !errors.Is(err, ebpf.ErrNotSupported) && !errors.Is(err, unix.EINVAL) {
		return nil, err
	}
	// Before 5.15 there are no links of perf events; closing the event detaches.
	if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, program.FD()); err != nil {
		return nil, err
	}
	if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
		return nil, err
	}
	return &perfLink{fd: fd}, nil
}

// perfLink is a program attached to a perf event.
type perfLink struct {
	link.Link // nil when attached by ioctl
	fd        int
}

func (l *perfLink) Close() error {
	var err error
	if l.Link != nil {
		err = l.Link.Close()
	}
	return errors.Join(err, unix.Close(l.fd))
}
