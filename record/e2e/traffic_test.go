//go:build privileged

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// trafficLoad makes sends of all kinds: the scripted cases, sendmmsg and sendto
// in turns, and paced threads on UDP and TCP sockets.
const trafficLoad = `set -e
"$0" cases -log "$1" > "$1.out"
"$0" mixed -n 200 -threads 3
"$0" load -socket udp -size 700 -n 300 -threads 2 -rate 200
"$0" load -socket tcp -size 7000 -n 100 -rate 100`

// TestRecordedTrafficMadeAgainIsTheSameTraffic records a load, and then its
// replay as traffic, and compares the two recordings call by call.
func TestRecordedTrafficMadeAgainIsTheSameTraffic(t *testing.T) {
	dir := t.TempDir()
	recorded, replayed := filepath.Join(dir, "recorded.smr"), filepath.Join(dir, "replayed.smr")
	options := probe("tracepoint", "--calls", "sendmsg,sendmmsg,sendto")
	must(t, 0, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", recorded}, options,
		[]string{"--", "sh", "-c", trafficLoad, workload, filepath.Join(dir, "log")})...)
	var maps []string
	for pattern, target := range trafficTargets(t, dir) {
		maps = append(maps, "--map", pattern+"="+target)
	}
	r := run(t, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", replayed}, options,
		[]string{"--", sendmsgrec, "replay", "--as", "traffic", "--json", recorded}, maps)...)
	var report struct {
		Events, Sent, Failed, Unsent int64
		LeftOut                      int64 `json:"left_out"`
		All                          struct{ Errors map[string]int64 }
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	before, after := readInfo(t, recorded), readInfo(t, replayed)
	if report.Events != before.Events || report.Events != report.Sent+report.Failed+report.LeftOut || report.Unsent != 0 {
		t.Errorf("%d events recorded, of the replay: %+v", before.Events, report)
	}
	if after.Events != report.Sent+report.Failed || after.Lost != 0 || before.Lost != 0 {
		t.Errorf("%d calls of the replay are recorded, %d lost; it says that it sent %d and failed to send %d", after.Events, after.Lost, report.Sent, report.Failed)
	}
	if report.Sent < 2000 || report.Failed > report.Sent/100 {
		t.Errorf("%+v", report)
	}
	compareThreads(t, threadsOf(readEvents(t, recorded), madeAgain), threadsOf(readEvents(t, replayed), func(*event) bool { return true }))
}

// trafficTargets starts what receives the replay, and returns what goes there.
func trafficTargets(t *testing.T, dir string) map[string]string {
	t.Helper()
	targets := map[string]string{}
	for _, c := range []struct{ pattern, network, scheme, address string }{
		{"tcp:*", "tcp", "tcp:", "127.0.0.1:0"},
		{"unix-stream:*", "unix", "unix:", filepath.Join(dir, "stream")},
		{"unix-seqpacket:*", "unixpacket", "unix:", filepath.Join(dir, "seqpacket")},
	} {
		l, err := net.Listen(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(io.Discard, conn)
					conn.Close()
				}()
			}
		}()
		targets[c.pattern] = c.scheme + l.Addr().String()
	}
	for _, c := range []struct{ pattern, network, scheme, address string }{
		{"udp:*", "udp", "udp:", "127.0.0.1:0"},
		{"unix-dgram:*", "unixgram", "unix:", filepath.Join(dir, "dgram")},
	} {
		conn, err := net.ListenPacket(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go func() {
			for buf := make([]byte, 1<<20); ; {
				if _, _, err := conn.ReadFrom(buf); err != nil {
					return
				}
			}
		}()
		targets[c.pattern] = c.scheme + conn.LocalAddr().String()
	}
	return targets
}

// madeAgain says of a recorded call, by docs/replay.md, that a replay makes it.
func madeAgain(e *event) bool {
	value := func(c schema.ColumnID) int64 { v, _ := e.int(c); return v }
	if _, returned := e.int(schema.ColRet); !returned || e.ret < 0 && e.ret != -int64(unix.EAGAIN) {
		return false
	}
	if _, message := e.int(schema.ColVectorIndex); !message && value(schema.ColCall) == schema.CallSendmmsg {
		return false
	}
	dgram := value(schema.ColSocketType) == schema.SocketDgram
	named := dgram && value(schema.ColMsgNamePtr) != 0 && value(schema.ColMsgNamelen) > 0
	switch value(schema.ColSocketFamily) {
	case schema.FamilyUnix:
		return named || e.bytes[schema.ColRemotePath] != nil
	case schema.FamilyInet, schema.FamilyInet6:
		known := []int64{unix.IPPROTO_TCP, unix.IPPROTO_MPTCP, unix.IPPROTO_UDP}
		return slices.Contains(known, value(schema.ColSocketProtocol)) && (named || value(schema.ColRemotePort) != 0)
	}
	return false
}

// recordedThread is the calls of a thread, in their order; equal ones that
// follow each other are one with a number.
type recordedThread struct {
	calls         []string
	times         []int
	first, lastNS int64
}

func (th *recordedThread) add(call string) {
	if n := len(th.calls); n > 0 && th.calls[n-1] == call {
		th.times[n-1]++
		return
	}
	th.calls, th.times = append(th.calls, call), append(th.times, 1)
}

func (th *recordedThread) text() string {
	var b strings.Builder
	for i, call := range th.calls {
		fmt.Fprintf(&b, "%d times %s\n", th.times[i], call)
	}
	return b.String()
}

// threadsOf returns the threads of those events that keep chooses.
func threadsOf(events []event, keep func(*event) bool) map[string][]*recordedThread {
	byTID := map[[2]int64]*recordedThread{}
	for i := range events {
		e := &events[i]
		if !keep(e) {
			continue
		}
		key := [2]int64{e.pid, e.tid}
		th := byTID[key]
		if th == nil {
			th = &recordedThread{first: e.timeNS}
			byTID[key] = th
		}
		th.lastNS = e.timeNS
		flags, _ := e.int(schema.ColFlags)
		call, _ := e.int(schema.ColCall)
		requested, _ := e.int(schema.ColRequestedBytes)
		iovlen, _ := e.int(schema.ColMsgIovlen)
		msgFlags, _ := e.int(schema.ColMsgFlags)
		flags = flags&^unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL
		th.add(fmt.Sprint(schema.CallEnum.Name(call), " ", requested, " bytes in ", iovlen, " iovecs ", e.lists[schema.ColIovLen],
			" flags ", flags, " msg_flags ", msgFlags))
	}
	same := map[string][]*recordedThread{}
	for _, th := range byTID {
		key := th.text()
		same[key] = append(same[key], th)
	}
	return same
}

// compareThreads compares the calls of each thread, and how long those that
// were paced took from the first to the last.
func compareThreads(t *testing.T, recorded, replayed map[string][]*recordedThread) {
	t.Helper()
	paced := 0
	for calls, threads := range recorded {
		again := replayed[calls]
		if len(threads) != len(again) {
			t.Errorf("%d threads made these calls, %d of the replay:\n%.1000s", len(threads), len(again), calls)
			continue
		}
		for i, th := range threads {
			span, now := time.Duration(th.lastNS-th.first), time.Duration(again[i].lastNS-again[i].first)
			if th.times[0] < 100 || span < 500*time.Millisecond {
				continue
			}
			paced++
			if now < span*9/10 || now > span*3 {
				t.Errorf("a thread's calls took %v, by the replay %v:\n%s", span, now, calls)
			}
		}
	}
	for calls, threads := range replayed {
		if len(recorded[calls]) == 0 {
			t.Errorf("%d threads of the replay made calls that were not recorded:\n%.1000s", len(threads), calls)
		}
	}
	if paced != 3 {
		t.Errorf("%d paced threads compared, want 3", paced)
	}
}
