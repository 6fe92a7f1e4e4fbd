package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// Results that a case can expect beside a number of bytes.
const (
	whatever    = math.MinInt64     // the kernel decides; it is compared all the same
	erestartsys = -512              // the kernel's own: interrupted, to be restarted
	partOfIt    = math.MinInt64 + 1 // more than nothing, less than all
)

func errno(e unix.Errno) int64 { return -int64(e) }

// thread is the OS thread of one case. Each case has its own, so that the
// thread's id names the case in a recording.
type thread struct {
	arena *arena
	abi   *callerABI
	more  []byte // further readable memory, beside the arena
	log   *logger
	name  string
	fds   []int
}

// newThread returns a thread that calls as 64-bit programs do.
func newThread(a *arena, name string) *thread { return &thread{arena: a, abi: native, name: name} }

// inThread runs one case on an OS thread that ends with it.
func inThread(name string, log *logger, run func(*thread) error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		a, err := newArena(4 << 20)
		if err != nil {
			done <- err
			return
		}
		t := newThread(a, name)
		t.log = log
		err = run(t)
		for _, fd := range t.fds {
			unix.Close(fd)
		}
		a.free()
		done <- err
	}()
	return <-done
}

// own closes the descriptor when the case ends.
func (t *thread) own(fd int, err error) int {
	if err != nil {
		panic(fmt.Sprintf("%s: open socket: %v", t.name, err))
	}
	t.fds = append(t.fds, fd)
	return fd
}

// bytes returns n readable bytes as an iovec.
func (t *thread) bytes(n int) iovec {
	b := t.arena.alloc(max(n, 1))
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return iovec{addressOf(b), uint64(n)}
}

func (t *thread) one(n int) []iovec { return []iovec{t.bytes(n)} }

// peek returns n bytes at the address, nil when they are not all readable.
func (t *thread) peek(ptr uint64, n int) []byte {
	for _, mem := range [][]byte{t.arena.mem, t.more} {
		base := addressOf(mem)
		if mem == nil || ptr < base || ptr+uint64(n) > base+uint64(len(mem)) {
			continue
		}
		return append([]byte{}, mem[ptr-base:][:n]...)
	}
	return nil
}

// prepared is a call that is laid out and described, ready to be made.
type prepared struct {
	fd, ptr, flags uintptr
	abi            *callerABI
	truth          truth.Call
	size           int64
}

func (t *thread) prepare(m *message) *prepared {
	h := m.layOut(t.arena)
	b := t.arena.alloc(t.abi.msghdrSize())
	h.encode(b)
	ptr := addressOf(b)
	override(&ptr, m.ptr)
	p := &prepared{abi: t.abi, fd: uintptr(m.fd), ptr: uintptr(ptr), flags: uintptr(m.flags)}
	p.truth = truth.Call{
		Case: t.name, PID: os.Getpid(), TID: unix.Gettid(),
		Sockfd: int32(m.fd), Flags: uint32(m.flags), MsgPtr: ptr,
		Readable: m.ptr == nil || t.peek(*m.ptr, t.abi.msghdrSize()) != nil,
		Socket:   describe(int(int32(m.fd))),
	}
	t.abi.mark(&p.truth)
	if p.truth.Readable {
		t.fill(&p.truth, &h)
	}
	p.size, _ = p.truth.Requested()
	return p
}

// fill writes down the header and what stands behind its pointers.
func (t *thread) fill(c *truth.Call, h *header) {
	c.NamePtr, c.NameLen = h.namePtr, h.nameLen
	c.IovPtr, c.IovLen = h.iovPtr, h.iovLen
	c.ControlPtr, c.ControlLen, c.MsgFlags = h.controlPtr, h.controlLen, h.flags
	if h.nameLen >= 0 {
		c.Name = t.peek(h.namePtr, int(min(h.nameLen, 128)))
	}
	if h.controlLen <= 1<<20 {
		c.Control = t.peek(h.controlPtr, int(h.controlLen))
	}
	for i := uint64(0); i < h.iovLen && h.iovLen <= 1024; i++ {
		word := t.arena.word
		b := t.peek(h.iovPtr+i*uint64(2*word), 2*word)
		if b == nil {
			break
		}
		c.IovBases = append(c.IovBases, t.arena.getWord(b))
		c.IovLens = append(c.IovLens, t.arena.getWord(b[word:]))
	}
}

// call makes the call and returns its result, a negative errno for an error.
func (p *prepared) call() int64 {
	return p.abi.call(schema.CallSendmsg, uint64(p.fd), uint64(p.ptr), uint64(p.flags))
}

// finish checks the result, completes the truth and logs it.
func (t *thread) finish(p *prepared, ret, want int64, before ...int64) error {
	p.truth.Rets = append(before, ret)
	if err := t.log.write(&p.truth); err != nil {
		return err
	}
	if want == whatever || want == partOfIt && ret > 0 && ret < p.size || want == ret {
		return nil
	}
	return fmt.Errorf("result %d, expected %d", ret, want)
}

// send makes one call that does not block.
func (t *thread) send(m message, want int64) error {
	p := t.prepare(&m)
	return t.finish(p, p.call(), want)
}

// sendBlocked makes a call that blocks; meanwhile runs on another thread as
// soon as it does. The attempts before the last one return what before says.
func (t *thread) sendBlocked(m message, want int64, before []int64, meanwhile func(tid int) error) error {
	p := t.prepare(&m)
	failed := make(chan error, 1)
	go func() {
		err := p.abi.waitBlocked(p.truth.PID, p.truth.TID)
		if err == nil {
			err = meanwhile(p.truth.TID)
		}
		failed <- err
	}()
	ret := p.call()
	p.truth.Raced = p.truth.Socket != nil && !sameSocket(int(p.fd), p.truth.Socket.Inode)
	if err := <-failed; err != nil {
		return err
	}
	return t.finish(p, ret, want, before...)
}

func sameSocket(fd int, inode int64) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && int64(st.Ino) == inode
}

// waitBlocked waits until the thread sleeps in the 64-bit sendmsg.
func waitBlocked(pid, tid int) error { return native.waitBlocked(pid, tid) }

// waitBlocked waits until the thread sleeps in sendmsg.
func (a *callerABI) waitBlocked(pid, tid int) error {
	dir := fmt.Sprintf("/proc/%d/task/%d/", pid, tid)
	call := fmt.Sprintf("%d ", a.blocks)
	for range 2000 {
		syscall, err1 := os.ReadFile(dir + "syscall")
		stat, err2 := os.ReadFile(dir + "stat")
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("watch thread %d: %w", tid, err)
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(string(syscall), call) && strings.HasPrefix(state, "S") {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("thread %d does not block in sendmsg", tid)
}
