package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Where things are in the guest.
const (
	initPath   = "/init"
	jobPath    = "/job.json"
	modulesDir = "/modules"
	binDir     = "/bin"
)

// job is what a guest has to do.
type job struct {
	Modules  []string  `json:"modules"` // files of modulesDir, in the order of loading
	Commands []command `json:"commands"`
}

// command is one program that the guest runs.
type command struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	Env  []string `json:"env"`
}

// The marks in the guest's output. A mark stands on a line of its own.
const (
	markRun  = "@guest run "  // followed by the command's name
	markExit = "@guest exit " // followed by the status and the name
	markDone = "@guest done"
)

// runInit is process 1 of the guest: it does its job and switches off.
func runInit() {
	os.Setenv("PATH", binDir)
	if err := do(); err != nil {
		fmt.Println("guest init:", err)
	}
	unix.Sync()
	time.Sleep(100 * time.Millisecond) // the console's last line
	// A process 1 that ends is a panic, which ends the guest too.
	panic(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF))
}

func do() error {
	text, err := os.ReadFile(jobPath)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	if err := prepare(j.Modules); err != nil {
		return err
	}
	for _, c := range j.Commands {
		fmt.Printf("\n%s%s\n", markRun, c.Name)
		fmt.Printf("\n%s%d %s\n", markExit, c.run(), c.Name)
	}
	fmt.Printf("\n%s\n", markDone)
	return nil
}

// prepare makes of a bare kernel what a booted system looks like to the tests.
func prepare(modules []string) error {
	for _, m := range []struct{ kind, target string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"tracefs", "/sys/kernel/tracing"},
		{"bpf", "/sys/fs/bpf"}, {"cgroup2", "/sys/fs/cgroup"},
	} {
		if err := unix.Mount(m.kind, m.target, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if err := os.Chmod("/tmp", 0o1777); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	for _, name := range modules {
		if err := load(filepath.Join(modulesDir, name)); err != nil {
			return fmt.Errorf("load module %s: %w", name, err)
		}
	}
	return nil
}

func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// run returns the command's exit status, 128 and its signal, or 127 when it
// could not be started.
func (c *command) run() int {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir = "/tmp"
	cmd.Env = append([]string{"PATH=" + binDir, "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", "NO_COLOR=1"}, c.Env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		fmt.Println("guest init:", err)
		return 127
	}
	if status, ok := cmd.ProcessState.Sys().(interface {
		Signaled() bool
	}); ok && status.Signaled() {
		fmt.Println("guest init:", err)
		return 128
	}
	return cmd.ProcessState.ExitCode()
}
