package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const namespaceMark = "SENDMSGREC_BENCH_NAMESPACE"

func inOwnNamespace() bool { return os.Getenv(namespaceMark) != "" }

// enterOwnNamespace runs this program again in a mount namespace of its own,
// so that what prepareTracefs does is seen by the tracers alone.
func enterOwnNamespace() error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), namespaceMark+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	return cmd.Run()
}

// prepareTracefs mounts tracefs where it is not, and puts plain files over the
// function tracer's controls: trace-cmd resets them, though events do not need
// them, and gives up on a locked-down kernel, which refuses that.
func prepareTracefs() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	const tracing = "/sys/kernel/tracing"
	if _, err := os.Stat(filepath.Join(tracing, "events")); err != nil {
		if err := unix.Mount("tracefs", tracing, "tracefs", 0, ""); err != nil {
			return fmt.Errorf("mount tracefs: %w", err)
		}
	}
	for _, control := range []string{"/proc/sys/kernel/ftrace_enabled", tracing + "/set_ftrace_filter",
		tracing + "/set_ftrace_notrace", tracing + "/set_ftrace_pid"} {
		if _, err := os.Stat(control); err != nil {
			continue
		}
		f, err := os.CreateTemp("", "ftrace")
		if err != nil {
			return err
		}
		f.Close()
		err = unix.Mount(f.Name(), control, "", unix.MS_BIND, "")
		os.Remove(f.Name())
		if err != nil {
			return fmt.Errorf("mount over %s: %w", control, err)
		}
	}
	return nil
}
