package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

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

// tracepointID reads the id of a tracepoint from tracefs. Where tracefs is not
// mounted it is mounted for this one reading, visible to nobody else.
func tracepointID(group, name string) (uint64, error) {
	file := filepath.Join("events", group, name, "id")
	for _, root := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err == nil {
			return parseID(text)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
	}
	fs, err := detachedTracefs()
	if err != nil {
		return 0, fmt.Errorf("%w (hint: mount -t tracefs tracefs /sys/kernel/tracing)", err)
	}
	defer unix.Close(fs)
	fd, err := unix.Openat(fs, file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open %s in tracefs: %w", file, err)
	}
	defer unix.Close(fd)
	var text [32]byte
	n, err := unix.Read(fd, text[:])
	if err != nil {
		return 0, fmt.Errorf("read %s in tracefs: %w", file, err)
	}
	return parseID(text[:n])
}

func parseID(text []byte) (uint64, error) {
	return strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
}

// detachedTracefs returns a descriptor of a tracefs mount that is part of no
// mount namespace and ends when the descriptor is closed (kernel 5.2 and
// later).
func detachedTracefs() (int, error) {
	fs, err := unix.Fsopen("tracefs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("open tracefs: %w", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("create tracefs: %w", err)
	}
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("mount tracefs: %w", err)
	}
	return mount, nil
}
