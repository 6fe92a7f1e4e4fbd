//go:build interop

package kafkatest

import (
	"regexp"
	"testing"
)

// One of 64 ids that are plain base64 begins with a dash, and is taken for an
// option by the tool that formats the brokers' disks.
func TestClusterIDsAreNoOptions(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{21}$`)
	seen := map[string]bool{}
	for range 10_000 {
		id := clusterID()
		if !form.MatchString(id) {
			t.Fatalf("%q is no cluster id", id)
		}
		seen[id] = true
	}
	if len(seen) < 10_000 {
		t.Errorf("%d different ids of 10,000", len(seen))
	}
}
