package stats

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// What is counted of a block is what is counted of its values one by one, however
// large they are, and of negative ones that forged files may have.
func TestABlockIsItsValues(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	odd := []int64{0, -1, -11, math.MinInt64, math.MaxInt64, 1<<40 - 1, 1 << 40, math.MaxUint32 + 1}
	m := newMemory(1 << 30)
	var blocks, single group
	for n := range 3000 {
		values := make([]int64, random.IntN(9))
		for i := range values {
			values[i] = random.Int64N(1 << 32)
			if random.IntN(8) == 0 && n > 1000 {
				values[i] = odd[random.IntN(len(odd))]
			}
		}
		blocks.addDurations(values, m)
		blocks.addResults(values, m)
		blocks.requested.addAll(values)
		for _, v := range values {
			single.addDuration(v, m)
			single.addResult(v, m)
			single.addRequested(v)
		}
		if blocks.sum != single.sum || blocks.min != single.min || blocks.max != single.max || blocks.timed != single.timed ||
			blocks.sent != single.sent || !slices.Equal(blocks.errors, single.errors) || blocks.failed != single.failed ||
			blocks.requested != single.requested {
			t.Fatalf("after %d: %+v instead of %+v", values, blocks, single)
		}
	}
	if blocks.durations.hist == nil || !maps.Equal(blocks.durations.hist.carry, single.durations.hist.carry) ||
		!slices.Equal(blocks.durations.hist.counts, single.durations.hist.counts) {
		t.Error("the histograms differ")
	}
}
