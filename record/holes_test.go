package record

import (
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func byCause(ringFull, noState, skippedExit int64) (l losses) {
	l[segment.CauseRingFull], l[segment.CauseNoState], l[segment.CauseSkippedExit] = ringFull, noState, skippedExit
	return l
}

func TestAttribute(t *testing.T) {
	for _, c := range []struct {
		name          string
		count         int64
		counted, used losses
		split         losses
		unexplained   int64
	}{
		{"a hole of one cause goes to it", 5, byCause(5, 0, 0), byCause(0, 0, 0), byCause(5, 0, 0), 0},
		{"what earlier holes have used does not count", 2, byCause(5, 2, 0), byCause(5, 0, 0), byCause(0, 2, 0), 0},
		{"a hole of all causes is split exactly", 6, byCause(1, 2, 3), byCause(0, 0, 0), byCause(1, 2, 3), 0},
		{"losses after the hole stay for the next one", 4, byCause(9, 0, 0), byCause(0, 0, 0), byCause(4, 0, 0), 0},
		{"with losses of two causes on both sides the order decides", 4, byCause(3, 3, 0), byCause(0, 0, 0), byCause(3, 1, 0), 0},
		{"what no counter explains is said", 4, byCause(1, 0, 0), byCause(0, 0, 0), byCause(1, 0, 0), 3},
		{"counters that went back explain nothing", 1, byCause(1, 0, 0), byCause(2, 0, 0), byCause(0, 0, 0), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			split, unexplained := attribute(c.count, c.counted, c.used)
			if split != c.split || unexplained != c.unexplained {
				t.Errorf("got %v and %d unexplained, want %v and %d", split, unexplained, c.split, c.unexplained)
			}
		})
	}
}

// Any sequence of losses and events, however the drain meets them, ends with
// the sums that the kernel counted.
func TestAttributeSumsAreExact(t *testing.T) {
	for seed := range uint64(200) {
		r := seed*0x9e3779b97f4a7c15 + 1
		random := func(n int64) int64 {
			r ^= r << 13
			r ^= r >> 7
			r ^= r << 17
			return int64(r % uint64(n))
		}
		var counted, used losses
		var open int64 // lost, but the hole has not been met
		for range 100 {
			cause, n := kernelCauses[random(3)], random(10)
			counted[cause] += n
			open += n
			if meet := random(open + 1); meet > 0 {
				split, unexplained := attribute(meet, counted, used)
				if unexplained != 0 {
					t.Fatalf("seed %d: %d unexplained", seed, unexplained)
				}
				used.add(split)
				open -= meet
			}
		}
		split, unexplained := attribute(open, counted, used)
		used.add(split)
		if unexplained != 0 || used != counted {
			t.Fatalf("seed %d: attributed %v, counted %v", seed, used, counted)
		}
	}
}

func TestGapsShareTheNumbersOfAHole(t *testing.T) {
	got := appendGaps(nil, 3, 100, byCause(2, 0, 5), 10, 20)
	want := []segment.Gap{
		{CPU: 3, FirstSeq: 100, Count: 2, Cause: segment.CauseRingFull, FirstNS: 10, LastNS: 20},
		{CPU: 3, FirstSeq: 102, Count: 5, Cause: segment.CauseSkippedExit, FirstNS: 10, LastNS: 20},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
