package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// saRestart is SA_RESTART of Linux.
const saRestart = 0x10000000

// withoutRestart lets a signal end a blocked call with EINTR: the runtime's
// handler stays, its SA_RESTART goes. So every attempt returns to its caller
// and can be counted there.
func withoutRestart(sig unix.Signal) error {
	signal.Notify(make(chan os.Signal, 1), sig)
	var action struct{ handler, flags, restorer, mask uint64 }
	at := uintptr(unsafe.Pointer(&action))
	if _, _, e := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, at, 8, 0, 0); e != 0 {
		return fmt.Errorf("read the signal action: %w", e)
	}
	action.flags &^= saRestart
	if _, _, e := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), at, 0, 8, 0, 0); e != 0 {
		return fmt.Errorf("change the signal action: %w", e)
	}
	return nil
}

// runBlock sends from many threads through full queues; while they wait they
// are signalled and moved between CPUs. It prints the exact number of calls.
func runBlock(args []string) error {
	flags := flag.NewFlagSet("block", flag.ContinueOnError)
	threads := flags.Int("threads", 64, "number of threads")
	n := flags.Int64("n", 100000, "number of calls, of all threads together")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := withoutRestart(unix.SIGUSR1); err != nil {
		return err
	}
	var calls, interrupted atomic.Int64
	var ready, done sync.WaitGroup
	tids, peers := make([]int, *threads), make([]int, *threads)
	for i := range *threads {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			a, err := newArena(4096)
			if err != nil {
				panic(err)
			}
			t := newThread(a, "block")
			fd, peer := t.pair(unix.SOCK_DGRAM)
			tids[i], peers[i] = unix.Gettid(), peer
			p := t.prepare(&message{fd: uint64(fd), iov: t.one(64)})
			ready.Done()
			for calls.Add(1) <= *n {
				switch ret := p.call(); ret {
				case 64:
				case errno(unix.EINTR):
					interrupted.Add(1)
				default:
					panic(fmt.Sprintf("sendmsg returned %d", ret))
				}
			}
		}()
	}
	ready.Wait()
	stop := make(chan struct{})
	var helpers sync.WaitGroup
	for _, d := range []struct {
		every   time.Duration
		disturb func()
	}{
		{50 * time.Microsecond, func() { unix.Tgkill(os.Getpid(), tids[rand.IntN(*threads)], unix.SIGUSR1) }},
		{50 * time.Microsecond, func() { pinTo(tids[rand.IntN(*threads)], rand.IntN(runtime.NumCPU())) }},
		{2 * time.Millisecond, func() { drainSome(peers) }},
	} {
		helpers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(d.every):
					d.disturb()
				}
			}
		})
	}
	done.Wait()
	close(stop)
	helpers.Wait()
	return json.NewEncoder(os.Stdout).Encode(truth.Load{
		PID: os.Getpid(), Calls: *n, Interrupted: interrupted.Load(), TIDs: tids})
}

// drainSome takes a few datagrams from every queue.
func drainSome(peers []int) {
	b := make([]byte, 64)
	for _, fd := range peers {
		for range 1 + rand.IntN(8) {
			if _, _, err := unix.Recvfrom(fd, b, unix.MSG_DONTWAIT); err != nil {
				break
			}
		}
	}
}
