//go:build privileged

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// conserve checks that what was recorded and what was lost is exactly what was
// called, and that the events of the process are all there.
func conserve(t *testing.T, path string, pid int, calls int64) info {
	t.Helper()
	return conserveAll(t, path, truth.Load{PID: pid, Calls: calls})
}

// conserveAll is conserve for several processes.
func conserveAll(t *testing.T, path string, loads ...truth.Load) info {
	t.Helper()
	i, counts := readInfo(t, path), countByPID(t, path)
	var calls, events int64
	for _, l := range loads {
		calls += l.Calls
		events += counts[l.PID]
	}
	if i.Events+i.Lost != calls || i.InFlight != 0 || !i.Complete {
		t.Errorf("%d calls: recorded %d + lost %d = %d, filtered %d, in flight %d, complete %v",
			calls, i.Events, i.Lost, i.Events+i.Lost, i.Filtered, i.InFlight, i.Complete)
	}
	if events != i.Events {
		t.Errorf("%d events of our processes, info says %d", events, i.Events)
	}
	return i
}

func TestThreeMillionCallsAtFullSpeedAreAllRecorded(t *testing.T) {
	path := t.TempDir() + "/x.smr"
	r := must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", workload, "load", "-n", "3000000", "-threads", "2")
	l := decodeLoad(t, r.stdout)
	i := conserve(t, path, l.PID, 3000000)
	if i.Lost != 0 {
		t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
	}
	if i.BytesPerEvent > 4 {
		t.Errorf("%.2f bytes an event on a uniform load", i.BytesPerEvent)
	}
	must(t, 0, sendmsgrec, "verify", path)
	t.Logf("%.0f ns a call, %.2f bytes an event", l.NSPerCall, i.BytesPerEvent)
}

// TestConservation makes an exact number of calls on every tier: at full speed
// and from threads that block and move to another CPU meanwhile, with a ring that
// holds all of them and with one that does not.
func TestConservation(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		n, toLose := 300000, 300000
		if testing.Short() { // with fewer no thread is interrupted in a blocked call
			n, toLose = 30000, 10000
		}
		t.Run("threads that block and migrate are all recorded", func(t *testing.T) {
			path := t.TempDir() + "/x.smr"
			l := decodeLoad(t, must(t, 0, sendmsgrec, append([]string{"record", "-q", "-o", path},
				probe(tier, "--", workload, "block", "-threads", "64", "-n", fmt.Sprint(n))...)...).stdout)
			i := conserve(t, path, l.PID, l.Calls)
			if i.Lost != 0 {
				t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
			}
			checkInterrupted(t, path, l)
		})
		// One recording for both: what takes long in an emulated guest is the
		// verifier.
		t.Run("a stopped recorder loses exactly, also what threads that block and migrate send", func(t *testing.T) {
			loseAll(t, probe(tier), []string{"load", "-n", fmt.Sprint(toLose), "-threads", "2"}, []string{"block", "-threads", "64", "-n", fmt.Sprint(toLose)})
		})
	})
}

// On a kernel that preempts the programs of a tier, calls of other threads are
// skipped meanwhile. Of 64 that take turns on the processors that would be many.
func TestTheTierThatIsChosenLosesNothing(t *testing.T) {
	n := 300000
	if testing.Short() {
		n = 30000
	}
	path := t.TempDir() + "/x.smr"
	l := decodeLoad(t, must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", workload, "block", "-threads", "64", "-n", fmt.Sprint(n)).stdout)
	i := conserve(t, path, l.PID, l.Calls)
	chosen := readHeader(t, path).Probe
	t.Logf("%s tier; better ones failed: %v", chosen.Tier, chosen.Rejected)
	if i.Lost != 0 {
		t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
	}
}

// checkInterrupted checks that every interrupted call is there, of every thread.
func checkInterrupted(t *testing.T, path string, l truth.Load) {
	t.Helper()
	interrupted, threads := int64(0), map[int64]bool{}
	blocks(t, path, []schema.ColumnID{schema.ColTID, schema.ColRet}, func(b *segment.Block) {
		for row := range b.Rows[schema.TableEvent] {
			tid, _ := b.Int(schema.ColTID, row)
			threads[tid] = true
			if ret, _ := b.Int(schema.ColRet, row); ret == -512 {
				interrupted++
			}
		}
	})
	if interrupted != l.Interrupted || len(threads) != len(l.TIDs) {
		t.Errorf("%d interrupted calls of %d threads, the load counted %d of %d", interrupted, len(threads), l.Interrupted, len(l.TIDs))
	}
	if l.Interrupted == 0 {
		t.Error("no call was interrupted: the test shows nothing")
	}
}

// TestMapUpdatesOnEveryCPU lets the kernel skip programs: a skipped entry or
// exit is counted, and nothing else is missing. Skipped entries are counted for
// the whole host, so that nobody else may send meanwhile: where somebody did,
// the test tries again.
func TestMapUpdatesOnEveryCPU(t *testing.T) {
	for range 10 {
		if underMapUpdates(t) {
			return
		}
	}
	t.Error("other processes sent in every run: their skipped calls cannot be told from ours")
}

// underMapUpdates reports whether it could judge.
func underMapUpdates(t *testing.T) bool {
	t.Helper()
	r := start(t, "-q")
	hammer := exec.Command(workload, "hammer", "-seconds", "60")
	if err := hammer.Start(); err != nil {
		t.Fatal(err)
	}
	defer hammer.Wait()
	defer hammer.Process.Kill()
	l := load(t, "load", "-n", "400000", "-threads", "2")
	b := load(t, "block", "-n", "50000")
	if code := r.stop(); code != 0 {
		t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
	}
	i := readInfo(t, r.path)
	counts := countByPID(t, r.path)
	if others := i.Events - counts[l.PID] - counts[b.PID]; others != 0 {
		t.Logf("%d calls of other processes", others)
		return false
	}
	if got := i.Events + i.Lost; got != l.Calls+b.Calls {
		t.Errorf("%d calls: recorded %d + lost %d = %d", l.Calls+b.Calls, i.Events, i.Lost, got)
	}
	if i.LostUpperBound {
		t.Error("the loss is called an upper bound without a filter")
	}
	for _, cause := range []string{"no_state", "not_written", "damaged"} {
		if n := i.LostByCause[cause]; n > 0 {
			t.Errorf("lost %d by %s", n, cause)
		}
	}
	// A kernel that preempts no system call (CONFIG_PREEMPT_NONE) lets nobody
	// in between, and nothing is skipped.
	t.Logf("%d calls, lost %v", l.Calls+b.Calls, i.LostByCause)
	return true
}

// loseExactly gives the recorder one page for each CPU and stops it for a while
// under load.
func loseExactly(t *testing.T, options []string, args ...string) {
	t.Helper()
	loseAll(t, options, args)
}

// loseAll is loseExactly for several loads at once.
func loseAll(t *testing.T, options []string, loads ...[]string) {
	t.Helper()
	before := time.Now()
	load := namedWorkload(t)
	r := start(t, append(options, "-q", "--buffer-size", "4K", "--comm", filepath.Base(load))...)
	r.signal(syscall.SIGSTOP)
	wait := startAll(t, load, loads...)
	time.Sleep(200 * time.Millisecond) // they may end before, or go on after
	r.signal(syscall.SIGCONT)
	made := wait()
	if code := r.stop(); code != 0 {
		t.Fatalf("record ended with %d, loss alone is no failure\n%s", code, r.stderr.String())
	}
	after := time.Now()
	i := conserveAll(t, r.path, made...)
	if i.LostByCause["ring_full"] == 0 {
		t.Fatal("nothing was lost: the test shows nothing")
	}
	checkGaps(t, i, before, after)
	if text := must(t, 0, sendmsgrec, "info", r.path).stdout; !strings.Contains(text, "ring_full") {
		t.Errorf("info does not name the cause:\n%s", text)
	}
	must(t, 3, sendmsgrec, "info", "--fail-on-loss", r.path)
	printed := 0
	for line := range strings.Lines(must(t, 0, sendmsgrec, "cat", "--json", r.path).stdout) {
		if strings.HasPrefix(line, `{"kind":"gap"`) {
			printed++
		}
	}
	if printed != len(i.Gaps) {
		t.Errorf("cat --json prints %d gaps, the file has %d", printed, len(i.Gaps))
	}
	stats := must(t, 0, sendmsgrec, "stats", r.path)
	if lost := strings.ReplaceAll(stats.stdout, ",", ""); !strings.Contains(lost, fmt.Sprint(i.Lost)) {
		t.Errorf("stats does not state the loss of %d:\n%s", i.Lost, stats.stdout)
	}
	if stats.stderr == "" {
		t.Error("stats does not warn of the loss on standard error")
	}
	verify := must(t, 3, sendmsgrec, "verify", r.path)
	if !strings.Contains(verify.stdout+verify.stderr, "ring_full") {
		t.Errorf("verify does not name the cause:\n%s%s", verify.stdout, verify.stderr)
	}
	t.Logf("lost %d of %d in %d gaps", i.Lost, i.Events+i.Lost, len(i.Gaps))
}

// startAll starts several loads of a program; wait returns what they made.
func startAll(t *testing.T, program string, loads ...[]string) (wait func() []truth.Load) {
	t.Helper()
	commands, outs := make([]*exec.Cmd, len(loads)), make([]bytes.Buffer, len(loads))
	for i, args := range loads {
		commands[i] = exec.Command(program, args...)
		commands[i].Stdout = &outs[i]
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	return func() (made []truth.Load) {
		t.Helper()
		for i, cmd := range commands {
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			made = append(made, decodeLoad(t, outs[i].String()))
		}
		return made
	}
}

// namedWorkload returns a copy of the workload whose name nobody else has.
func namedWorkload(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(workload)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("load-%d", os.Getpid()))
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkGaps checks that the gap records carry the loss, with CPU, bounds in
// time and cause.
func checkGaps(t *testing.T, i info, before, after time.Time) {
	t.Helper()
	perCPU, sum := map[int64]int64{}, int64(0)
	for _, g := range i.Gaps {
		perCPU[g.CPU] += g.Count
		sum += g.Count
		first, err1 := time.Parse(time.RFC3339Nano, g.FirstTime)
		last, err2 := time.Parse(time.RFC3339Nano, g.LastTime)
		if err1 != nil || err2 != nil || first.After(last) || first.Before(before.Add(-time.Second)) || last.After(after.Add(time.Second)) {
			t.Errorf("gap %+v: the test ran from %v to %v", g, before, after)
		}
		skipped := preemptsPrograms && g.Cause == "skipped_entry" && g.CPU == -1
		if g.Count <= 0 || !skipped && (g.Cause != "ring_full" || g.CPU < 0 || g.FirstSeq < 0) {
			t.Errorf("gap %+v", g)
		}
	}
	if sum != i.Lost {
		t.Errorf("the gaps hold %d events, lost are %d", sum, i.Lost)
	}
	for _, c := range i.PerCPU {
		if c.CPU >= 0 && perCPU[c.CPU] != c.Lost {
			t.Errorf("CPU %d: the gaps hold %d events, lost are %d", c.CPU, perCPU[c.CPU], c.Lost)
		}
	}
}
