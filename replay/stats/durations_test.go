package stats_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/stats"
)

// Quantiles of few durations are exact, those of many within the error that
// the type states, of the value with that rank.
func TestQuantilesOfDurations(t *testing.T) {
	for _, n := range []int{1, 100, 4096, 100_000} {
		r := rand.New(rand.NewPCG(1, 2))
		var d stats.Durations
		var all []int64
		for range n {
			ns := int64(1) << r.IntN(40)
			ns += r.Int64N(ns)
			d.Add(ns)
			all = append(all, ns)
		}
		slices.Sort(all)
		if d.Count() != int64(n) || d.MaxNS() != all[n-1] {
			t.Errorf("%d durations up to %d, added were %d up to %d", d.Count(), d.MaxNS(), n, all[n-1])
		}
		for _, q := range stats.Quantiles {
			want := all[q.Q.Rank(int64(n))-1]
			allowed := int64(0)
			if n > 4096 {
				allowed = want/2048 + 1
			}
			if got := d.QuantileNS(q.Q); got < want-allowed || got > want+allowed {
				t.Errorf("%s of %d is %d, want %d", q.Name, n, got, want)
			}
		}
	}
	var none stats.Durations
	none.Add(-5)
	if none.QuantileNS(5000) != 0 || none.MaxNS() != 0 {
		t.Error("a negative duration is not 0")
	}
	if (&stats.Durations{}).QuantileNS(9900) != 0 {
		t.Error("a quantile of nothing")
	}
}
