//go:build privileged

package e2e_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// TestTable records the shared table of cases (record/internal/workload) on
// every tier and compares each event with what its caller knows of the call,
// field by field but for those that the tier declares unavailable. It needs
// nothing beside the two programs, so that it runs in guests too; strace is the
// second witness in TestOracle.
func TestTable(t *testing.T) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	t.Logf("the kernel is %s", unix.ByteSliceToString(name.Release[:]))
	eachTier(t, testTable)
}

// allPaths are the options that watch all ways into the kernel that a tier can.
var allPaths = []string{"--paths", "all"}

func testTable(t *testing.T, tier string) {
	recordCases(t, probe(tier, allPaths...), workload, "cases")
}

// TestTableOf32BitPrograms records the cases as a 32-bit program makes them: by
// the numbers and from the memory that its ABI has, on a processor in 32-bit mode.
func TestTableOf32BitPrograms(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		recordCases(t, probe(tier, allPaths...), workload32, "cases")
		t.Run("related", func(t *testing.T) { recordCases(t, allCalls(tier), workload32, "related") })
	})
}

// recordCases records a command of the workload that runs scripted cases.
func recordCases(t *testing.T, options []string, workload, command string) {
	dir := t.TempDir()
	log, path := filepath.Join(dir, "log"), filepath.Join(dir, "x.smr")
	r := must(t, 0, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", path}, options, []string{"--", workload, command, "-log", log})...)
	calls, err := truth.Read(log)
	if err != nil {
		t.Fatal(err)
	}
	probe := readHeader(t, path).Probe
	t.Logf("build of this tier's programs: %s", probe.Build)
	unavailable := probe.Unavailable
	for _, what := range slices.Sorted(maps.Keys(unavailable)) {
		t.Logf("unavailable on this tier: %s: %s", what, unavailable[what])
	}
	byTID, attempts := map[int][]event{}, 0
	for _, e := range readEvents(t, path) {
		byTID[int(e.tid)] = append(byTID[int(e.tid)], e)
	}
	for name, group := range byCase(calls) {
		t.Run(name, func(t *testing.T) {
			for _, want := range group {
				// Who has called by another ABI knows that the kernel serves it, and
				// every tier can watch it.
				if why, ok := unavailable["compat"]; ok && slices.Contains(want.Needs, "compat") {
					t.Fatalf("the kernel has served this caller, and the recording says: %s", why)
				}
				if needs(&want, unavailable) {
					t.Logf("absent: this tier does not see %s", strings.Join(want.Needs, ", "))
					continue
				}
				events := byTID[want.TID]
				if len(events) < len(want.Rets) {
					t.Fatalf("%d attempts, %d events", len(want.Rets), len(events))
				}
				read := schema.SourceEntry
				if want.Cold {
					read = schema.SourceExit
				}
				compareTruth(t, events, &want, unavailable, read)
				byTID[want.TID] = events[len(want.Rets):]
				attempts += len(want.Rets)
			}
		})
	}
	reportCases(t, r)
	t.Run("nothing else is recorded", func(t *testing.T) {
		for tid, events := range byTID {
			if len(events) > 0 {
				e := &events[0]
				t.Errorf("thread %d of process %d (%s): %d events beside those of the cases; the first: msg_ptr %s, ret %s",
					tid, e.pid, e.comm, len(events), text(e, schema.ColMsgPtr), text(e, schema.ColRet))
			}
		}
		i := readInfo(t, path)
		if i.Events != int64(attempts) || i.Lost != 0 || i.InFlight != 0 || !i.Complete {
			t.Errorf("%d attempts were made; info says %+v", attempts, i)
		}
	})
}

// needs reports whether the call needs what the tier declares unavailable.
func needs(want *truth.Call, unavailable map[string]string) bool {
	return slices.ContainsFunc(want.Needs, func(name string) bool { _, ok := unavailable[name]; return ok })
}

// byCase yields the cases in their order, each with its calls.
func byCase(calls []truth.Call) func(yield func(string, []truth.Call) bool) {
	return func(yield func(string, []truth.Call) bool) {
		for len(calls) > 0 {
			name := calls[0].Case
			n := slices.IndexFunc(calls, func(c truth.Call) bool { return c.Case != name })
			if n < 0 {
				n = len(calls)
			}
			if !yield(name, calls[:n]) {
				return
			}
			calls = calls[n:]
		}
	}
}

// reportCases gives a result to the cases that the workload did not log: those
// that this kernel has not got, and those that went otherwise than expected.
func reportCases(t *testing.T, r result) {
	t.Helper()
	for line := range strings.Lines(r.stdout + r.stderr) {
		if rest, ok := strings.CutPrefix(line, "absent: "); ok {
			name, why, _ := strings.Cut(strings.TrimSpace(rest), ": ")
			t.Run(name, func(t *testing.T) { t.Logf("absent: %s", strings.TrimPrefix(why, "absent in this kernel: ")) })
		}
		if rest, ok := strings.CutPrefix(line, "failed: "); ok {
			name, why, _ := strings.Cut(strings.TrimSpace(rest), ": ")
			t.Run(name, func(t *testing.T) { t.Error(why) })
		}
	}
}
