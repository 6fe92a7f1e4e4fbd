//go:build amd64 || arm64

package text_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// straceChild makes the test binary call sendmsg instead of testing.
const straceChild = "SENDMSGREC_STRACE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(straceChild) != "" {
		sendAll()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sent is a call as the child made it, with the addresses that strace prints.
type sent struct {
	Name        string
	Msg         uintptr
	Header      *syscall.Msghdr // null: was not readable
	NamePtr     uintptr
	NameBytes   []byte
	IovPtr      uintptr
	Iovs        [][2]uint64
	ControlPtr  uintptr
	ControlData []byte
	Flags       int
}

// sendAll makes one call sendmsg(-1, …) for each case and prints what it did.
func sendAll() {
	buf := make([]byte, 64)
	name := []byte("\x02\x00\x14\xe9\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	control := []byte(rightsAndCredentials)
	iov := []syscall.Iovec{{Base: &buf[0], Len: 8}, {Base: nil, Len: 0}, {Base: &buf[5], Len: 1<<64 - 1}}
	enc := json.NewEncoder(os.Stdout)
	call := func(what string, flags int, m *syscall.Msghdr, address uintptr) {
		s := sent{Name: what, Msg: address, Flags: flags}
		if m != nil {
			s.Msg, s.Header = uintptr(unsafe.Pointer(m)), m
			s.NamePtr, s.IovPtr, s.ControlPtr = uintptr(unsafe.Pointer(m.Name)), uintptr(unsafe.Pointer(m.Iov)), uintptr(unsafe.Pointer(m.Control))
			if m.Name == &name[0] {
				s.NameBytes = name
			}
			if m.Control == &control[0] {
				s.ControlData = control[:min(int(m.Controllen), len(control))]
			}
			if m.Iov == &iov[0] {
				for _, v := range iov[:m.Iovlen] {
					s.Iovs = append(s.Iovs, [2]uint64{uint64(uintptr(unsafe.Pointer(v.Base))), v.Len})
				}
			}
		}
		_, _, _ = syscall.RawSyscall(syscall.SYS_SENDMSG, ^uintptr(0), s.Msg, uintptr(flags))
		if err := enc.Encode(&s); err != nil {
			panic(err)
		}
	}
	call("everything", 0x4040, &syscall.Msghdr{Name: &name[0], Namelen: 16, Iov: &iov[0], Iovlen: 2, Control: &control[0], Controllen: 56, Flags: 0x20}, 0)
	call("nothing", 0, &syscall.Msghdr{}, 0)
	call("no iovec of an array", 0, &syscall.Msghdr{Iov: &iov[0]}, 0)
	call("iovecs of no array", 0, &syscall.Msghdr{Iovlen: 2}, 0)
	call("a negative length", 0, &syscall.Msghdr{Iov: &iov[0], Iovlen: 3}, 0)
	call("a name of one byte", 0, &syscall.Msghdr{Name: &name[0], Namelen: 1}, 0)
	call("a name of a negative length", 0, &syscall.Msghdr{Name: &name[0], Namelen: 1<<32 - 1}, 0)
	call("a name of no length", 0, &syscall.Msghdr{Name: &name[0]}, 0)
	call("a length of no name", 0, &syscall.Msghdr{Namelen: 16}, 0)
	call("control too short for a header", 0, &syscall.Msghdr{Control: &control[0], Controllen: 15}, 0)
	call("control of a null pointer", 0, &syscall.Msghdr{Controllen: 4}, 0)
	call("control of no length", 0, &syscall.Msghdr{Control: &control[0]}, 0)
	call("a null msghdr", 0, nil, 0)
	call("an unreadable msghdr", 0x40, nil, 8)
}

// event is the columns of the call.
func (s *sent) event() values {
	e := plainEvent.with(noSocket).with(values{
		schema.ColSockfd: -1, schema.ColRet: -9, schema.ColDurationNS: nil, schema.ColMsgPtr: int(s.Msg), schema.ColFlags: s.Flags,
		schema.ColMsgNamePtr: nil, schema.ColMsgNamelen: nil, schema.ColMsgIovPtr: nil, schema.ColMsgIovlen: nil, schema.ColIovBase: nil, schema.ColIovLen: nil,
		schema.ColMsgControlPtr: nil, schema.ColMsgControllen: nil, schema.ColMsgFlags: nil,
	})
	if m := s.Header; m != nil {
		base, length := []int64{}, []int64{}
		for _, v := range s.Iovs {
			base, length = append(base, int64(v[0])), append(length, int64(v[1]))
		}
		e = e.with(values{
			schema.ColMsgNamePtr: int(s.NamePtr), schema.ColMsgNamelen: int(int32(m.Namelen)), schema.ColMsgIovPtr: int(s.IovPtr), schema.ColMsgIovlen: int(m.Iovlen),
			schema.ColIovBase: base, schema.ColIovLen: length,
			schema.ColMsgControlPtr: int(s.ControlPtr), schema.ColMsgControllen: int(m.Controllen), schema.ColMsgFlags: int(m.Flags),
		})
	}
	if s.NameBytes != nil {
		e[schema.ColName] = string(s.NameBytes)
	}
	if s.ControlData != nil {
		e[schema.ColControl] = string(s.ControlData)
	}
	return e
}

// TestLinesAreThoseOfStrace compares whole calls, but for iov_base, which is
// the data there and the address here.
func TestLinesAreThoseOfStrace(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if version, _ := exec.Command(strace, "-V").Output(); !strings.HasPrefix(string(version), "strace -- version 6.1\n") {
		t.Skipf("the comparison is written for strace 6.1, this is %.40q", version)
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(strace, "-f", "-qq", "-e", "trace=sendmsg", "-e", "signal=none", "-a", "0", "-o", out, os.Args[0])
	cmd.Env = append(os.Environ(), straceChild+"=1")
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("strace: %v", err)
	}
	theirs, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	iovBase := regexp.MustCompile(`iov_base=("[^"]*"(\.\.\.)?|0x[0-9a-f]+|NULL)`)
	lines := strings.Split(strings.TrimSpace(string(theirs)), "\n")
	// Of threads that it had just met when the program ended strace says "???(",
	// with "<detached ...>", "<unfinished ...>" or "<... ??? resumed>".
	lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, " sendmsg(") })
	p := newPrinter(t, text.Line)
	dec := json.NewDecoder(strings.NewReader(string(stdout)))
	for i, want := range lines {
		var s sent
		// The header's own pointers do not come back through JSON as such.
		var raw struct {
			sent
			Header *struct {
				Namelen                    uint32
				Iovlen, Controllen         uint64
				Flags                      int32
				Name, Iov, Control, Ignore json.RawMessage
			}
		}
		if err := dec.Decode(&raw); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		s = raw.sent
		if h := raw.Header; h != nil {
			s.Header = &syscall.Msghdr{Namelen: h.Namelen, Iovlen: h.Iovlen, Controllen: h.Controllen, Flags: h.Flags}
		}
		p.SetBlock(newBlock(t, s.event()))
		_, got, _ := strings.Cut(string(p.Event(nil, 0)), "> ")
		got = iovBase.ReplaceAllString(strings.TrimSpace(got), "iov_base=X")
		_, want, _ = strings.Cut(want, " ")
		want = iovBase.ReplaceAllString(strings.TrimSpace(want), "iov_base=X")
		if got != want {
			t.Errorf("%s:\nstrace %s\nwe     %s", s.Name, want, got)
		}
	}
	if dec.More() || len(lines) != 14 {
		t.Errorf("%d lines for another number of calls", len(lines))
	}
}
