package schema

import "strings"

// nearestMaxBytes bounds the work on a word that is no name anyway.
const nearestMaxBytes = 100

// Nearest returns the name that a word was probably meant to be: the one that it
// is with the fewest changes, at most a third of it and one byte, or of which it is
// a part with one change less; of two, the shorter. It returns nothing when no name
// is near.
func Nearest(word string, names []string) string {
	if len(word) > nearestMaxBytes {
		return ""
	}
	best, bestDistance := "", len(word)/3+2
	for _, name := range names {
		d := editDistance(word, name)
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '_' || r == '-' }) {
			d = min(d, editDistance(word, part)+1)
		}
		if d < bestDistance || d == bestDistance && best != "" && len(name) < len(best) {
			best, bestDistance = name, d
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
