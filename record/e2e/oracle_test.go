//go:build privileged

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/stracelog"
	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// run of the scripted cases under two witnesses.
type testimony struct {
	truth  []truth.Call
	byTID  map[int][]event
	strace map[int][]stracelog.Call
	path   string
	others int // calls of strace itself

	unavailable map[string]string
}

// testify records the scripted cases while strace watches them.
func testify(t *testing.T) testimony {
	t.Helper()
	dir := t.TempDir()
	log, straces, path := filepath.Join(dir, "log"), filepath.Join(dir, "strace"), filepath.Join(dir, "x.smr")
	if err := os.Mkdir(straces, 0o700); err != nil {
		t.Fatal(err)
	}
	r := must(t, 0, sendmsgrec, "record", "-o", path, "--paths", "all", "--", "strace", "-ff", "-o", filepath.Join(straces, "s"),
		"-X", "raw", "-v", "-s", "0", "-e", "trace=sendmsg", "-e", "signal=none", workload, "cases", "-log", log)
	for line := range strings.Lines(r.stdout) {
		t.Log(strings.TrimSpace(line)) // what this kernel does not have
	}
	o := testimony{path: path, byTID: map[int][]event{}, unavailable: readHeader(t, path).Probe.Unavailable}
	var err error
	if o.truth, err = truth.Read(log); err != nil {
		t.Fatal(err)
	}
	if o.strace, err = stracelog.ReadDir(straces); err != nil {
		t.Fatal(err)
	}
	callers := map[int]bool{}
	for _, c := range o.truth {
		callers[c.PID] = true
	}
	for _, e := range readEvents(t, path) {
		if !callers[int(e.pid)] && e.comm == "strace" {
			// To name netlink messages, strace asks the kernel by sendmsg itself.
			o.others++
			continue
		}
		o.byTID[int(e.tid)] = append(o.byTID[int(e.tid)], e)
	}
	return o
}

// TestOracle compares a recording with what the caller asked for and with what
// strace saw of the same calls, call by call.
func TestOracle(t *testing.T) {
	o := testify(t)
	attempts := 0
	at := map[int]int{} // how many events of the thread have been compared
	for _, want := range o.truth {
		t.Run(want.Case, func(t *testing.T) {
			from := at[want.TID]
			to := from + len(want.Rets)
			at[want.TID] = to
			attempts += len(want.Rets)
			events, lines := o.byTID[want.TID], o.strace[want.TID]
			if to > len(events) || to > len(lines) {
				t.Fatalf("attempt %d of thread %d: %d events, %d lines of strace", to, want.TID, len(events), len(lines))
			}
			compareTruth(t, events[from:to], &want, o.unavailable, schema.SourceEntry)
			for i := from; i < to; i++ {
				compareStrace(t, &events[i], &lines[i])
			}
		})
	}
	for tid, events := range o.byTID {
		if len(events) != at[tid] || len(o.strace[tid]) != at[tid] {
			e := &events[0]
			t.Errorf("thread %d of process %d (%s): %d events, %d lines of strace, %d calls; the first event: msg_ptr %s, ret %s, name %q",
				tid, e.pid, e.comm, len(events), len(o.strace[tid]), at[tid], text(e, schema.ColMsgPtr), text(e, schema.ColRet), e.bytes[schema.ColName])
		}
	}
	i := readInfo(t, o.path)
	if i.Events != int64(attempts+o.others) || i.Lost != 0 || i.InFlight != 0 || !i.Complete {
		t.Errorf("%d attempts were made; info says %+v", attempts, i)
	}
	t.Logf("%d calls in %d attempts agree", len(o.truth), attempts)
}

// compareStrace compares an event with a line of strace, in strace's words.
// Where strace is wrong, as the comments say, it is not asked.
func compareStrace(t *testing.T, e *event, line *stracelog.Call) {
	t.Helper()
	same := func(field, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: recorded %s, strace %s\n%s", field, got, want, line.Line)
		}
	}
	fd, _ := e.int(schema.ColSockfd)
	same("sockfd", fmt.Sprint(fd), line.FD)
	flags, _ := e.int(schema.ColFlags)
	same("flags", hexText(uint64(flags)), line.Flags)
	switch line.Ret {
	case stracelog.Unfinished:
		t.Logf("strace has not seen the return of %s", line.Line)
	case "?":
		same("ret", stracelog.Ret(e.ret), "? ERESTARTSYS") // killed: strace does not see the result
	default:
		same("ret", stracelog.Ret(e.ret), line.Ret)
	}
	if line.Parts == nil {
		ptr, _ := e.int(schema.ColMsgPtr)
		same("msg_ptr", hexText(uint64(ptr)), line.Msg)
		if source, _ := e.int(schema.ColMsghdrSource); source != int64(schema.SourceFaulted) {
			t.Errorf("msghdr_source: %s, but strace could not read it", schema.SourceEnum.Name(source))
		}
		return
	}
	h := headerOf(e)
	parts := stracelog.Render(&h)
	for name, want := range line.Parts {
		if name == "msg_iov" {
			if h.IovLen > 1024 {
				continue // strace follows it into foreign memory; the kernel reads none
			}
			parts[name], want = firstIovecs(parts[name]), firstIovecs(want)
		}
		if name == "msg_control" && h.ControlLen > 1<<31-1 {
			continue // the same
		}
		same(name, parts[name], want)
		delete(parts, name)
	}
	delete(parts, "msg_iov")
	if h.ControlLen > 1<<31-1 {
		delete(parts, "msg_control")
	}
	for name, value := range parts {
		t.Errorf("%s: recorded %s, strace nothing\n%s", name, value, line.Line)
	}
}

func hexText(v uint64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("0x%x", v)
}

// firstIovecs cuts a list after the entries that a recording keeps.
func firstIovecs(list string) string {
	const keep = 8
	parts := strings.Split(strings.Trim(list, "[]"), ", ")
	if len(parts) <= keep {
		return list
	}
	return "[" + strings.Join(parts[:keep], ", ") + ", ...]"
}

// headerOf gives the renderer what an event holds.
func headerOf(e *event) stracelog.Header {
	u := func(c schema.ColumnID) uint64 { v, _ := e.int(c); return uint64(v) }
	h := stracelog.Header{
		NamePtr: u(schema.ColMsgNamePtr), NameLen: int32(u(schema.ColMsgNamelen)), Name: e.bytes[schema.ColName],
		IovPtr: u(schema.ColMsgIovPtr), IovLen: u(schema.ColMsgIovlen),
		ControlPtr: u(schema.ColMsgControlPtr), ControlLen: u(schema.ColMsgControllen), Control: e.bytes[schema.ColControl],
		Flags: uint32(u(schema.ColMsgFlags)), Narrow: u(schema.ColABI) != schema.ABI64,
	}
	for _, n := range e.lists[schema.ColIovLen] {
		h.IovLens = append(h.IovLens, uint64(n))
	}
	h.IovReadable = len(h.IovLens) > 0
	return h
}
