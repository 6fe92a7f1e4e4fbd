package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// runRace sends through a descriptor that another thread replaces and closes
// all the while. It prints the exact number of calls and the sockets that the
// descriptor ever named; a socket does not live longer than its turn.
func runRace(args []string) error {
	flags := flag.NewFlagSet("race", flag.ContinueOnError)
	n := flags.Int64("n", 100000, "number of calls")
	if err := flags.Parse(args); err != nil {
		return err
	}
	const fd = 100
	var stop atomic.Bool
	var inodes []int64
	var done sync.WaitGroup
	done.Go(func() {
		runtime.LockOSThread()
		pinTo(0, runtime.NumCPU()-1)
		for turn := 0; !stop.Load(); turn++ {
			types := [...]int{unix.SOCK_DGRAM, unix.SOCK_STREAM, unix.SOCK_SEQPACKET}
			p, err := unix.Socketpair(unix.AF_UNIX, types[turn%3]|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				panic(err)
			}
			var st unix.Stat_t
			unix.Fstat(p[0], &st)
			inodes = append(inodes, int64(st.Ino))
			unix.Dup3(p[0], fd, unix.O_CLOEXEC)
			unix.Close(p[0])
			unix.Close(p[1])
			if turn%4 == 0 {
				unix.Close(fd) // the last reference: the socket goes
			}
		}
	})
	runtime.LockOSThread()
	pinTo(0, 0) // on one CPU, they would take turns
	a, err := newArena(4096)
	if err != nil {
		return err
	}
	t := newThread(a, "race")
	p := t.prepare(&message{fd: fd, flags: unix.MSG_NOSIGNAL, iov: t.one(8)})
	results := map[int64]int64{}
	for range *n {
		results[p.call()]++
	}
	stop.Store(true)
	done.Wait()
	fmt.Fprintln(os.Stderr, "results:", results)
	return json.NewEncoder(os.Stdout).Encode(truth.Load{PID: os.Getpid(), Calls: *n, Inodes: inodes})
}
