package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// tracefsRoots are where tracefs is mounted, if it is.
var tracefsRoots = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// openTracefs returns a descriptor of tracefs' root. Where it is not mounted it
// is mounted for this descriptor, visible to nobody else.
func openTracefs() (int, error) {
	for _, root := range tracefsRoots {
		if _, err := os.Stat(filepath.Join(root, "events")); errors.Is(err, os.ErrNotExist) {
			continue
		}
		fd, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, fmt.Errorf("open %s: %w", root, err)
		}
		return fd, nil
	}
	fd, err := detachedTracefs()
	if err != nil {
		return -1, fmt.Errorf("%w (hint: mount -t tracefs tracefs /sys/kernel/tracing)", err)
	}
	return fd, nil
}

// tracepointID reads the id of a tracepoint from tracefs.
func tracepointID(group, name string) (uint64, error) {
	fs, err := openTracefs()
	if err != nil {
		return 0, err
	}
	defer unix.Close(fs)
	text, err := readAt(fs, filepath.Join("events", group, name, "id"))
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
}

// readAt reads a file of tracefs.
func readAt(fs int, file string) ([]byte, error) {
	fd, err := unix.Openat(fs, file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s in tracefs: %w", file, err)
	}
	f := os.NewFile(uintptr(fd), file)
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		return nil, fmt.Errorf("read %s in tracefs: %w", file, err)
	}
	return b.Bytes(), nil
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
