package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// distributions are what durations may look like.
var distributions = map[string]func(*rand.Rand) int64{
	"log-normal":                     func(r *rand.Rand) int64 { return int64(math.Exp(9 + r.NormFloat64())) },
	"uniform and small":              func(r *rand.Rand) int64 { return r.Int64N(3000) },
	"over all octaves":               func(r *rand.Rand) int64 { return r.Int64() >> r.IntN(63) },
	"always the same":                func(*rand.Rand) int64 { return 1_000_003 },
	"two modes far apart":            func(r *rand.Rand) int64 { return []int64{900, 4_000_000_000}[r.IntN(2)] + r.Int64N(100) },
	"at the edges of octaves":        func(r *rand.Rand) int64 { return int64(1)<<r.IntN(62) - r.Int64N(2) },
	"zero and the largest there are": func(r *rand.Rand) int64 { return []int64{0, math.MaxInt64}[r.IntN(2)] },
}

func TestQuantilesAreWithinTheStatedErrorOfTheExactOnes(t *testing.T) {
	for name, draw := range distributions {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 100, exactLimit(maxPrecision), exactLimit(maxPrecision) + 1, 70_000} {
				rng := rand.New(rand.NewPCG(uint64(n), 1))
				m := newMemory(1 << 30)
				var s sketch
				values := make([]int64, n)
				for i := range values {
					values[i] = draw(rng)
					s.add(values[i], m)
				}
				slices.Sort(values)
				checkSketch(t, &s, values)
				if exact := s.relativeError() == 0; exact != (n <= exactLimit(maxPrecision)) {
					t.Errorf("%d values: exact is %v", n, exact)
				}
				for p := uint8(maxPrecision - 1); p >= minPrecision; p-- {
					s.limit(p, m)
					checkSketch(t, &s, values)
				}
			}
		})
	}
}

func checkSketch(t *testing.T, s *sketch, sorted []int64) {
	t.Helper()
	n := int64(len(sorted))
	for _, q := range []Quantile{1, 5000, 9000, 9900, 9990, 9999, 10_000} {
		rank := q.Rank(n)
		in := lookup(s, n, []int64{rank}).of(rank)
		want := sorted[rank-1]
		if want < in.lo || want > in.hi {
			t.Errorf("rank %d of %d is %d, not in [%d, %d]", rank, n, want, in.lo, in.hi)
		}
		if off := math.Abs(float64(in.middle() - want)); off > s.relativeError()*float64(want) {
			t.Errorf("rank %d of %d: %d for %d is off by more than %g", rank, n, in.middle(), want, s.relativeError())
		}
	}
}

func TestAHistogramCountsBeyondItsCounters(t *testing.T) {
	m := newMemory(1 << 30)
	h := newHistogram(maxPrecision)
	for range 200_000 {
		h.add(5000, m)
	}
	h.addN(bucketOf(9, maxPrecision), 1<<40, m)
	got := map[uint32]uint64{}
	h.each(func(b uint32, n uint64) { got[b] = n })
	if got[bucketOf(5000, maxPrecision)] != 200_000 || got[bucketOf(9, maxPrecision)] != 1<<40 || len(got) != 2 {
		t.Errorf("counts are %v", got)
	}
}

func TestBucketsTileTheNumbers(t *testing.T) {
	for p := uint8(minPrecision); p <= maxPrecision; p++ {
		next := uint64(0)
		last := bucketOf(math.MaxInt64, p)
		for b := uint32(0); b <= last; b++ {
			lo, hi := bucketBounds(b, p)
			if lo != next || hi < lo || bucketOf(lo, p) != b || bucketOf(hi, p) != b {
				t.Fatalf("precision %d: bucket %d is [%d, %d], expected to start at %d", p, b, lo, hi, next)
			}
			next = hi + 1
		}
		if next != 1<<63 {
			t.Errorf("precision %d: buckets end at %d", p, next)
		}
	}
}

func TestRanksAreTheNearestAndExact(t *testing.T) {
	for _, c := range []struct {
		q       Quantile
		n, want int64
	}{
		{5000, 1, 1}, {5000, 2, 1}, {5000, 3, 2}, {9900, 100, 99}, {9900, 101, 100},
		{9999, 10_000, 9999}, {9999, 10_001, 10_000}, {1, 5, 1}, {10_000, 7, 7},
	} {
		if got := c.q.Rank(c.n); got != c.want {
			t.Errorf("quantile %d of %d values: rank %d, expected %d", c.q, c.n, got, c.want)
		}
	}
}

func TestMissingValuesShiftQuantilesByAtMostTheirNumber(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		n, missing := 1+rng.IntN(300), rng.IntN(40)
		values := make([]int64, n+missing)
		for i := range values {
			values[i] = rng.Int64N(1000)
		}
		known := slices.Sorted(slices.Values(values[:n]))
		slices.Sort(values)
		for _, q := range Quantiles {
			truth := values[q.Q.Rank(int64(len(values)))-1]
			lo, hi := q.Q.shifted(int64(n), int64(missing))
			if lo >= 1 && truth < known[lo-1] {
				t.Errorf("%s of %d values, %d missing: %d is below %d", q.Name, n, missing, truth, known[lo-1])
			}
			if hi <= int64(n) && truth > known[hi-1] {
				t.Errorf("%s of %d values, %d missing: %d is above %d", q.Name, n, missing, truth, known[hi-1])
			}
		}
	}
}
