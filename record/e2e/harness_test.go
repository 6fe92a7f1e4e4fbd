//go:build privileged

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// The programs under test, built by TestMain, or, where there is no Go, said by
// the environment variables SENDMSGREC_PROGRAM, SENDMSGREC_WORKLOAD and, of the
// workload as a 32-bit program, SENDMSGREC_WORKLOAD32.
var sendmsgrec, workload, workload32 string

func TestMain(m *testing.M) {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests record through the kernel: run them as root")
		os.Exit(1)
	}
	sendmsgrec, workload = os.Getenv("SENDMSGREC_PROGRAM"), os.Getenv("SENDMSGREC_WORKLOAD")
	workload32 = os.Getenv("SENDMSGREC_WORKLOAD32")
	if sendmsgrec != "" && workload != "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sendmsgrec, workload, workload32 = filepath.Join(dir, "sendmsgrec"), filepath.Join(dir, "workload"), filepath.Join(dir, "workload32")
	arch32 := map[string]string{"amd64": "386", "arm64": "arm"}[runtime.GOARCH]
	code := 1
	if build(sendmsgrec, "../../cmd/sendmsgrec", runtime.GOARCH) && build(workload, "../internal/workload", runtime.GOARCH) &&
		build(workload32, "../internal/workload", arch32) {
		// Other users' tests run the workload too.
		os.Chmod(dir, 0o755)
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds as `make build` does: a program with cgo could not give up its
// privileges.
func build(out, pkg, arch string) bool {
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	b, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build %s: %v\n%s", pkg, err, b)
	}
	return err == nil
}

// result is how a program ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a program to its end.
func run(t *testing.T, name string, args ...string) result {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", name, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must runs a program that has to end with the code.
func must(t *testing.T, code int, name string, args ...string) result {
	t.Helper()
	r := run(t, name, args...)
	if r.code != code {
		t.Fatalf("%s %v ended with %d, expected %d\n%s%s", filepath.Base(name), args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// load runs the workload and returns what it printed.
func load(t *testing.T, args ...string) truth.Load {
	t.Helper()
	return decodeLoad(t, must(t, 0, workload, args...).stdout)
}

func decodeLoad(t *testing.T, out string) truth.Load {
	t.Helper()
	var l truth.Load
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatalf("what the load printed: %v\n%s", err, out)
	}
	return l
}

// recorder is a running `sendmsgrec record`.
type recorder struct {
	t      *testing.T
	cmd    *exec.Cmd
	path   string
	stderr bytes.Buffer
	ended  bool
}

// start starts the recorder and returns when its probes are attached: it
// creates its file after that.
func start(t *testing.T, args ...string) *recorder {
	t.Helper()
	r := &recorder{t: t, path: filepath.Join(t.TempDir(), "x.smr")}
	r.cmd = exec.Command(sendmsgrec, append([]string{"record", "-o", r.path}, args...)...)
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !r.ended {
			r.cmd.Process.Kill()
			r.cmd.Wait()
		}
	})
	waitFor(t, "the recorder's file", func() bool {
		f, err := segment.Open(r.path)
		if err == nil {
			f.Close()
		}
		return err == nil
	})
	return r
}

// stop ends the recording in order and returns the exit code.
func (r *recorder) stop() int {
	r.t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	return r.wait()
}

func (r *recorder) wait() int {
	r.cmd.Wait()
	r.ended = true
	return r.cmd.ProcessState.ExitCode()
}

func (r *recorder) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 60000 { // an emulated guest verifies programs for minutes
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
