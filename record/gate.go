package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// gateName is argument 0 of this program when it runs as the gate.
const gateName = "sendmsgrec-gate"

// firstGateFD is the lowest descriptor number for the gate's two pipes: high,
// so that descriptors that the command shall inherit keep their numbers.
const firstGateFD = 100

// The gate is this program, started again: it becomes the command when the
// recorder lets it, so that a pid to watch exists before the command's first
// call. It is an init function because it must come before everything that a
// program or a test does in main.
func init() {
	if len(os.Args) >= 5 && os.Args[0] == gateName {
		gate(os.Args[1], os.Args[2], os.Args[3], os.Args[4:])
	}
}

// gate waits for a byte and becomes the command. If the recorder dies first,
// the pipe ends, and so does the gate.
func gate(openFD, failedFD, path string, args []string) {
	open, _ := strconv.Atoi(openFD)
	failed, _ := strconv.Atoi(failedFD)
	unix.CloseOnExec(open)
	unix.CloseOnExec(failed)
	if n, err := os.NewFile(uintptr(open), "gate").Read(make([]byte, 1)); n != 1 || err != nil {
		os.Exit(1)
	}
	err := syscall.Exec(path, args, os.Environ())
	fmt.Fprint(os.NewFile(uintptr(failed), "failed"), err)
	os.Exit(127)
}

// Command is a command that has a pid but has not begun.
type Command struct {
	name   string
	cmd    *exec.Cmd
	open   *os.File // a byte here lets it begin
	failed *os.File // what went wrong, or just the end
}

// StartCommand starts the gate for args with these files as standard input,
// output and error. It fails when args[0] is not found.
func StartCommand(args []string, stdin io.Reader, stdout, stderr io.Writer) (*Command, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	c := &Command{name: args[0]}
	gateOpen, open, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start command: %w", err)
	}
	defer gateOpen.Close()
	failed, gateFailed, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start command: %w", err), open.Close())
	}
	defer gateFailed.Close()
	c.open, c.failed = open, failed

	// Without close-on-exec, the gate inherits these two under their numbers.
	// Nothing else of this program starts processes.
	var fds [2]int
	for i, f := range []*os.File{gateOpen, gateFailed} {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, firstGateFD)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start command: %w", err), open.Close(), failed.Close())
		}
		defer unix.Close(fd)
		fds[i] = fd
	}
	c.cmd = &exec.Cmd{
		Path:  self,
		Args:  append([]string{gateName, strconv.Itoa(fds[0]), strconv.Itoa(fds[1]), path}, args...),
		Stdin: stdin, Stdout: stdout, Stderr: stderr,
	}
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start command: %w", err), open.Close(), failed.Close())
	}
	return c, nil
}

// PID is the process id that the command has and will have.
func (c *Command) PID() int { return c.cmd.Process.Pid }

// Begin lets the command begin. An error says that it could not be executed.
func (c *Command) Begin() error {
	_, err := c.open.Write([]byte{1})
	err = errors.Join(err, c.open.Close())
	text, readErr := io.ReadAll(c.failed)
	err = errors.Join(err, readErr, c.failed.Close())
	if len(text) > 0 {
		err = errors.Join(err, fmt.Errorf("execute %s: %s", c.name, text))
	}
	if err != nil {
		_ = c.cmd.Wait()
	}
	return err
}

// Abandon ends the gate of a command that did not begin.
func (c *Command) Abandon() {
	_ = c.open.Close()
	_ = c.failed.Close()
	_ = c.cmd.Wait()
}

// Signal sends the command a signal.
func (c *Command) Signal(s os.Signal) error { return c.cmd.Process.Signal(s) }

// Wait waits for the command's end and returns its exit status, 128 + n after
// signal n.
func (c *Command) Wait() int {
	_ = c.cmd.Wait()
	state := c.cmd.ProcessState
	if state == nil {
		return -1
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
