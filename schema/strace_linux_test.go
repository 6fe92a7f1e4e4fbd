package schema_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// straceChild makes the test binary send every case instead of testing.
const straceChild = "SENDMSGREC_STRACE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(straceChild) != "" {
		sendCases()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sendCases calls sendmsg(-1, …) once for every case, in order: strace decodes
// the arguments of a call that fails too.
func sendCases() {
	var t testing.T
	send := func(flags uint64, m syscall.Msghdr) {
		_, _, _ = syscall.RawSyscall(syscall.SYS_SENDMSG, ^uintptr(0), uintptr(unsafe.Pointer(&m)), uintptr(flags))
	}
	pad := make([]byte, 1024) // what a too long namelen reads
	for i := range sockaddrCases {
		raw, namelen := sockaddrCases[i].bytes(&t)
		raw = append(raw, pad...)
		send(0, syscall.Msghdr{Name: &raw[0], Namelen: uint32(namelen)})
	}
	for i := range controlCases {
		raw, controllen := controlCases[i].bytes(&t)
		if controlCases[i].theirs == "-" {
			continue
		}
		m := syscall.Msghdr{Control: &raw[0]}
		m.SetControllen(int(controllen))
		send(0, m)
	}
	for _, v := range flagCases {
		send(v, syscall.Msghdr{})
	}
	runtime.KeepAlive(pad)
}

// flagCases is every flag alone and some together, but for the two flags that
// strace 6.1 does not name, and for lone bits without a name, to which strace
// adds a comment.
var flagCases = func() []uint64 {
	v := []uint64{0, 0x4040, 0x4041, 0x100040, 0x7fffffff &^ 0xa000000}
	bits, names := schema.MsgFlags.Names()
	for i := range bits {
		if names[i] != "MSG_SPLICE_PAGES" && names[i] != "MSG_SOCK_DEVMEM" {
			v = append(v, bits[i])
		}
	}
	return v
}()

// TestStraceAgrees sends the bytes of every case under strace and compares
// what it prints.
func TestStraceAgrees(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	version, _ := exec.Command(strace, "-V").Output()
	if !strings.HasPrefix(string(version), "strace -- version 6.1\n") {
		t.Skipf("the comparison is written for strace 6.1, this is %.40q", version)
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(strace, "-f", "-qq", "-e", "trace=sendmsg", "-e", "signal=none", "-s", "4096", "-o", out, os.Args[0])
	cmd.Env = append(os.Environ(), straceChild+"=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("strace: %v\n%s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	// Of threads that it had just met when the program ended strace says "???(",
	// with "<detached ...>", "<unfinished ...>" or "<... ??? resumed>".
	lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, " sendmsg(") })
	next := func(name string) string {
		t.Helper()
		if len(lines) == 0 {
			t.Fatalf("%s: strace printed no line", name)
		}
		line := lines[0]
		lines = lines[1:]
		_, line, _ = strings.Cut(line, " ")
		return strings.TrimSpace(line)
	}
	for _, c := range sockaddrCases {
		_, namelen := c.bytes(t)
		want := fmt.Sprintf("sendmsg(-1, {msg_name=%s, msg_namelen=%d, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=0}, 0) = %s",
			c.strace, namelen, schema.AppendResult(nil, -int64(syscall.EBADF)))
		if got := next(c.name); got != want {
			t.Errorf("%s:\nstrace %s\nwe     %s", c.name, got, want)
		}
	}
	for _, c := range controlCases {
		ours := c.strace
		if c.theirs == "-" {
			continue
		} else if c.theirs != "" {
			ours = c.theirs
		}
		_, got, _ := strings.Cut(next(c.name), "msg_control=")
		got, _, _ = strings.Cut(got, ", msg_controllen=")
		// The address of the rest is that of the sender's buffer.
		if i := strings.Index(got, "... /* 0x"); i >= 0 {
			j := strings.Index(ours, "... /* 0x")
			got, ours = got[:i], ours[:max(j, 0)]
		}
		if got != ours {
			t.Errorf("%s:\nstrace %s\nwe     %s", c.name, got, ours)
		}
	}
	for _, v := range flagCases {
		got := next(schema.FormatFlags(v))
		got = got[strings.LastIndex(got, "}, ")+3:]
		got, _, _ = strings.Cut(got, ") =")
		if want := schema.FormatFlags(v); got != want {
			t.Errorf("flags %#x: strace %s, we %s", v, got, want)
		}
	}
	if len(lines) > 0 {
		t.Errorf("strace printed more: %q", lines)
	}
}
