package record

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start starts a command whose output goes to a file, which output reads.
func start(t *testing.T, args ...string) (c *Command, output func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "output")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err = StartCommand(args, nil, f, f)
	if err != nil {
		t.Fatal(err)
	}
	return c, func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

func TestACommandBeginsWhenItMay(t *testing.T) {
	c, output := start(t, "sh", "-c", `echo $$ "$0" "$1"`, "a b", "*")
	time.Sleep(50 * time.Millisecond)
	if got := output(); got != "" {
		t.Errorf("before Begin it wrote %q", got)
	}
	pid := c.PID()
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	if status := c.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	fields := strings.Fields(output())
	if len(fields) != 4 || fields[0] != strconv.Itoa(pid) || fields[1]+" "+fields[2] != "a b" || fields[3] != "*" {
		t.Errorf("it wrote %q, its pid was %d", output(), pid)
	}
}

func TestExitStatusOfACommand(t *testing.T) {
	for _, c := range []struct {
		name   string
		script string
		status int
	}{
		{"success", "exit 0", 0},
		{"a status of its own", "exit 42", 42},
		{"death by a signal is 128 and its number", "kill -TERM $$", 143},
	} {
		t.Run(c.name, func(t *testing.T) {
			command, _ := start(t, "sh", "-c", c.script)
			if err := command.Begin(); err != nil {
				t.Fatal(err)
			}
			if got := command.Wait(); got != c.status {
				t.Errorf("got %d, want %d", got, c.status)
			}
		})
	}
}

func TestACommandThatCannotBeExecutedIsAnError(t *testing.T) {
	if _, err := StartCommand([]string{"no-such-command-here"}, nil, nil, nil); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("not found: %v", err)
	}
	if _, err := StartCommand([]string{"/nonexistent/command"}, nil, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such path: %v", err)
	}
	path := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(path, []byte("\x7fELF this is none"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, path)
	if err := c.Begin(); err == nil || !strings.Contains(err.Error(), "exec format error") || !strings.Contains(err.Error(), path) {
		t.Errorf("no executable: %v", err)
	}
}

func TestACommandInheritsNothingOfTheGate(t *testing.T) {
	// With the shell's own means: it blocks signals while it forks.
	const state = `while read k v; do case $k in SigBlk:|SigIgn:) echo $k $v; esac; done < /proc/$$/status; ulimit -n; `
	c, output := start(t, "sh", "-c", state+"ls -l /proc/$$/fd")
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	want, err := exec.Command("sh", "-c", state).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := output()
	for _, line := range strings.Split(strings.TrimSpace(string(want)), "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("want %q as a child has it that no gate started, got\n%s", line, got)
		}
	}
	if strings.Contains(got, " 100 ->") || strings.Contains(got, " 101 ->") {
		t.Errorf("the gate's pipes stay open:\n%s", got)
	}
}

func TestTheGateEndsWithTheRecorder(t *testing.T) {
	c, output := start(t, "sh", "-c", "echo began")
	c.Abandon() // what the kernel does with our end of the pipe when we die
	if got := output(); got != "" {
		t.Errorf("it wrote %q", got)
	}
	if err := syscall.Kill(c.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the gate is still there: %v", err)
	}
}
