package filter

import "math/bits"

// Selection is the selected events of a segment.
type Selection struct {
	words []uint64 // a bit for each event
	rows  int
	n     int
}

// Len returns the number of selected events.
func (s *Selection) Len() int { return s.n }

// All reports whether every event of the segment is selected.
func (s *Selection) All() bool { return s.n == s.rows }

// Has reports whether the event in row is selected.
func (s *Selection) Has(row int) bool {
	return s.n == s.rows || s.n > 0 && s.words[row>>6]>>(row&63)&1 != 0
}

// AppendRows appends the selected rows to dst, ascending.
func (s *Selection) AppendRows(dst []int32) []int32 {
	if s.All() {
		for row := range s.rows {
			dst = append(dst, int32(row))
		}
		return dst
	}
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			dst = append(dst, int32(w<<6+bits.TrailingZeros64(word)))
		}
	}
	return dst
}

// onesOf returns words with a set bit for each row.
func onesOf(dst []uint64, rows int) []uint64 {
	dst = dst[:0]
	for left := rows; left > 0; left -= 64 {
		word := ^uint64(0)
		if left < 64 {
			word = 1<<left - 1
		}
		dst = append(dst, word)
	}
	return dst
}

func count(words []uint64) (n int) {
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

func anySet(words []uint64) bool {
	for _, w := range words {
		if w != 0 {
			return true
		}
	}
	return false
}
