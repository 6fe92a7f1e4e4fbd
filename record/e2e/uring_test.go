//go:build privileged

package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// startRequests starts a program that sends through io_uring and returns what
// it has sent; its last request is blocked until stop is called.
func startRequests(t *testing.T, name string, args ...string) (requests []truth.Request, stop func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
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
	stop = func() {
		stdin.Close()
		cmd.Wait()
	}
	t.Cleanup(stop)
	if err := json.NewDecoder(out).Decode(&requests); err != nil {
		t.Fatalf("what the program has sent: %v", err)
	}
	return requests, stop
}

// TestSendsThroughIOURing finds what strace cannot see: requests that are done
// at once, in a worker thread, without a copy, that fail, and one that has not
// completed when the recording ends.
func TestSendsThroughIOURing(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		r := start(t, probe(tier, "-q", "--comm", "workload")...)
		if why := readHeader(t, r.path).Probe.Unavailable["io_uring"]; why != "" {
			t.Logf("absent: %s", why)
			r.stop()
			return
		}
		requests, _ := startRequests(t, workload, "uring")
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		i := readInfo(t, r.path)
		if i.Events != int64(len(requests)) || i.Lost != 0 || i.InFlight != 0 || !i.Accounted {
			t.Errorf("%d requests, %+v", len(requests), i)
		}
		byData := map[uint64]event{}
		for _, e := range readEvents(t, r.path) {
			data, _ := e.int(schema.ColIOUserData)
			byData[uint64(data)] = e
		}
		for _, want := range requests {
			e, ok := byData[want.UserData]
			if !ok {
				t.Errorf("request %d is not recorded", want.UserData)
				continue
			}
			compareRequest(t, &e, &want)
		}
		must(t, 0, sendmsgrec, "verify", r.path)
	})
}

func compareRequest(t *testing.T, e *event, want *truth.Request) {
	t.Helper()
	path, _ := schema.EntryPathEnum.Value("io_uring")
	call := &want.Call
	sum, _ := call.Requested()
	for c, v := range map[schema.ColumnID]int64{
		schema.ColEntryPath: path, schema.ColCall: schema.CallSendmsg, schema.ColABI: schema.ABI64,
		schema.ColPID: int64(call.PID), schema.ColTID: int64(call.TID), schema.ColSockfd: int64(call.Sockfd),
		schema.ColMsgPtr: int64(call.MsgPtr), schema.ColMsgControllen: int64(call.ControlLen), schema.ColRequestedBytes: sum,
	} {
		if got, ok := e.int(c); !ok || got != v {
			t.Errorf("request %d, %s: recorded %s, asked for %d", want.UserData, schema.ByID(c).Name, text(e, c), v)
		}
	}
	if got := e.bytes[schema.ColControl]; !bytes.Equal(got, call.Control) {
		t.Errorf("request %d: control %x, passed %x", want.UserData, got, call.Control)
	}
	family, socket := e.int(schema.ColSocketFamily)
	if socket != (call.Socket != nil) || socket && family != call.Socket.Family {
		t.Errorf("request %d: family %d (%v), the socket is %+v", want.UserData, family, socket, call.Socket)
	}
	outcome, _ := e.int(schema.ColOutcome)
	ret, returned := e.int(schema.ColRet)
	switch {
	case want.Blocked && (outcome != schema.OutcomeInFlight || returned):
		t.Errorf("request %d has not completed; outcome %d, ret %s", want.UserData, outcome, text(e, schema.ColRet))
	case !want.Blocked && (outcome != schema.OutcomeReturned || ret != want.Ret):
		t.Errorf("request %d: outcome %d, ret %s, the program saw %d", want.UserData, outcome, text(e, schema.ColRet), want.Ret)
	}
}

// TestStraceDoesNotSeeIOURing shows why these tests have no second witness.
func TestStraceDoesNotSeeIOURing(t *testing.T) {
	log := filepath.Join(t.TempDir(), "strace")
	requests, stop := startRequests(t, "strace", "-f", "-o", log, "-e", "trace=sendmsg", workload, "uring")
	stop()
	if len(requests) < 5 {
		t.Errorf("%d requests", len(requests))
	}
	if lines := must(t, 0, "cat", log).stdout; strings.Contains(lines, "sendmsg(") {
		t.Errorf("strace sees\n%s", lines)
	}
}
