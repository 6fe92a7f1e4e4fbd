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

// runURingLoad makes exactly -n requests from -threads threads with a ring each,
// half of them executed by worker threads, and prints a truth.Load.
func runURingLoad(args []string) error {
	flags := flag.NewFlagSet("uring-load", flag.ContinueOnError)
	n := flags.Int64("n", 10000, "number of requests, of all threads together")
	threads := flags.Int("threads", 2, "number of threads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sum := truth.Load{PID: os.Getpid(), TIDs: make([]int, *threads)}
	errs := make([]error, *threads)
	var done sync.WaitGroup
	for i := range *threads {
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			sum.TIDs[i] = unix.Gettid()
			errs[i] = loadURing(*n / int64(*threads))
		}()
	}
	done.Wait()
	sum.Calls = *n / int64(*threads) * int64(*threads)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(sum)
}

func loadURing(n int64) error {
	a, err := newArena(1 << 16)
	if err != nil {
		return err
	}
	ring, err := newURing(native, a, 0)
	if err != nil {
		return err
	}
	t := newThread(a, "load")
	fd, peer := t.pair(unix.SOCK_DGRAM)
	p := t.prepare(&message{fd: uint64(fd), iov: t.one(64)})
	buffer := make([]byte, 64)
	for sent := int64(0); sent < n; {
		batch := min(uringEntries/2, n-sent)
		for i := range batch {
			q := request{opcode: opSendmsg, flags: uint8(i%2) * sqeAsync, fd: int32(fd), address: p.truth.MsgPtr, userData: uint64(i)}
			if err := ring.submit(q); err != nil {
				return err
			}
		}
		for i := range batch {
			switch res, err := ring.wait(uint64(i)); {
			case err != nil:
				return err
			case res != 64:
				return fmt.Errorf("a request's result is %d", res)
			}
			if _, err := unix.Read(peer, buffer); err != nil {
				return err
			}
		}
		sent += batch
	}
	return nil
}
