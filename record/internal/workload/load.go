package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// loader is one thread of a load: it sends and reads back what it sent, so
// that nothing but itself decides its speed.
type loader struct {
	header   []byte // the msghdr
	fd, peer int
	size     int
	sequence bool
	batch    int64
	batches  []time.Duration
	buffer   []byte
	tid      int
	sent     int64
	elapsed  time.Duration
	err      error
}

// runLoad makes exactly -n calls and prints a truth.Load.
func runLoad(args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	n := flags.Int64("n", 100000, "number of calls, of all threads together")
	threads := flags.Int("threads", 1, "number of threads")
	socket := flags.String("socket", "unixdgram", "unixdgram, udp or tcp")
	size := flags.Int("size", 64, "bytes in the one iovec")
	rate := flags.Float64("rate", 0, "calls per second of each thread; 0 is full speed")
	sequence := flags.Bool("sequence", false, "count each thread's calls in msg_flags")
	pin := flags.Bool("pin", false, "keep thread i on CPU i")
	batch := flags.Int64("batch", 0, "time every so many calls apart, and print the median too")
	gate := flags.Bool("gate", false, "start to send when standard input ends")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *n%int64(*threads) != 0 {
		return fmt.Errorf("%d calls cannot be shared by %d threads", *n, *threads)
	}
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(*threads + 2) // each loader keeps its own
	loaders := make([]*loader, *threads)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range loaders {
		l := &loader{size: *size, sequence: *sequence, batch: *batch}
		loaders[i] = l
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			l.tid = unix.Gettid()
			if *pin {
				pinTo(0, i%runtime.NumCPU())
			}
			l.err = l.open(*socket)
			ready.Done()
			<-start
			if l.err == nil {
				l.run(*n/int64(*threads), *rate)
			}
		}()
	}
	ready.Wait()
	if *gate {
		io.Copy(io.Discard, os.Stdin)
	}
	close(start)
	done.Wait()
	return report(loaders)
}

func report(loaders []*loader) error {
	sum := truth.Load{PID: os.Getpid()}
	var errs []error
	for _, l := range loaders {
		errs = append(errs, l.err)
		sum.Calls += l.sent
		sum.TIDs = append(sum.TIDs, l.tid)
		sum.MedianNSPerCall += median(l.batches) / float64(max(l.batch, 1)) / float64(len(loaders))
		sum.NSPerCall += float64(l.elapsed) / float64(max(l.sent, 1)) / float64(len(loaders))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(sum)
}

// pinTo keeps a thread (0 is the calling one) on one CPU.
func pinTo(tid, cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(tid, &set)
}

// open makes the socket pair and lays out the one message.
func (l *loader) open(socket string) error {
	a, err := newArena(1 << 16)
	if err != nil {
		return err
	}
	t := newThread(a, "load")
	switch socket {
	case "unixdgram":
		l.fd, l.peer = t.pair(unix.SOCK_DGRAM)
	case "udp":
		l.fd, _ = t.udp()
		l.peer, _ = t.udp()
		to, _ := unix.Getsockname(l.peer)
		err = unix.Connect(l.fd, to)
	case "tcp":
		l.fd, l.peer, err = t.tcp(unix.AF_INET, 0)
	default:
		err = fmt.Errorf("unknown socket %q", socket)
	}
	if err != nil {
		return err
	}
	m := message{iov: t.one(l.size)}
	h := m.layOut(a)
	l.header, l.buffer = a.alloc(msghdrSize), a.alloc(max(l.size, 2048))
	h.encode(l.header)
	return nil
}

// run makes n calls. The message is read back by a raw system call too, so
// that the Go scheduler has no part in the loop.
func (l *loader) run(n int64, rate float64) {
	fd, peer := uintptr(l.fd), uintptr(l.peer)
	msg, buf, room := uintptr(addressOf(l.header)), uintptr(addressOf(l.buffer)), uintptr(len(l.buffer))
	start := time.Now()
	last := start
	for i := range n {
		if l.batch > 0 && i > 0 && i%l.batch == 0 {
			now := time.Now()
			l.batches = append(l.batches, now.Sub(last))
			last = now
		}
		if l.sequence {
			binary.NativeEndian.PutUint32(l.header[48:], uint32(i))
		}
		if rate > 0 && i%64 == 0 {
			time.Sleep(time.Until(start.Add(time.Duration(float64(i) / rate * 1e9))))
		}
		r, _, e := syscall.RawSyscall(unix.SYS_SENDMSG, fd, msg, 0)
		if e != 0 || int(r) != l.size {
			l.err = fmt.Errorf("call %d sent %d bytes: %w", i, int(r), e)
			return
		}
		l.sent++
		if _, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, peer, buf, room, 0, 0, 0); e != 0 {
			l.err = fmt.Errorf("read back message %d: %w", i, e)
			return
		}
	}
	l.elapsed = time.Since(start)
}

// median returns the middle one in nanoseconds, 0 of none.
func median(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[len(d)/2])
}

// runGetppid makes -n system calls that no tracer of sendmsg asked for.
func runGetppid(args []string) error {
	flags := flag.NewFlagSet("getppid", flag.ContinueOnError)
	n := flags.Int64("n", 1000000, "number of calls")
	batch := flags.Int64("batch", 0, "time every so many calls apart, and print the median too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.LockOSThread()
	pinTo(0, 0)
	var batches []time.Duration
	start := time.Now()
	last := start
	for i := range *n {
		if *batch > 0 && i > 0 && i%*batch == 0 {
			now := time.Now()
			batches = append(batches, now.Sub(last))
			last = now
		}
		syscall.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
	return json.NewEncoder(os.Stdout).Encode(truth.Load{
		PID: os.Getpid(), Calls: *n, NSPerCall: float64(time.Since(start)) / float64(*n),
		MedianNSPerCall: median(batches) / float64(max(*batch, 1))})
}
