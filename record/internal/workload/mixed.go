package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// mixer is one thread of a mixed load.
type mixer struct {
	fd, peer, file, null uint64
	header, array, data  uint64
	tid                  int
	events               int64
	err                  error
}

// runMixed makes all the calls that are recorded in turns, at full speed, and
// prints a truth.Load with the number of events that they are.
func runMixed(args []string) error {
	flags := flag.NewFlagSet("mixed", flag.ContinueOnError)
	n := flags.Int("n", 10000, "number of turns of each thread")
	threads := flags.Int("threads", 4, "number of threads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	mixers := make([]mixer, *threads)
	var done sync.WaitGroup
	for i := range mixers {
		m := &mixers[i]
		done.Go(func() {
			runtime.LockOSThread()
			m.tid = unix.Gettid()
			if m.err = m.open(); m.err == nil {
				m.err = m.run(*n)
			}
		})
	}
	done.Wait()
	sum := truth.Load{PID: os.Getpid()}
	for i := range mixers {
		if err := mixers[i].err; err != nil {
			return err
		}
		sum.Calls += mixers[i].events
		sum.TIDs = append(sum.TIDs, mixers[i].tid)
	}
	return json.NewEncoder(os.Stdout).Encode(sum)
}

// perVector is the number of messages of a mixer's sendmmsg and recvmmsg.
const perVector = 3

func (m *mixer) open() error {
	a, err := newArena(1 << 16)
	if err != nil {
		return err
	}
	t := newThread(a, "mixed")
	fd, peer := t.pair(unix.SOCK_DGRAM)
	file, err1 := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	null, err2 := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("open files: %w", err)
	}
	m.fd, m.peer, m.file, m.null = uint64(fd), uint64(peer), uint64(file), uint64(null)
	msg := message{iov: t.one(64)}
	h := msg.layOut(a)
	m.data = msg.iov[0].base
	header, array := a.alloc(msghdrSize), a.alloc(perVector*mmsghdrSize)
	h.encode(header)
	for i := range perVector {
		h.encode(array[i*mmsghdrSize:])
	}
	m.header, m.array = addressOf(header), addressOf(array)
	return nil
}

func (m *mixer) run(n int) error {
	const size = 64
	for turn := range n {
		for _, c := range []struct {
			nr           uintptr
			args         [4]uint64
			want, events int64
		}{
			{unix.SYS_SENDMSG, [4]uint64{m.fd, m.header}, size, 1},
			{unix.SYS_RECVMSG, [4]uint64{m.peer, m.header}, size, 1},
			{unix.SYS_SENDTO, [4]uint64{m.fd, m.data, size}, size, 1},
			{unix.SYS_RECVFROM, [4]uint64{m.peer, m.data, size}, size, 1},
			{unix.SYS_SENDMMSG, [4]uint64{m.fd, m.array, perVector}, perVector, perVector},
			{unix.SYS_RECVMMSG, [4]uint64{m.peer, m.array, perVector}, perVector, perVector},
			{unix.SYS_RECVMMSG, [4]uint64{m.peer, m.array, perVector, unix.MSG_DONTWAIT}, errno(unix.EAGAIN), 1},
			{unix.SYS_SENDMMSG, [4]uint64{m.fd, m.array}, 0, 1},
			{unix.SYS_SENDFILE, [4]uint64{m.null, m.file, 0, 1}, 1, 1},
		} {
			if ret := invoke(c.nr, c.args[:]...); ret != c.want {
				return fmt.Errorf("turn %d: system call %d returned %d, expected %d", turn, c.nr, ret, c.want)
			}
			m.events += c.events
		}
	}
	return nil
}
