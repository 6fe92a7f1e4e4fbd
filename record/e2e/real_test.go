//go:build privileged

package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/stracelog"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// realTime is how long such a program may take, under strace and a busy host.
const realTime = 2 * time.Minute

// witnessed is what a recording and strace have of the same run.
type witnessed struct {
	path   string
	events map[int][]event // by thread, those of strace itself left out
	strace map[int][]stracelog.Call
}

// witness runs a script of testdata/real, which needs these programs, under
// strace and the recorder.
func witness(t *testing.T, script string, programs ...string) witnessed {
	t.Helper()
	for _, name := range append(programs, "strace") {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%v (.ci/run installs the packages)", err)
		}
	}
	here, err := filepath.Abs("testdata/real")
	if err != nil {
		t.Fatal(err)
	}
	// Short, for the sockets in it; and open, for the daemons' own users.
	dir, err := os.MkdirTemp("", "real")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	straces, w := filepath.Join(dir, "strace"), witnessed{path: filepath.Join(dir, "x.smr"), events: map[int][]event{}}
	if err := os.Mkdir(straces, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), realTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", w.path}, allCalls("tracepoint"), []string{"--",
		"strace", "-ff", "-o", filepath.Join(straces, "s"), "-X", "raw", "-v", "-s", "0", "-e", "signal=none",
		"-e", "trace=" + stracelog.Filter(), "sh", filepath.Join(here, script)})...)
	cmd.Env = append(os.Environ(), "here="+here, "work="+dir)
	// In time, everything ends that the script has started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("record %s: %v\n%s", script, err, out)
	}
	i := readInfo(t, w.path)
	if i.CommandStatus == nil || *i.CommandStatus != 0 || i.Lost != 0 {
		t.Fatalf("%s: %+v\n%s", script, i, out)
	}
	for _, e := range readEvents(t, w.path) {
		if e.comm != "strace" {
			w.events[int(e.tid)] = append(w.events[int(e.tid)], e)
		}
	}
	if w.strace, err = stracelog.ReadDir(straces); err != nil {
		t.Fatal(err)
	}
	return w
}

// agree compares the two, call by call but for those of io_uring, and returns
// how many calls of each name there were.
func (w *witnessed) agree(t *testing.T) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for tid, events := range w.events {
		w.events[tid] = slices.DeleteFunc(events, func(e event) bool { return throughIOURing(&e) })
	}
	for tid, lines := range w.strace {
		events := w.events[tid]
		for i := range lines {
			line := &lines[i]
			seen[line.Name]++
			n := max(len(sentMessages(line)), 1)
			if len(events) < n {
				t.Fatalf("thread %d: strace has %s, the recording has %d events more", tid, line.Line, len(events))
			}
			compareReal(t, events[:n], line)
			events = events[n:]
		}
		w.events[tid] = events
	}
	for tid, events := range w.events {
		for i := range events {
			t.Errorf("thread %d (%s): recorded %s beside what strace has", tid, events[i].comm, text(&events[i], schema.ColCall))
		}
	}
	t.Logf("%d threads agree: %v", len(w.strace), seen)
	return seen
}

// throughIOURing reports whether the call entered where strace does not look.
func throughIOURing(e *event) bool {
	path, _ := e.int(schema.ColEntryPath)
	uring, _ := schema.EntryPathEnum.Value("io_uring")
	return path == uring
}

// sentMessages are those of a sendmmsg or recvmmsg that have a result.
func sentMessages(line *stracelog.Call) []map[string]string {
	var done []map[string]string
	for _, m := range line.Messages {
		if _, ok := m["msg_len"]; ok {
			done = append(done, m)
		}
	}
	return done
}

// compareReal compares the events of one call with strace's line.
func compareReal(t *testing.T, events []event, line *stracelog.Call) {
	t.Helper()
	e := &events[0]
	same := func(field, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: recorded %s, strace %s\n%s", field, got, want, line.Line)
		}
	}
	call, _ := e.int(schema.ColCall)
	same("call", schema.CallEnum.Name(call), line.Name)
	if line.Name == "sendmsg" {
		compareStrace(t, e, line)
		return
	}
	same("sockfd", text(e, schema.ColSockfd), line.FD)
	if flags, ok := e.int(schema.ColFlags); ok && line.Flags != "" {
		same("flags", hexText(uint64(flags)), line.Flags)
	}
	if messages := sentMessages(line); len(messages) > 0 {
		for i, m := range messages {
			same("vector_index", text(&events[i], schema.ColVectorIndex), fmt.Sprint(i))
			same("msg_len", fmt.Sprint(events[i].ret), m["msg_len"])
			compareParts(t, &events[i], m, line)
		}
		return
	}
	if !strings.HasPrefix(line.Ret, "?") {
		same("ret", stracelog.Ret(e.ret), line.Ret)
	}
	h := headerOf(e)
	switch line.Name {
	case "sendto":
		same("requested_bytes", text(e, schema.ColRequestedBytes), line.Args[2])
		same("name", stracelog.Render(&h)["msg_name"], line.Args[4])
	case "recvfrom":
		same("requested_bytes", text(e, schema.ColRequestedBytes), line.Args[2])
	case "sendfile":
		same("in_fd", text(e, schema.ColInFd), line.Args[1])
		same("requested_bytes", text(e, schema.ColRequestedBytes), line.Args[3])
	case "recvmsg":
		if e.ret >= 0 {
			compareParts(t, e, line.Parts, line)
		}
	}
}

// compareParts compares a msghdr: of a receive what the kernel has put into it.
func compareParts(t *testing.T, e *event, want map[string]string, line *stracelog.Call) {
	t.Helper()
	h := headerOf(e)
	fields := []string{"msg_name", "msg_iovlen", "msg_control", "msg_controllen", "msg_flags"}
	if call, _ := e.int(schema.ColCall); schema.Receives(call) {
		// Where a header was received, strace shows the kernel's lengths.
		out := func(c schema.ColumnID) uint64 { v, _ := e.int(c); return uint64(v) }
		h.ControlLen, h.Flags = out(schema.ColOutControllen), uint32(out(schema.ColOutMsgFlags))
		h.NameLen = int32(out(schema.ColOutNamelen))
	}
	parts := stracelog.Render(&h)
	for _, field := range fields {
		if parts[field] != want[field] {
			t.Errorf("%s: recorded %q, strace %q\n%s", field, parts[field], want[field], line.Line)
		}
	}
}

// requireCalls fails where the program has not shown what it is there for.
func requireCalls(t *testing.T, seen map[string]int, names ...string) {
	t.Helper()
	for _, name := range names {
		if seen[name] == 0 {
			t.Errorf("no %s in %v: the test shows nothing", name, seen)
		}
	}
}

// TestRealPrograms records programs that were not made for it, beside strace.
func TestRealPrograms(t *testing.T) {
	t.Run("a D-Bus stack passes descriptors", func(t *testing.T) {
		w := witness(t, "dbus.sh", "dbus-run-session", "dbus-daemon", "dbus-monitor", "/usr/bin/python3")
		passed, received := 0, 0
		for _, e := range slices.Concat(slices.Collect(maps.Values(w.events))...) {
			call, _ := e.int(schema.ColCall)
			if control := e.bytes[schema.ColControl]; len(control) >= 24 && control[8] == 1 && control[12] == 1 {
				switch call {
				case schema.CallSendmsg:
					passed++
				case schema.CallRecvmsg:
					received++
				}
			}
		}
		if passed != 2 || received != 2 {
			t.Errorf("descriptors were passed %d times and received %d times, not from the client to the daemon and from there to the monitor", passed, received)
		}
		requireCalls(t, w.agree(t), "sendmsg", "recvmsg")
	})
	t.Run("resolvers send with sendmmsg", func(t *testing.T) {
		w := witness(t, "resolver.sh", "unbound", "dig", "getent", "unshare")
		two := false
		for _, lines := range w.strace {
			two = two || slices.ContainsFunc(lines, func(c stracelog.Call) bool { return len(sentMessages(&c)) == 2 })
		}
		if !two {
			t.Error("no sendmmsg of two messages: the test shows nothing")
		}
		requireCalls(t, w.agree(t), "sendmmsg", "sendto", "recvfrom", "recvmsg")
	})
	t.Run("a web server sends files", func(t *testing.T) {
		w := witness(t, "nginx.sh", "nginx", "curl", "cmp")
		requireCalls(t, w.agree(t), "sendfile", "recvfrom")
	})
	t.Run("a 32-bit program calls the kernel in its own way", func(t *testing.T) {
		if os.Getenv("busybox32") == "" {
			t.Fatal("the variable busybox32 says where busybox for i386 is (make test-privileged fetches it)")
		}
		w := witness(t, "compat32.sh", "unbound", "unshare")
		ways := map[string]int{}
		for _, e := range slices.Concat(slices.Collect(maps.Values(w.events))...) {
			path, _ := e.int(schema.ColEntryPath)
			call, _ := e.int(schema.ColCall)
			if abi, _ := e.int(schema.ColABI); abi == schema.ABICompat32 {
				ways[schema.EntryPathEnum.Name(path)+" "+schema.CallEnum.Name(call)]++
			}
		}
		t.Logf("32-bit calls: %v", ways)
		for _, want := range []string{"socketcall sendmsg", "socketcall recvmsg", "socketcall sendto", "socketcall recvfrom", "syscall sendmmsg", "syscall sendfile"} {
			if ways[want] == 0 {
				t.Errorf("no %s in %v", want, ways)
			}
		}
		requireCalls(t, w.agree(t), "sendmsg", "recvmsg", "sendto", "recvfrom", "sendmmsg", "sendfile")
	})
	t.Run("what liburing sends strace does not see", func(t *testing.T) {
		w := witness(t, "uring.sh", "cc")
		sent := map[int64]event{}
		for _, e := range slices.Concat(slices.Collect(maps.Values(w.events))...) {
			if throughIOURing(&e) {
				data, _ := e.int(schema.ColIOUserData)
				sent[data] = e
			}
		}
		first, second := sent[100], sent[101]
		if len(sent) != 2 || first.ret != 5 || second.ret != 6 || len(second.bytes[schema.ColControl]) != 24 {
			t.Errorf("of 2 requests %d are recorded; results %d and %d, %d bytes of control", len(sent), first.ret, second.ret, len(second.bytes[schema.ColControl]))
		}
		if seen := w.agree(t); seen["sendmsg"] != 0 || seen["recvfrom"] != 1 {
			t.Errorf("strace sees %v, not the one recvfrom alone", seen)
		}
	})
}
