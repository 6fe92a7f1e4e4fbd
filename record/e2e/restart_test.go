//go:build privileged

package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
	"golang.org/x/sys/unix"
)

// TestRestartedAndKilledCalls records calls that signals interrupt: every
// attempt names the first one, and a killed call says so.
func TestRestartedAndKilledCalls(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		dir := t.TempDir()
		log, path := filepath.Join(dir, "log"), filepath.Join(dir, "x.smr")
		must(t, 0, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", path}, probe(tier, allPaths...),
			[]string{"--", workload, "cases", "-run", "blocked|cut short", "-log", log})...)
		calls, err := truth.Read(log)
		if err != nil {
			t.Fatal(err)
		}
		byTID := map[int][]event{}
		for _, e := range readEvents(t, path) {
			byTID[int(e.tid)] = append(byTID[int(e.tid)], e)
		}
		restarted, killed := 0, 0
		for _, call := range calls {
			events := byTID[call.TID]
			if len(events) != len(call.Rets) {
				t.Fatalf("%s: %d events of %d attempts", call.Case, len(events), len(call.Rets))
			}
			dies := strings.Contains(call.Case, "killed") || strings.Contains(call.Case, "another thread exits")
			want := int64(schema.OutcomeReturned)
			if dies {
				want = schema.OutcomeKilled
				killed++
			}
			for i := range events {
				e := &events[i]
				if got, _ := e.int(schema.ColOutcome); got != want {
					t.Errorf("%s, attempt %d: outcome %s", call.Case, i, schema.OutcomeEnum.Name(got))
				}
				of, linked := e.int(schema.ColAttemptOf)
				cpu, _ := e.int(schema.ColAttemptOfCPU)
				if linked != (i > 0) || linked && (of != events[0].seq || cpu != events[0].cpu) {
					t.Errorf("%s, attempt %d is of %d on CPU %d (%v), the first is %d on CPU %d",
						call.Case, i, of, cpu, linked, events[0].seq, events[0].cpu)
				}
				if linked {
					restarted++
				}
			}
		}
		if restarted < 4 || killed != 2 {
			t.Errorf("%d restarted and %d killed calls: the test shows nothing", restarted, killed)
		}
	})
}

// TestACallMadeAgainIsNoAttempt lets signals end calls with EINTR; the program
// itself then calls again with the same arguments.
func TestACallMadeAgainIsNoAttempt(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		path := filepath.Join(t.TempDir(), "x.smr")
		r := must(t, 0, sendmsgrec, append([]string{"record", "-q", "-o", path},
			probe(tier, "--", workload, "block", "-threads", "16", "-n", "20000")...)...)
		l := decodeLoad(t, r.stdout)
		interrupted := int64(0)
		blocks(t, path, nil, func(b *segment.Block) {
			for row := range b.Rows[schema.TableEvent] {
				if ret, _ := b.Int(schema.ColRet, row); ret == -512 {
					interrupted++
				}
				if of, ok := b.Int(schema.ColAttemptOf, row); ok {
					t.Fatalf("row %d is called an attempt of %d", row, of)
				}
				if v, _ := b.Int(schema.ColOutcome, row); v != schema.OutcomeReturned {
					t.Fatalf("row %d: outcome %d", row, v)
				}
			}
		})
		if interrupted == 0 || interrupted != l.Interrupted {
			t.Errorf("%d interrupted calls, the load counted %d", interrupted, l.Interrupted)
		}
	})
}

// TestACallThatHasNotReturned ends the recording while a call is blocked: it is
// an event without a result, and nothing is in flight.
func TestACallThatHasNotReturned(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		r := start(t, probe(tier, "-q", "--comm", "workload")...)
		cmd := exec.Command(workload, "child", "blocked when the recording ends", "")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer stdin.Close()
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		tid := strings.TrimSpace(line)
		waitFor(t, "the call to block", func() bool {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/syscall", cmd.Process.Pid, tid))
			return strings.HasPrefix(string(b), fmt.Sprintf("%d ", unix.SYS_SENDMSG))
		})
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		i := readInfo(t, r.path)
		if i.InFlight != 0 || i.Lost != 0 || !i.Accounted {
			t.Errorf("%+v", i)
		}
		found := 0
		for _, e := range readEvents(t, r.path) {
			if fmt.Sprint(e.tid) != tid {
				continue
			}
			found++
			outcome, _ := e.int(schema.ColOutcome)
			_, ret := e.int(schema.ColRet)
			_, duration := e.int(schema.ColDurationNS)
			bytes, _ := e.int(schema.ColRequestedBytes)
			if outcome != schema.OutcomeInFlight || ret || duration || bytes != 5 {
				t.Errorf("outcome %s, ret there %v, duration there %v, %d bytes asked for",
					schema.OutcomeEnum.Name(outcome), ret, duration, bytes)
			}
		}
		if found != 1 {
			t.Errorf("%d events of the blocked thread", found)
		}
		must(t, 0, sendmsgrec, "verify", r.path)
	})
}
