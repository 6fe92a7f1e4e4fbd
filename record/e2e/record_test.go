//go:build privileged

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
)

// TestDescendantsAreRecordedFromTheirFirstCallOn follows threads, children,
// shells and daemons of the command, each of which sends as soon as it runs.
func TestDescendantsAreRecordedFromTheirFirstCallOn(t *testing.T) {
	dir := t.TempDir()
	log, path := filepath.Join(dir, "log"), filepath.Join(dir, "x.smr")
	must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", workload, "family", "-log", log)
	calls, err := truth.Read(log)
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[int64]event{}
	events := readEvents(t, path)
	for _, e := range events {
		recorded[e.tid] = e
	}
	if len(calls) != 6 || len(events) != len(calls) {
		t.Errorf("%d calls, %d events", len(calls), len(events))
	}
	for _, c := range calls {
		if e, ok := recorded[int64(c.TID)]; !ok || e.pid != int64(c.PID) {
			t.Errorf("%s (thread %d of process %d) is not recorded", c.Case, c.TID, c.PID)
		}
	}
}

func TestTheRecorderLeavesOthersOutOfItsCommand(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.smr")
	noise := exec.Command(workload, "load", "-n", "100000000", "-rate", "5000")
	if err := noise.Start(); err != nil {
		t.Fatal(err)
	}
	defer noise.Wait()
	defer noise.Process.Kill()
	r := must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", workload, "load", "-n", "20000", "-rate", "20000")
	l := decodeLoad(t, r.stdout)
	if i := readInfo(t, path); i.Events != 20000 || countByPID(t, path)[l.PID] != 20000 || i.Filtered == 0 {
		t.Errorf("20000 calls of the command: %d events, %d filtered", i.Events, i.Filtered)
	}
}

// TestOnlyTheRecorderWaitsLonger reads the timer slack of a recorder, of its
// command and of its sink's program, in nanoseconds.
func TestOnlyTheRecorderWaitsLonger(t *testing.T) {
	const relaxed, usual = "5000000\n", "50000\n"
	path := filepath.Join(t.TempDir(), "x.smr")
	r := must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", "sh", "-c",
		"for i in $(seq 500); do grep -qx 5000000 /proc/$PPID/timerslack_ns && break; sleep 0.01; done; cat /proc/$PPID/timerslack_ns /proc/self/timerslack_ns")
	if r.stdout != relaxed+usual {
		t.Errorf("recorder and command: %q", r.stdout)
	}
	r = must(t, 0, sendmsgrec, "record", "-q", "--to", "exec:cat /proc/self/timerslack_ns; exec cat >/dev/null", "--duration", "200ms")
	if r.stdout != usual {
		t.Errorf("the sink's program: %q", r.stdout)
	}
	if out := must(t, 0, sendmsgrec, "doctor").stdout; !regexp.MustCompile(`(?m)^yes +privileges given up`).MatchString(out) {
		t.Error(out)
	}
}

func TestAFileIsPrivateAndNeverOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.smr")
	must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", "true")
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, sendmsgrec, "record", "-q", "-o", path, "--", "true"); r.code == 0 || !strings.Contains(r.stderr, "--force") {
		t.Errorf("a second recording into the file ended with %d: %s", r.code, r.stderr)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was changed")
	}
	must(t, 0, sendmsgrec, "record", "-q", "--force", "-o", path, "--", "true")
	target := filepath.Join(dir, "target")
	if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, force := range []string{"--force=false", "--force"} {
		if r := run(t, sendmsgrec, "record", "-q", force, "-o", filepath.Join(dir, "link"), "--", "true"); r.code == 0 {
			t.Errorf("with %s it wrote through a symbolic link", force)
		}
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("the target of a symbolic link was created")
	}
}

func TestExitCodesAndReasons(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, reason string
		code         int
		status       int // of the command, -1 is none
		args         []string
	}{
		{"the command's status is not ours", "command-exit", 0, 7, []string{"--", "sh", "-c", "exit 7"}},
		{"a command killed by a signal", "command-exit", 0, 128 + 15, []string{"--", "sh", "-c", "kill $$"}},
		{"a duration", "duration", 0, -1, []string{"--duration", "300ms"}},
		{"a command that is not there", "", 2, -1, []string{"--", "/nowhere/command"}},
		{"an unknown flag", "", 2, -1, []string{"--no-such-flag"}},
		{"a buffer that is too small", "", 2, -1, []string{"--buffer-size", "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "-")+".smr")
			must(t, c.code, sendmsgrec, append([]string{"record", "-q", "-o", path}, c.args...)...)
			if c.code != 0 {
				if _, err := os.Stat(path); err == nil {
					t.Error("a file was left behind")
				}
				return
			}
			i := readInfo(t, path)
			if i.EndReason != c.reason || (i.CommandStatus == nil) != (c.status < 0) || i.CommandStatus != nil && *i.CommandStatus != c.status {
				t.Errorf("reason %q, status %v", i.EndReason, i.CommandStatus)
			}
		})
	}
	t.Run("SIGINT ends a recording in order", func(t *testing.T) {
		r := start(t, "-q")
		if code := r.stop(); code != 0 {
			t.Errorf("exit code %d\n%s", code, r.stderr.String())
		}
		if i := readInfo(t, r.path); i.EndReason != "signal" || !i.Complete {
			t.Errorf("%+v", i)
		}
	})
	t.Run("exactly so many events", func(t *testing.T) {
		path := filepath.Join(dir, "max.smr")
		must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--max-events", "1000", "--", workload, "load", "-n", "50000")
		if i := readInfo(t, path); i.Events != 1000 || i.EndReason != "max-events" {
			t.Errorf("%d events, ended by %s", i.Events, i.EndReason)
		}
	})
}
