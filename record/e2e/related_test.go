//go:build privileged

package e2e_test

import (
	"slices"
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
