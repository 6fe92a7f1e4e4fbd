//go:build privileged

package e2e_test

import (
	"os"
	"strings"
	"testing"
)

// eachTier runs a test on every probe tier that has to load: those that the
// environment variable SENDMSGREC_TIERS lists, or, without it, all that do load
// on the running kernel.
func eachTier(t *testing.T, f func(t *testing.T, tier string)) {
	t.Helper()
	tiers := strings.Split(os.Getenv("SENDMSGREC_TIERS"), ",")
	if tiers[0] == "" {
		tiers = loadable(t)
	}
	for _, tier := range tiers {
		t.Run(tier, func(t *testing.T) { f(t, tier) })
	}
}

// preemptsPrograms: this kernel preempts programs on raw tracepoints, those of
// requests to io_uring and of the count of sends, and skips them meanwhile for other
// tasks (docs/kernels.md).
var preemptsPrograms = os.Getenv("SENDMSGREC_PREEMPTS") != ""

// loadable asks the recorder which tiers load here, and says why others do not.
func loadable(t *testing.T) []string {
	t.Helper()
	var tiers []string
	for _, tier := range []string{"fentry", "kprobe", "tracepoint"} {
		r := run(t, sendmsgrec, append([]string{"record", "-q", "-o", "-"}, probe(tier, "--", "true")...)...)
		if r.code == 0 {
			tiers = append(tiers, tier)
		} else {
			t.Logf("%s does not load here: %s", tier, strings.TrimSpace(r.stderr))
		}
	}
	if len(tiers) == 0 {
		t.Fatal("no tier loads here")
	}
	return tiers
}

// probe puts the flag that chooses the tier before other arguments of record.
func probe(tier string, args ...string) []string {
	return append([]string{"--probe", tier}, args...)
}

// A tier that this kernel refuses is refused with exit status 4 and with advice
// that root, as whom these tests run, can follow: not to be root.
func TestRootIsNotToldToBeRoot(t *testing.T) {
	for _, tier := range []string{"fentry", "kprobe", "tracepoint"} {
		r := run(t, sendmsgrec, append([]string{"record", "-q", "-o", "-"}, probe(tier, "--", "true")...)...)
		if r.code != 0 && (r.code != 4 || strings.Contains(r.stderr, "needs root") || !strings.Contains(r.stderr, "sendmsgrec doctor")) {
			t.Errorf("%s: exit status %d: %s", tier, r.code, r.stderr)
		}
	}
}
