package record

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// testClock is a clock that tests move by hand.
type testClock struct{ now atomic.Int64 }

func (c *testClock) NowNS() int64 { return c.now.Load() }
func (c *testClock) Read() segment.Clock {
	now := c.now.Load()
	return segment.Clock{BoottimeNS: now, RealtimeNS: now + 1e18, MonotonicNS: now, TAINS: now + 1e18 + 37e9}
}

// script is a Source that plays steps, as the kernel would do them: all up to
// a pause become visible at once, by the Wait that meets the pause. Each Wait
// moves the clock by its timeout. After the last step it calls ended.
type script struct {
	mu       sync.Mutex // Detach comes while the rings are read
	clock    *testClock
	steps    []step
	rings    []*scriptRing
	skipped  bpf.Skipped
	sends    bpf.Sends
	ended    func()
	detached bool
	late     []step // what happens before Detach takes effect
	waitErr  error
}

type step func(*script)

func newScript(cpus int, steps ...step) *script {
	s := &script{clock: &testClock{}, steps: steps, ended: func() {}}
	s.clock.now.Store(1_000_000_000)
	for range cpus {
		s.rings = append(s.rings, &scriptRing{mu: &s.mu})
	}
	return s
}

// scriptRing is one CPU's ring: events without a bound.
type scriptRing struct {
	mu       *sync.Mutex
	counters bpf.Counters
	events   []*bpf.Event
	base     *bpf.Groups // of the last event that has any
	next     int
	released int
}

func (r *scriptRing) Next() *bpf.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == len(r.events) {
		return nil
	}
	r.next++
	return r.events[r.next-1]
}

func (r *scriptRing) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Nobody may look at a released event: make it useless.
	for ; r.released < r.next; r.released++ {
		*r.events[r.released] = bpf.Event{}
	}
}

func (s *script) CPUs() int         { return len(s.rings) }
func (s *script) Ring(cpu int) Ring { return s.rings[cpu] }
func (s *script) Counters(cpu int) bpf.Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rings[cpu].counters
}
func (s *script) SkippedEntry() (bpf.Skipped, error) { return s.skipped, nil }
func (s *script) Sends() bpf.Sends                   { return s.sends }

func (s *script) Ways() []bpf.Way {
	return []bpf.Way{
		{Path: "syscall", ABI: "64", Call: "sendmsg", Hooks: []string{"a script"}},
		{Path: "io_uring", ABI: "64", Call: "sendmsg", Why: "not in the script"},
	}
}

func (s *script) Wait(timeout time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.now.Add(int64(timeout))
	if s.waitErr != nil {
		return s.waitErr
	}
	for len(s.steps) > 0 {
		next := s.steps[0]
		s.steps = s.steps[1:]
		if next == nil {
			return nil
		}
		next(s)
	}
	s.ended()
	return nil
}

func (s *script) Detach() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, step := range s.late {
		step(s)
	}
	s.detached = true
	return nil
}

// pause ends what the next Wait makes visible.
var pause step

// wait is a pause in which nothing happens for d.
func wait(d time.Duration) step {
	return func(s *script) { s.clock.now.Add(int64(d)) }
}

func times(n int, do step) step {
	return func(s *script) {
		for range n {
			do(s)
		}
	}
}

// send is a call that enters and returns on cpu, changed by edit.
func send(cpu int, edit ...func(*testEvent)) step {
	return func(s *script) {
		s.rings[cpu].counters.Entered++
		s.returned(cpu, edit...)
	}
}

func (s *script) returned(cpu int, edit ...func(*testEvent)) {
	r := s.rings[cpu]
	t := newTestEvent()
	now := s.clock.now.Add(1000)
	t.TimeNS, t.DurationNS = uint64(now-900), 900
	for _, f := range edit {
		f(t)
	}
	t.Seq = r.counters.Seq
	r.counters.Returned++
	r.counters.Seq++
	r.events = append(r.events, t.record(r.base))
	r.base = &t.Groups
}

// move is a call that enters on one CPU and returns on another.
func move(from, to int) step {
	return func(s *script) {
		s.rings[from].counters.Entered++
		s.rings[from].counters.MovedOut++
		s.rings[to].counters.MovedIn++
		s.returned(to)
	}
}

// enter is a call that does not return.
func enter(cpu int) step {
	return func(s *script) { s.rings[cpu].counters.Entered++ }
}

// filter is a call that the filter drops.
func filter(cpu int) step {
	return func(s *script) {
		s.rings[cpu].counters.Entered++
		s.rings[cpu].counters.Filtered++
	}
}

// lose is a call that the kernel loses.
func lose(cpu int, cause segment.Cause) step {
	return func(s *script) {
		c := &s.rings[cpu].counters
		if cause == segment.CauseSkippedEntry {
			s.skipped.Calls++
			c.UnderWay++ // when it returns
			return
		}
		c.Entered++
		c.Seq++
		switch cause {
		case segment.CauseRingFull:
			c.LostRingFull++
			c.Returned++
		case segment.CauseSkippedExit:
			c.LostSkippedExit++
			c.Returned++
		case segment.CauseNoState:
			c.LostNoState++
		}
	}
}

// testEvent is an event with its variable parts, laid out by record.
type testEvent struct {
	bpf.Event
	bpf.Groups
	extra                 *bpf.Extra
	iov                   []bpf.Iovec
	name, control         []byte
	localPath, remotePath []byte
}

// newTestEvent is an ordinary UDP send of one iovec with a name.
func newTestEvent() *testEvent {
	t := &testEvent{
		iov:  []bpf.Iovec{{Base: 0x7f00_0000_1000, Len: 64}},
		name: []byte{2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
	}
	t.Outcome = schema.OutcomeReturned
	t.Ret, t.RequestedBytes, t.SndbufUsed = 64, 64, 768
	t.Task = bpf.Task{PID: 100, TID: 101, UID: 1000, GID: 1000, StartTimeNS: 5e9, CgroupID: 77, Netns: 4026531840}
	copy(t.Task.Comm[:], "client")
	t.Call = bpf.Call{
		Sockfd: 3, Flags: 0x4000, MsgPtr: 0x7ffd_0000_0100, MsgNamePtr: 0x7ffd_0000_0200, MsgNamelen: 16,
		MsgIovPtr: 0x7ffd_0000_0300, MsgIovlen: 1,
		MsghdrSource: uint8(schema.SourceEntry), NameSource: uint8(schema.SourceEntry), IovSource: uint8(schema.SourceEntry),
		ControlSource: uint8(schema.SourceNull), SocketSource: uint8(schema.SourceEntry),
		Call: 1, EntryPath: 1, ABI: 1, Origin: 1,
	}
	t.Socket = bpf.Socket{Family: afInet, Type: 2, Protocol: 17, LocalPort: 40000, Inode: 999, SndbufLimit: 212992}
	return t
}

// record lays the event out in memory as the kernel does: without its groups
// when they are those of base, the last event of the ring that has them.
func (t *testEvent) record(base *bpf.Groups) *bpf.Event {
	t.IovCaptured, t.NameCaptured, t.ControlCaptured = uint8(len(t.iov)), uint8(len(t.name)), uint16(len(t.control))
	t.LocalPathLen, t.RemotePathLen = uint8(len(t.localPath)), uint8(len(t.remotePath))
	t.Size = uint32(bpf.PartsSize(len(t.iov), len(t.name), len(t.control), len(t.localPath), len(t.remotePath)))
	if base != nil && t.Groups == *base {
		t.Same = 1
		t.Size -= bpf.GroupsSize
	}
	if t.extra != nil {
		t.Extra = 1
		t.Size += bpf.ExtraSize
	}
	memory := make([]uint64, t.Size/8+1) // as in a ring, something follows
	e := (*bpf.Event)(unsafe.Pointer(&memory[0]))
	*e = t.Event
	if g := e.Groups(); g != nil {
		*g = t.Groups
	}
	if t.extra != nil {
		*e.ExtraPart() = *t.extra
	}
	copy(e.Iovecs(), t.iov)
	copy(e.Name(), t.name)
	copy(e.Control(), t.control)
	copy(e.LocalPath(), t.localPath)
	copy(e.RemotePath(), t.remotePath)
	return e
}
