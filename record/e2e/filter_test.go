//go:build privileged

package e2e_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// nobody is a user that is not root.
const nobody = 65534

// TestFilters runs two loads, of which the filter wants one: all of it is
// recorded, nothing of the other, and the accounts add up.
func TestFilters(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter func(wanted *exec.Cmd) []string // the wanted load runs already
		alter  func(wanted *exec.Cmd)
	}{
		{"by process, with its threads", func(w *exec.Cmd) []string { return []string{"--pid", strconv.Itoa(w.Process.Pid)} }, nil},
		{"by user", func(*exec.Cmd) []string { return []string{"--uid", fmt.Sprint(nobody)} }, func(w *exec.Cmd) {
			w.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}},
		{"by thread name", func(*exec.Cmd) []string { return []string{"--comm", "wanted"} }, func(w *exec.Cmd) { w.Path += "-wanted/wanted" }},
		{"by process and user at once", func(w *exec.Cmd) []string {
			return []string{"--pid", strconv.Itoa(w.Process.Pid), "--uid", "0"}
		}, nil},
		{"by one of several processes", func(w *exec.Cmd) []string { return []string{"--pid", "1", "--pid", strconv.Itoa(w.Process.Pid)} }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, 0, "mkdir", "-p", workload+"-wanted")
			must(t, 0, "cp", workload, workload+"-wanted/wanted")
			// The loads wait for their input to close before they send.
			wanted, other := gatedLoad(t, 40000), gatedLoad(t, 30000)
			if c.alter != nil {
				c.alter(wanted.cmd)
			}
			wanted.start()
			other.start()
			r := start(t, append([]string{"-q"}, c.filter(wanted.cmd)...)...)
			w, o := wanted.finish(), other.finish()
			if code := r.stop(); code != 0 {
				t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
			}
			i := readInfo(t, r.path)
			counts := countByPID(t, r.path)
			if i.Events+i.Lost != w.Calls || counts[w.PID] != i.Events || counts[o.PID] != 0 {
				t.Errorf("%d calls wanted: %d events, %d lost; %d events of the other", w.Calls, i.Events, i.Lost, counts[o.PID])
			}
			if i.Filtered < o.Calls {
				t.Errorf("%d filtered, the other made %d calls", i.Filtered, o.Calls)
			}
			if !i.LostUpperBound {
				t.Error("with a filter, skipped entries are an upper bound")
			}
		})
	}
}

// gated is a load that has started and waits.
type gated struct {
	t    *testing.T
	cmd  *exec.Cmd
	gate interface{ Close() error }
	out  bytes.Buffer
}

func gatedLoad(t *testing.T, n int) *gated {
	t.Helper()
	g := &gated{t: t, cmd: exec.Command(workload, "load", "-n", fmt.Sprint(n), "-threads", "2", "-gate")}
	g.cmd.Stdout = &g.out
	var err error
	if g.gate, err = g.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *gated) start() {
	g.t.Helper()
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gated) finish() truth.Load {
	g.t.Helper()
	g.gate.Close()
	if err := g.cmd.Wait(); err != nil {
		g.t.Fatal(err)
	}
	return decodeLoad(g.t, g.out.String())
}

// TestCallsUnderWay records while calls are blocked: one that entered before
// the start is counted apart, one that has not returned at the end is an event
// without a result.
func TestCallsUnderWay(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	blocked := func() (*exec.Cmd, interface{ Close() error }) {
		cmd := exec.Command(workload, "child", "blocked", log)
		gate, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { gate.Close(); cmd.Wait() })
		return cmd, gate
	}
	logged := func(n int) func() bool {
		return func() bool { calls, err := truth.Read(log); return err == nil && len(calls) == n }
	}
	early, _ := blocked()
	waitFor(t, "the early call", logged(1))
	time.Sleep(100 * time.Millisecond)
	r := start(t, "-q", "--comm", "workload")
	late, _ := blocked()
	waitFor(t, "the late call", logged(2))
	time.Sleep(100 * time.Millisecond)
	early.Process.Kill()
	early.Wait()
	if code := r.stop(); code != 0 {
		t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
	}
	i := readInfo(t, r.path)
	if i.InFlight != 0 || i.UnderWay != 1 || i.Events != 1 {
		t.Errorf("in flight %d, under way %d, events %d: expected 0, 1, 1", i.InFlight, i.UnderWay, i.Events)
	}
	for _, e := range readEvents(t, r.path) {
		if outcome, _ := e.int(schema.ColOutcome); outcome != schema.OutcomeInFlight {
			t.Errorf("outcome %d of the late call", outcome)
		}
		if ret, ok := e.int(schema.ColRet); ok {
			t.Errorf("the late call returned %d", ret)
		}
	}
	late.Process.Kill()
}
