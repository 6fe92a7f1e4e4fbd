//go:build privileged

package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// requests is a program that sends through io_uring.
type requests struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   io.Reader
}

func startRequests(t *testing.T, name string, args ...string) *requests {
	t.Helper()
	r := &requests{cmd: exec.Command(name, args...)}
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if r.out, err = r.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = os.Stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.end)
	return r
}

// send makes it send and returns what it has sent; its last request is blocked.
func (r *requests) send(t *testing.T) (sent []truth.Request) {
	t.Helper()
	if _, err := io.WriteString(r.stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(r.out).Decode(&sent); err != nil {
		t.Fatalf("what the program has sent: %v", err)
	}
	return sent
}

func (r *requests) end() {
	r.stdin.Close()
	r.cmd.Wait()
}

// recordRequests starts a program that sends through io_uring and a recorder of
// it, nil where the tier does not see requests.
func recordRequests(t *testing.T, tier string) (*requests, *recorder) {
	t.Helper()
	p := startRequests(t, workload, "uring")
	r := start(t, probe(tier, "-q", "--pid", strconv.Itoa(p.cmd.Process.Pid))...)
	if requestsAreAbsent(t, r.path) {
		r.stop()
		return nil, nil
	}
	return p, r
}

// requestsAreAbsent reports whether the kernel does not show its requests.
func requestsAreAbsent(t *testing.T, path string) bool {
	t.Helper()
	return isAbsent(t, path, "io_uring", "does not say here which request has completed")
}

// isAbsent reports whether the recording says of a path that it is not watched,
// for this reason. For any other one, such as that the kernel has refused the
// programs, the test fails.
func isAbsent(t *testing.T, recording, path, reason string) bool {
	t.Helper()
	why := readHeader(t, recording).Probe.Unavailable[path]
	switch {
	case why == "":
		return false
	case !strings.Contains(why, reason):
		t.Fatalf("%s is not watched: %s", path, why)
	}
	t.Logf("absent: %s", why)
	return true
}

// TestSendsThroughIOURing finds what strace cannot see: requests that are done
// at once, in a worker thread, without a copy, by a registered file, when the
// socket has room again, that fail, are cancelled, say nothing of their success,
// are taken by a thread of the kernel's, of 32-bit programs, and one that has not
// completed when the recording ends.
func TestSendsThroughIOURing(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		p, r := recordRequests(t, tier)
		if p == nil {
			return
		}
		sent := p.send(t)
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		i := readInfo(t, r.path)
		if i.Events != int64(len(sent)) || i.Lost != 0 || i.InFlight != 0 || !i.Accounted {
			t.Errorf("%d requests, %+v", len(sent), i)
		}
		byData := map[uint64]event{}
		for _, e := range readEvents(t, r.path) {
			data, _ := e.int(schema.ColIOUserData)
			byData[uint64(data)] = e
		}
		for _, want := range sent {
			e, ok := byData[want.UserData]
			if !ok {
				t.Errorf("request %d is not recorded", want.UserData)
				continue
			}
			compareRequest(t, &e, &want, tier)
		}
		must(t, 0, sendmsgrec, "verify", r.path)
	})
}

func compareRequest(t *testing.T, e *event, want *truth.Request, tier string) {
	t.Helper()
	path, _ := schema.EntryPathEnum.Value("io_uring")
	call := &want.Call
	sum, _ := call.Requested()
	expected := map[schema.ColumnID]int64{
		schema.ColEntryPath: path, schema.ColCall: schema.CallSendmsg, schema.ColABI: cmp.Or(call.ABI, schema.ABI64),
		schema.ColPID: int64(call.PID), schema.ColTID: int64(call.TID), schema.ColSockfd: int64(call.Sockfd),
		schema.ColMsgPtr: int64(call.MsgPtr), schema.ColMsgControllen: int64(call.ControlLen), schema.ColRequestedBytes: sum,
	}
	if want.Poller {
		delete(expected, schema.ColTID)
		if tid, _ := e.int(schema.ColTID); tid == int64(call.TID) {
			t.Errorf("request %d was submitted by the kernel's thread, recorded is the program's own", want.UserData)
		}
	}
	for c, v := range expected {
		if got, ok := e.int(c); !ok || got != v {
			t.Errorf("request %d, %s: recorded %s, asked for %d", want.UserData, schema.ByID(c).Name, text(e, c), v)
		}
	}
	if got := e.bytes[schema.ColControl]; !bytes.Equal(got, call.Control) {
		t.Errorf("request %d: control %x, passed %x", want.UserData, got, call.Control)
	}
	// The socket of a request that was never executed may not be known.
	family, socket := e.int(schema.ColSocketFamily)
	if want.Ret != -int64(unix.ECANCELED) && (socket != (call.Socket != nil) || socket && family != call.Socket.Family) {
		t.Errorf("request %d: family %d (%v), the socket is %+v", want.UserData, family, socket, call.Socket)
	}
	compareCompletion(t, e, want, tier)
}

// compareCompletion compares how the request ended and, where functions are
// hooked, how it was executed.
func compareCompletion(t *testing.T, e *event, want *truth.Request, tier string) {
	t.Helper()
	outcome, _ := e.int(schema.ColOutcome)
	ret, returned := e.int(schema.ColRet)
	switch {
	case want.Blocked || want.Silent && tier == "tracepoint":
		if outcome != schema.OutcomeInFlight || returned {
			t.Errorf("request %d has no completion; outcome %d, ret %s", want.UserData, outcome, text(e, schema.ColRet))
		}
	case outcome != schema.OutcomeReturned || ret != want.Ret:
		t.Errorf("request %d: outcome %d, ret %s, the program saw %d", want.UserData, outcome, text(e, schema.ColRet), want.Ret)
	}
	queue, executed := e.int(schema.ColIOQueueNS)
	exec, _ := e.int(schema.ColIOExecNS)
	if tier == "tracepoint" {
		if executed {
			t.Errorf("request %d: this tier knows that it waited %d ns", want.UserData, queue)
		}
		return
	}
	if duration, ok := e.int(schema.ColDurationNS); executed && ok && queue+exec > duration {
		t.Errorf("request %d took %d ns, of which %d in the queue and %d executed", want.UserData, duration, queue, exec)
	}
	if want.Ret > 0 && !executed {
		t.Errorf("request %d was not seen to be executed", want.UserData)
	}
	if worker, _ := e.int(schema.ColIOWorkerTID); want.Worker != (worker > 0) {
		t.Errorf("request %d was executed by thread %d, expected another than its own: %v", want.UserData, worker, want.Worker)
	}
}

// TestAProcessThatDiesWithRequestsInFlight leaves no request without an event.
func TestAProcessThatDiesWithRequestsInFlight(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		p, r := recordRequests(t, tier)
		if p == nil {
			return
		}
		sent := p.send(t)
		p.cmd.Process.Kill()
		p.end()
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		i := readInfo(t, r.path)
		if i.Events != int64(len(sent)) || i.Lost != 0 || !i.Accounted {
			t.Errorf("%d requests, %+v", len(sent), i)
		}
		// The kernel cancels what is left when it finds the time for it.
		for _, e := range readEvents(t, r.path) {
			data, _ := e.int(schema.ColIOUserData)
			outcome, _ := e.int(schema.ColOutcome)
			ret, _ := e.int(schema.ColRet)
			if uint64(data) == sent[len(sent)-1].UserData && outcome == schema.OutcomeReturned && ret != -int64(unix.ECANCELED) {
				t.Errorf("the request of the dead process has returned %d", ret)
			}
		}
	})
}

// TestConservationOfRequests makes an exact number of requests, inline and in
// worker threads, with a ring that holds all of them and with one that does not.
func TestConservationOfRequests(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		n := "100000"
		if testing.Short() {
			n = "5000"
		}
		path := t.TempDir() + "/x.smr"
		l := decodeLoad(t, must(t, 0, sendmsgrec, append([]string{"record", "-q", "-o", path},
			probe(tier, "--", workload, "uring-load", "-n", n)...)...).stdout)
		if requestsAreAbsent(t, path) {
			return
		}
		i := conserve(t, path, l.PID, l.Calls)
		if i.Lost != 0 && !preemptsPrograms || i.Lost > l.Calls/10 {
			t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
		}
		t.Run("a stopped recorder loses exactly", func(t *testing.T) {
			loseExactly(t, probe(tier), "uring-load", "-n", n)
		})
	})
}

// TestRequestsAndCallsShareTheirCPUs makes both at once, from more threads than there
// are CPUs: their programs write to the same rings.
func TestRequestsAndCallsShareTheirCPUs(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		n := "100000"
		if testing.Short() {
			n = "5000"
		}
		program := namedWorkload(t)
		r := start(t, append(probe(tier), "-q", "--comm", filepath.Base(program))...)
		made := startAll(t, program, []string{"uring-load", "-n", n}, []string{"load", "-n", n, "-threads", "2"},
			[]string{"uring-load", "-n", n}, []string{"load", "-n", n, "-threads", "2"})()
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		if requestsAreAbsent(t, r.path) {
			return
		}
		i := conserveAll(t, r.path, made...)
		if i.Lost == 0 {
			must(t, 0, sendmsgrec, "verify", r.path)
		} else if !preemptsPrograms {
			t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
		}
	})
}

// TestStraceDoesNotSeeIOURing shows why these tests have no second witness.
func TestStraceDoesNotSeeIOURing(t *testing.T) {
	log := filepath.Join(t.TempDir(), "strace")
	p := startRequests(t, "strace", "-f", "-o", log, "-e", "trace=sendmsg", workload, "uring")
	sent := p.send(t)
	p.end()
	if len(sent) < 5 {
		t.Errorf("%d requests", len(sent))
	}
	if lines := must(t, 0, "cat", log).stdout; strings.Contains(lines, "sendmsg(") {
		t.Errorf("strace sees\n%s", lines)
	}
}
