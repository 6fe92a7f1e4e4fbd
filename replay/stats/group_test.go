package stats

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The sum, the smallest and the largest of a block are those of its values taken
// one by one, negative ones counted as 0 in the sum, however many and large.
func TestSumOfABlock(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	odd := []int64{0, -1, math.MinInt64, math.MaxInt64, math.MaxUint32, math.MaxUint32 + 1}
	for range 2000 {
		values := make([]int64, 1+random.IntN(9))
		for i := range values {
			values[i] = random.Int64N(1 << 32)
			if random.IntN(8) == 0 {
				values[i] = odd[random.IntN(len(odd))]
			}
		}
		want, wantLo, wantHi := big.NewInt(1), values[0], values[0]
		for _, v := range values {
			want.Add(want, big.NewInt(max(v, 0)))
			wantLo, wantHi = min(wantLo, v), max(wantHi, v)
		}
		sum := sum128{lo: 1}
		lo, hi := sum.addAll(values)
		if sum.int().Cmp(want) != 0 || lo != wantLo || hi != wantHi {
			t.Fatalf("%d: %v from %d to %d, want %v from %d to %d", values, sum.int(), lo, hi, want, wantLo, wantHi)
		}
	}
}
