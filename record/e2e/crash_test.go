//go:build privileged

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
	"golang.org/x/sys/unix"
)

// slack is how late the recorder or the load may be where nothing else runs; on
// a busy machine, later by what a thread here is late meanwhile at each step of
// an event's way: load, drain, encoder, writer.
const (
	slack = 500 * time.Millisecond
	steps = 4
)

// lateness finds out how late a thread can be that sleeps and wants to run.
type lateness struct {
	worst time.Duration
	stop  chan struct{}
	ended sync.WaitGroup
}

func watchLateness() *lateness {
	l := &lateness{stop: make(chan struct{})}
	l.ended.Go(func() {
		const nap = 10 * time.Millisecond
		for {
			began := time.Now()
			select {
			case <-l.stop:
				return
			case <-time.After(nap):
				l.worst = max(l.worst, time.Since(began)-nap)
			}
		}
	})
	return l
}

// allowance ends the watch and returns how late an event may be.
func (l *lateness) allowance() time.Duration {
	close(l.stop)
	l.ended.Wait()
	return slack + steps*l.worst
}

// TestKilledAtRandomMoments kills the recorder with SIGKILL under load. What
// returned more than a flush interval before is in the file, which is readable
// as it is; what the end may lack is said.
func TestKilledAtRandomMoments(t *testing.T) {
	cmd := exec.Command(workload, "load", "-n", "100000000", "-threads", "2", "-rate", "60000", "-sequence")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for i := range 20 {
		life := time.Duration(200+rand.IntN(2300)) * time.Millisecond
		t.Run(fmt.Sprintf("%d: killed after %v", i, life), func(t *testing.T) {
			r := start(t, "-q", "--pid", fmt.Sprint(cmd.Process.Pid))
			attached := bootTime(t)
			late := watchLateness()
			time.Sleep(life)
			killed := bootTime(t)
			r.signal(syscall.SIGKILL)
			r.wait()
			checkKilled(t, r.path, attached, killed, late.allowance())
		})
	}
}

func bootTime(t *testing.T) int64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		t.Fatal(err)
	}
	return ts.Nano()
}

func checkKilled(t *testing.T, path string, attached, killed int64, slack time.Duration) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	threads := map[int64][]sequenced{}
	last := attached
	cols := []schema.ColumnID{schema.ColTID, schema.ColTimeNS, schema.ColDurationNS, schema.ColMsgFlags}
	blocks(t, path, cols, func(b *segment.Block) {
		for row := range b.Rows[schema.TableEvent] {
			tid, _ := b.Int(schema.ColTID, row)
			at, _ := b.Int(schema.ColTimeNS, row)
			took, _ := b.Int(schema.ColDurationNS, row)
			n, _ := b.Int(schema.ColMsgFlags, row)
			threads[tid] = append(threads[tid], sequenced{n, at + took})
			last = max(last, at+took)
		}
	})
	durable := killed - int64(time.Second+slack)
	if last < durable {
		t.Errorf("the last event returned %v before the kill", time.Duration(killed-last))
	}
	for tid, calls := range threads {
		slices.SortFunc(calls, func(a, b sequenced) int { return int(a.n - b.n) })
		for i := 1; i < len(calls); i++ {
			if calls[i].n != calls[i-1].n+1 && calls[i].at < durable {
				t.Fatalf("thread %d: call %d follows call %d", tid, calls[i].n, calls[i-1].n)
			}
		}
		if first := calls[0].at; durable > attached && first > attached+int64(slack) {
			t.Errorf("thread %d: the first event is %v after the start", tid, time.Duration(first-attached))
		}
		if end := calls[len(calls)-1].at; end < durable {
			t.Errorf("thread %d: the last event is %v before the kill", tid, time.Duration(killed-end))
		}
	}
	if len(threads) != 2 && durable > attached {
		t.Errorf("events of %d threads", len(threads))
	}
	checkTailStated(t, path)
	checkZstd(t, path)
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("reading changed the file (%v)", err)
	}
}

// sequenced is a call's number in its thread and the time of its return.
type sequenced struct{ n, at int64 }

// checkTailStated checks that info and verify say that the end is missing.
func checkTailStated(t *testing.T, path string) {
	t.Helper()
	i := readInfo(t, path)
	if i.Complete || i.UnknownTail == "" {
		t.Errorf("info: complete %v, unknown tail %q", i.Complete, i.UnknownTail)
	}
	if text := must(t, 0, sendmsgrec, "info", path); !strings.Contains(text.stdout, i.UnknownTail) {
		t.Errorf("info does not say %q:\n%s", i.UnknownTail, text.stdout)
	}
	must(t, 3, sendmsgrec, "info", "--fail-on-loss", path)
	if v := must(t, 3, sendmsgrec, "verify", path); !strings.Contains(v.stdout+v.stderr, "end") {
		t.Errorf("verify does not say that the end is missing:\n%s%s", v.stdout, v.stderr)
	}
}

// checkZstd gives the stock tool what the reader calls whole: the file without
// its incomplete last record.
func checkZstd(t *testing.T, path string) {
	t.Helper()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := segment.Summarize(r)
	if err != nil {
		t.Fatal(err)
	}
	size := r.Size()
	r.Close()
	for _, d := range s.Damages {
		if d.Offset+d.Size != size {
			t.Errorf("%d bytes damaged at %d, before the end at %d: %v", d.Size, d.Offset, size, d.Err)
		}
		size = min(size, d.Offset)
	}
	whole := filepath.Join(t.TempDir(), "whole.zst")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(whole, b[:size], 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 0, "zstd", "-q", "-t", whole)
}
