//go:build privileged

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// stallingSink is a TCP server that begins to read after a while, and counts
// the events of a process.
type stallingSink struct {
	address string
	stall   time.Duration
	ended   chan struct{}
	// After ended:
	events, gaps int64
	ids          map[string]int
}

func startStallingSink(t *testing.T, address string, stall time.Duration) *stallingSink {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &stallingSink{address: l.Addr().String(), stall: stall, ended: make(chan struct{}), ids: map[string]int{}}
	t.Cleanup(func() { l.Close() })
	go func() {
		defer close(s.ended)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		time.Sleep(s.stall)
		for lines := bufio.NewScanner(c); lines.Scan(); {
			var record struct {
				ID, Kind string
				Count    int64
			}
			if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
				t.Errorf("%s: %v", lines.Text(), err)
			}
			switch record.Kind {
			case "": // --fields leaves out the kind of events
				s.events++
				s.ids[record.ID]++
			case "gap":
				s.gaps += record.Count
			}
		}
	}()
	return s
}

// TestASinkThatStallsCostsNoEvent records a load at full speed to a sink that
// reads nothing for longer than the load takes.
func TestASinkThatStallsCostsNoEvent(t *testing.T) {
	calls := int64(1_000_000)
	if testing.Short() {
		calls = 100_000
	}
	sink := startStallingSink(t, "127.0.0.1:0", 3*time.Second)
	r := must(t, 0, sendmsgrec, "record", "--json", "--drain-timeout", "5m", "--to", "tcp:"+sink.address, "--id", "--fields", "pid",
		"--", workload, "load", "-n", fmt.Sprint(calls), "-threads", "2")
	<-sink.ended
	summary := decodeLive(t, r.stdout)
	to := summary.To
	if summary.Lost != 0 || summary.Events != calls || to.Kept != calls || to.Events != calls || to.Dropped != 0 || to.Left != 0 || to.Spill != "" {
		t.Errorf("%d calls: %+v", calls, summary)
	}
	if sink.events != calls || int64(len(sink.ids)) != calls || sink.gaps != 0 {
		t.Errorf("the sink has %d events, %d of them different, of %d calls, and gaps of %d", sink.events, len(sink.ids), calls, sink.gaps)
	}
}

// TestASpillThatIsLeftIsSentByReplay records to a sink that is not there, into
// a spill too small, and sends it with the command that the summary tells.
func TestASpillThatIsLeftIsSentByReplay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, spill := l.Addr().String(), t.TempDir()+"/spill"
	l.Close()
	const calls = 1_000_000
	r := must(t, 1, sendmsgrec, "record", "--json", "--to", "tcp:"+address, "--id", "--fields", "pid", "--spill", spill,
		"--spill-bytes", "1M", "--drain-timeout", "100ms", "--", workload, "load", "-n", fmt.Sprint(calls), "-threads", "2")
	summary := decodeLive(t, r.stdout)
	to := summary.To
	if to.Dropped == 0 || to.Left == 0 || to.Left != to.Kept || summary.Events != to.Kept || summary.LostByCause["spill_full"] != to.Dropped ||
		summary.Lost != to.Dropped || to.Kept+to.Dropped != calls {
		t.Errorf("%+v", summary)
	}
	sink := startStallingSink(t, address, 0)
	replay := exec.Command("sh", "-c", to.SendWith)
	replay.Env = append(os.Environ(), "PATH="+filepath.Dir(sendmsgrec)+":"+os.Getenv("PATH"))
	if out, err := replay.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", to.SendWith, err, out)
	}
	<-sink.ended
	if sink.events != to.Kept || int64(len(sink.ids)) != to.Kept || sink.gaps != to.Dropped {
		t.Errorf("the sink has %d events, %d of them different, and gaps of %d: %+v", sink.events, len(sink.ids), sink.gaps, to)
	}
	if left, err := os.ReadDir(spill); err != nil || len(left) > 0 {
		t.Errorf("left in the spill: %v %v", left, err)
	}
}

// liveSummary is what record --to --json prints.
type liveSummary struct {
	Events, Seen, Filtered, Lost int64
	LostByCause                  map[string]int64 `json:"lost_by_cause"`
	To                           struct {
		Kept, Events, Dropped, Left int64
		Spill                       string
		SendWith                    string `json:"send_with"`
	}
}

func decodeLive(t *testing.T, stdout string) (s liveSummary) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), &s); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	return s
}
