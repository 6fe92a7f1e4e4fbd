//go:build privileged

package e2e_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// allCalls are the options that record all calls on a tier, whoever makes them.
func allCalls(tier string) []string {
	return probe(tier, append([]string{"--calls", "all"}, allPaths...)...)
}

// TestRelatedCalls records the cases of the calls beside sendmsg (and of what
// they need of sendmsg) and compares each event with what its caller knows of
// the call, field by field.
func TestRelatedCalls(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) { recordCases(t, allCalls(tier), workload, "related") })
}

// TestConservationOfRelatedCalls makes an exact number of all the calls, with a
// ring that holds their events and with one that does not.
func TestConservationOfRelatedCalls(t *testing.T) {
	eachTier(t, testConservationOfRelatedCalls)
}

func testConservationOfRelatedCalls(t *testing.T, tier string) {
	const turns = "10000"
	if testing.Short() {
		// Emulated, a recording takes up to 20 s to start, and TestRelatedCalls
		// has shown that nothing is lost from a large ring.
		loseExactly(t, allCalls(tier), "mixed", "-n", "1000")
		return
	}
	t.Run("all are recorded", func(t *testing.T) {
		path := t.TempDir() + "/x.smr"
		r := must(t, 0, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", path}, allCalls(tier),
			[]string{"--", workload, "mixed", "-n", turns})...)
		l := decodeLoad(t, r.stdout)
		i := conserve(t, path, l.PID, l.Calls)
		if i.Lost != 0 {
			t.Errorf("lost %d: %v", i.Lost, i.LostByCause)
		}
	})
	t.Run("a stopped recorder loses exactly", func(t *testing.T) {
		loseExactly(t, allCalls(tier), "mixed", "-n", turns)
	})
}

// TestChosenCallsAloneAreRecorded makes all the calls while some are chosen: each
// alone, and those in pairs that share functions of the kernel. Of what is chosen
// there is as much as when all are, of the others nothing.
func TestChosenCallsAloneAreRecorded(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		all := countCalls(t, tier, "all")
		calls := slices.Sorted(maps.Keys(all))
		if len(calls) != 7 {
			t.Fatalf("all calls are %v", all)
		}
		choices := []string{"sendmsg,sendmmsg", "recvmsg,recvmmsg", "sendto,recvfrom", "sendto,sendfile"}
		for _, chosen := range slices.Concat(calls, choices) {
			t.Run(chosen, func(t *testing.T) {
				want := map[string]int64{}
				for call := range strings.SplitSeq(chosen, ",") {
					want[call] = all[call]
				}
				if got := countCalls(t, tier, chosen); !maps.Equal(got, want) {
					t.Errorf("recorded %v, want %v", got, want)
				}
			})
		}
	})
}

// countCalls records a mixed load with these calls chosen and returns how many
// events there are of each.
func countCalls(t *testing.T, tier, calls string) map[string]int64 {
	t.Helper()
	path := t.TempDir() + "/x.smr"
	must(t, 0, sendmsgrec, slices.Concat([]string{"record", "-q", "-o", path, "--calls", calls}, probe(tier, allPaths...),
		[]string{"--", workload, "mixed", "-n", "50", "-threads", "2"})...)
	if i := readInfo(t, path); i.Lost != 0 {
		t.Errorf("%s: lost %d: %v", calls, i.Lost, i.LostByCause)
	}
	var report struct {
		Groups []struct {
			Key struct {
				Call string `json:"call_text"`
			}
			Count int64
		}
	}
	out := must(t, 0, sendmsgrec, "stats", "--by", "call", "--json", path).stdout
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, g := range report.Groups {
		counts[g.Key.Call] = g.Count
	}
	return counts
}
