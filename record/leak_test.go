package record

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the package when its tests leave goroutines or open files.
func TestMain(m *testing.M) {
	if path := os.Getenv(liveChildSpill); path != "" {
		liveChild(path, os.Getenv(liveChildURL))
	}
	// The runtime's poller keeps descriptors of its own from its first use on.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	files := openFiles()
	code := m.Run()
	if code == 0 {
		code = leaks(files)
	}
	os.Exit(code)
}

func leaks(filesBefore map[string]bool) (code int) {
	for name := range openFiles() {
		if !filesBefore[name] {
			fmt.Fprintln(os.Stderr, "the tests leave open:", name)
			code = 1
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for ours() != "" && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if stack := ours(); stack != "" {
		fmt.Fprintln(os.Stderr, "the tests leave a goroutine:\n"+stack)
		code = 1
	}
	return code
}

// ours returns the stack of a goroutine, other than the caller, that we have
// started.
func ours() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for i, stack := range strings.Split(string(buf), "\n\n") {
		if i > 0 && strings.Contains(stack, "created by github.com/sendmsgrec/sendmsgrec/") {
			return stack
		}
	}
	return ""
}

// openFiles returns the open descriptors as "number target".
func openFiles() map[string]bool {
	open := map[string]bool{}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return open
	}
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			open[e.Name()+" "+target] = true
		}
	}
	return open
}
