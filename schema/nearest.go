package schema

// nearestMaxBytes bounds the work on a word that is no name anyway.
const nearestMaxBytes = 100

// Nearest returns the name that a mistyped word was probably meant to be, or
// nothing when more than a third of it and one byte would have to change.
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
