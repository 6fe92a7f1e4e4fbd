//go:build privileged

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// unexplainedSends returns the account of the recording's end, nil where sends
// cannot be counted.
func unexplainedSends(t *testing.T, path string) *segment.Unexplained {
	t.Helper()
	s := summarize(t, path)
	if len(s.Coverage) == 0 {
		t.Fatal("the recording does not say what was watched")
	}
	u := &s.Coverage[len(s.Coverage)-1].Unexplained
	if !u.Counted {
		t.Logf("absent: %s", u.Why)
		if !strings.Contains(u.Why, "sock_send_length") {
			t.Errorf("sends are not counted: %s", u.Why)
		}
		return nil
	}
	return u
}

// checkUnexplained checks that at least so many sends are unexplained, where
// they can be counted.
func checkUnexplained(t *testing.T, path string, atLeast int64) {
	t.Helper()
	if u := unexplainedSends(t, path); u != nil && u.Unexplained < atLeast {
		t.Errorf("%v, expected at least %d", u, atLeast)
	}
}

// TestSendsThatNoRecordedCallMadeAreCounted sends by write() what is recorded of
// nobody, while another process, which nobody asked for, does too.
func TestSendsThatNoRecordedCallMadeAreCounted(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		evader := namedWorkload(t)
		r := start(t, probe(tier, "-q", "--count-sends", "--comm", filepath.Base(evader))...)
		must(t, 0, workload, "evade", "-write", "11")
		l := decodeLoad(t, must(t, 0, evader, "evade", "-sendmsg", "7", "-write", "5").stdout)
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		conserve(t, r.path, l.PID, l.Calls)
		u := unexplainedSends(t, r.path)
		if u == nil {
			return
		}
		want := segment.UnexplainedProcess{PID: int64(l.PID), Comm: filepath.Base(evader), Sends: 5, Bytes: 50}
		if u.Sends != 12 || u.Unexplained != 5 || u.Others != 0 || len(u.Processes) != 1 || u.Processes[0] != want {
			t.Errorf("%v of process %d", u, l.PID)
		}
	})
}

// TestRequestsExplainTheirSends counts no send of io_uring's as unexplained, be
// it made by the submitter or by a worker.
func TestRequestsExplainTheirSends(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		path := t.TempDir() + "/x.smr"
		l := decodeLoad(t, must(t, 0, sendmsgrec, append([]string{"record", "-q", "-o", path, "--count-sends"},
			probe(tier, "--", workload, "uring-load", "-n", "2000")...)...).stdout)
		if requestsAreAbsent(t, path) {
			return
		}
		u := unexplainedSends(t, path)
		if u == nil {
			return
		}
		unseen, uncounted := u.Unexplained, max(0, l.Calls-u.Sends)
		if !preemptsPrograms && unseen+uncounted != 0 || unseen+uncounted > l.Calls/10 {
			t.Errorf("%v, of %d requests", u, l.Calls)
		}
	})
}

// TestSendsAreNotCountedUnlessAskedFor says so in the recording.
func TestSendsAreNotCountedUnlessAskedFor(t *testing.T) {
	path := t.TempDir() + "/x.smr"
	must(t, 0, sendmsgrec, "record", "-q", "-o", path, "--", "true")
	s := summarize(t, path)
	if u := s.Coverage[len(s.Coverage)-1].Unexplained; u.Counted || u.Why != "--count-sends was not given" {
		t.Errorf("%v", &u)
	}
}
