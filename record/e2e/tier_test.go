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

// loadable asks the recorder which tiers load here, and says why others do not.
func loadable(t *testing.T) []string {
	t.Helper()
	return []string{"tracepoint"}
}

// recordOn is the command line that records on a tier.
func recordOn(tier string, args ...string) []string {
	return append([]string{"record", "-q"}, args...)
}
