package schema

import "strings"

// nearestMaxBytes bounds the work on a word that is no name anyway.
const nearestMaxBytes = 100

// Nearest returns the name that a word was probably meant to be: the one that it
// is with the fewest changes, at most a third of it and one byte, else the
// shortest of which it is a part, else nothing.
func Nearest(word string, names []string) string {
	if len(word) > nearestMaxBytes {
		return ""
	}
	best, bestDistance := "", len(word)/3+2
	for _, name := range names {
		if d := editDistance(word, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	if best == "" {
		return shortestWith(word, names)
	}
	return best
}

// shortestWith returns the shortest of the names that have the word between their
// underscores, "" when there is none.
func shortestWith(word string, names []string) (best string) {
	for _, name := range names {
		if strings.Contains("_"+name+"_", "_"+word+"_") && (best == "" || len(name) < len(best)) {
			best = name
		}
	}
	return best
}

// editDistance is the number of bytes to insert, delete or replace to make b
// of a (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
