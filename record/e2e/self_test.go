//go:build privileged

package e2e_test

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"golang.org/x/sys/unix"
)

// TestARecorderDoesNotRecordItself is a recorder itself, and sends: its calls
// are counted apart and are no events.
func TestARecorderDoesNotRecordItself(t *testing.T) {
	probe, err := bpf.Open(bpf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	const calls = 5 // a queue holds 10 datagrams
	for range calls {
		if err := unix.Sendmsg(p[0], []byte("hello"), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := probe.Detach(); err != nil {
		t.Fatal(err)
	}
	self := uint64(0)
	for cpu := range probe.CPUs() {
		ring := probe.Ring(cpu)
		self += ring.Counters().Self
		for e := ring.Next(); e != nil; e = ring.Next() {
			if g := e.Groups(); g != nil && int(g.Task.PID) == unix.Getpid() {
				t.Errorf("an event of the recorder itself: %+v", g)
			}
		}
		ring.Release()
	}
	if self != calls {
		t.Errorf("%d calls of its own counted, %d made", self, calls)
	}
}
