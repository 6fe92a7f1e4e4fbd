//go:build privileged

package e2e_test

import "testing"

// TestRelatedCalls records the cases of the calls beside sendmsg (and of what
// they need of sendmsg) on every tier and compares each event with what its
// caller knows of the call, field by field.
func TestRelatedCalls(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) { recordCases(t, probe(tier, "--calls", "all"), "related") })
}
