package main

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryCaseHasASentenceOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range slices.Concat(allCases(), relatedCases()) {
		if c.name == "" || seen[c.name] || strings.Contains(c.name, ": ") {
			t.Errorf("the name %q is empty, taken, or has a colon, which ends it in reports", c.name)
		}
		seen[c.name] = true
	}
	const promised = 120
	if len(seen) < promised {
		t.Errorf("%d cases, promised are %d", len(seen), promised)
	}
}
