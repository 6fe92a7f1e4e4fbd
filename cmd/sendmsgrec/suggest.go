package main

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// didYouMean returns "; did you mean …?" with the candidate nearest to word,
// or nothing when none is near.
func didYouMean(word string, candidates []string) string {
	best := schema.Nearest(word, candidates)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
