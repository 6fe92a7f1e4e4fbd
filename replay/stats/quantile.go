package stats

import (
	"math/bits"
	"slices"
)

// Quantile is a fraction in ten-thousandths, so that ranks are whole numbers
// and exact.
type Quantile int

// Quantiles are what is reported, with their names.
var Quantiles = []struct {
	Q    Quantile
	Name string
}{
	{5000, "p50"}, {9000, "p90"}, {9900, "p99"}, {9990, "p99.9"}, {9999, "p99.99"},
}

// Rank returns the rank of the quantile among n values by nearest rank: the
// smallest rank that has at least the fraction q of the values at or below it,
// from 1 to n. It is what DuckDB's quantile_disc and SQL's percentile_disc
// give. n must be positive.
func (q Quantile) Rank(n int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(q))
	lo, carry := bits.Add64(lo, 9999, 0)
	rank, _ := bits.Div64(hi+carry, lo, 10_000)
	return max(int64(rank), 1)
}

// shifted returns between which ranks of n known values the quantile of
// n+missing values lies, whatever the missing ones are: as many ranks lower as
// there are missing values when all are below, none when all are above. lo is
// 0 or less when nothing known bounds it from below, hi is more than n when
// nothing known bounds it from above.
func (q Quantile) shifted(n, missing int64) (lo, hi int64) {
	rank := q.Rank(n + missing)
	return rank - missing, rank
}

// answers looks up several ranks of a sketch in one pass.
type answers struct {
	ranks     []uint64
	intervals []interval
}

// lookup finds where the values of the ranks in 1 to n lie, to be asked for
// with of.
func lookup(s *sketch, n int64, ranks []int64) answers {
	a := answers{}
	for _, r := range ranks {
		if r >= 1 && r <= n {
			a.ranks = append(a.ranks, uint64(r))
		}
	}
	slices.Sort(a.ranks)
	a.ranks = slices.Compact(a.ranks)
	a.intervals = make([]interval, len(a.ranks))
	s.at(a.ranks, a.intervals)
	return a
}

// of returns where the value of a rank that was looked up lies.
func (a answers) of(rank int64) interval {
	i, _ := slices.BinarySearch(a.ranks, uint64(rank))
	return a.intervals[i]
}
