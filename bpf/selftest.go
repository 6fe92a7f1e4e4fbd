package bpf

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// selfMessage is what the self test sends: memory that does not move, so that
// its addresses can be compared.
var selfMessage struct {
	header unix.Msghdr
	iov    [2]unix.Iovec
	data   [16]byte
}

// selfTest is one call of the self test, and what must be recorded of it.
type selfTest struct {
	sockfd int
	flags  uint32
	ret    int64
	family uint16
}

// selfEvent is what was recorded of one.
type selfEvent struct {
	Event
	Groups
}

// testSelf sends messages from this process, the only one that the programs
// record until arm, and compares what they record: a hook may load and attach,
// and still not mean on this kernel what it means on others. Where sendmsg is
// not recorded there is nothing to compare.
func (p *Probe) testSelf() error {
	if !slices.ContainsFunc(p.calls, func(c call) bool { return c.name == "sendmsg" }) {
		return nil
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("self test: socketpair: %w", err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	m := &selfMessage
	for i := range m.iov {
		m.iov[i].Base = &m.data[8*i]
		m.iov[i].SetLen(5 + i)
	}
	m.header.Iov = &m.iov[0]
	m.header.SetIovlen(len(m.iov))

	tests := []selfTest{
		{sockfd: pair[0], flags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL, ret: 11, family: unix.AF_UNIX},
		{sockfd: -1, ret: -int64(unix.EBADF)},
	}
	for _, t := range tests {
		r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(t.sockfd), uintptr(unsafe.Pointer(&m.header)), uintptr(t.flags))
		if errno != 0 {
			r = -uintptr(errno)
		}
		if int64(r) != t.ret {
			return fmt.Errorf("self test: sendmsg() returned %d, not %d", int64(r), t.ret)
		}
	}
	return compareSelf(p.takeSelf(), tests)
}

// takeSelf takes the calls of this thread with the message of the self test
// out of the rings.
func (p *Probe) takeSelf() []selfEvent {
	var events []selfEvent
	for _, ring := range p.rings {
		var groups *Groups
		for e := ring.Next(); e != nil; e = ring.Next() {
			if e.Same == 0 {
				groups = e.Groups()
			}
			if groups.Task.TID == uint32(unix.Gettid()) && groups.Call.MsgPtr == uint64(uintptr(unsafe.Pointer(&selfMessage.header))) {
				events = append(events, selfEvent{*e, *groups})
			}
		}
	}
	return events
}

// compareSelf says what of the events is not as it was sent. They stand in the
// order of their CPUs: the test may have moved to another one.
func compareSelf(events []selfEvent, tests []selfTest) error {
	if len(events) != len(tests) {
		return fmt.Errorf("self test: %d of %d calls of sendmsg() were recorded", len(events), len(tests))
	}
	for _, t := range tests {
		found := false
		for i := range events {
			e := &events[i]
			if int(e.Call.Sockfd) != t.sockfd {
				continue
			}
			found = true
			for _, field := range []struct {
				name      string
				got, want int64
			}{
				{"flags", int64(e.Call.Flags), int64(t.flags)},
				{"the result", e.Ret, t.ret},
				{"requested_bytes", e.RequestedBytes, 11},
				{"msg_iovlen", int64(e.Call.MsgIovlen), 2},
				{"the socket's family", int64(e.Socket.Family), int64(t.family)},
			} {
				if field.got != field.want {
					return fmt.Errorf("self test: %s of sendmsg() was recorded as %d, not %d", field.name, field.got, field.want)
				}
			}
			if e.DurationNS > 1e12 {
				return fmt.Errorf("self test: sendmsg() was recorded to take %d ns", e.DurationNS)
			}
		}
		if !found {
			return fmt.Errorf("self test: sendmsg(%d, ...) was recorded with another descriptor", t.sockfd)
		}
	}
	return nil
}

// kernelCountsSkips reports whether the kernel has the count that
// skippedEntry() reads.
func kernelCountsSkips(kernel *btf.Spec) bool {
	var info *btf.Struct
	if err := kernel.TypeByName("bpf_prog_info", &info); err != nil {
		return false
	}
	return slices.ContainsFunc(info.Members, func(m btf.Member) bool { return m.Name == "recursion_misses" })
}

// arm begins the recording: what the self test has left is forgotten.
func (p *Probe) arm(kernel *btf.Spec) error {
	skipped, err := p.skippedEntry()
	if err != nil {
		return err
	}
	p.countsSkips = kernelCountsSkips(kernel)
	p.skippedBefore = skipped
	for _, ring := range p.rings {
		ring.reset()
	}
	if err := p.programs.Variables["self_test"].Set(uint32(0)); err != nil {
		return fmt.Errorf("end the self test: %w", err)
	}
	return nil
}
