package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// bpfMap makes a hash map of 8-byte keys and values.
func bpfMap() (int, error) {
	attr := struct{ typ, keySize, valueSize, entries, flags uint32 }{unix.BPF_MAP_TYPE_HASH, 8, 8, 64, 0}
	fd, _, e := syscall.Syscall(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if e != 0 {
		return 0, fmt.Errorf("create BPF map: %w", e)
	}
	return int(fd), nil
}

// runHammer updates a map on every CPU at once. During each update the kernel
// runs no BPF program that is attached by a perf event on that CPU, and a task
// that is scheduled in meanwhile goes unseen.
func runHammer(args []string) error {
	flags := flag.NewFlagSet("hammer", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 1, "how long")
	perCPU := flags.Int("threads", 2, "threads on each CPU")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(*perCPU*runtime.NumCPU() + 2)
	end := time.Now().Add(time.Duration(*seconds * 1e9))
	counts := make([]int64, *perCPU*runtime.NumCPU())
	errs := make([]error, len(counts))
	var done sync.WaitGroup
	for i := range counts {
		done.Go(func() {
			runtime.LockOSThread()
			pinTo(0, i%runtime.NumCPU())
			fd, err := bpfMap()
			if err != nil {
				errs[i] = err
				return
			}
			key, value := uint64(i), uint64(0)
			attr := struct {
				fd, _             uint32
				key, value, flags uint64
			}{uint32(fd), 0, uint64(uintptr(unsafe.Pointer(&key))), uint64(uintptr(unsafe.Pointer(&value))), 0}
			for counts[i]%256 != 0 || time.Now().Before(end) {
				_, _, e := syscall.RawSyscall(unix.SYS_BPF, unix.BPF_MAP_UPDATE_ELEM, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
				if e != 0 {
					errs[i] = fmt.Errorf("update BPF map: %w", e)
					return
				}
				counts[i]++
			}
			runtime.KeepAlive(&key)
			runtime.KeepAlive(&value)
		})
	}
	done.Wait()
	var sum truth.Load
	for i, n := range counts {
		if errs[i] != nil {
			return errs[i]
		}
		sum.Calls += n
	}
	return json.NewEncoder(os.Stdout).Encode(sum)
}
