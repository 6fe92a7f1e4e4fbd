package text

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestNumbersAreWrittenAsStrconvWritesThem(t *testing.T) {
	check := func(v int64) {
		if got, want := string(appendInt([]byte("x"), v)), "x"+strconv.FormatInt(v, 10); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		if got, want := string(appendUint(nil, uint64(v))), strconv.FormatUint(uint64(v), 10); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	for _, v := range []int64{0, math.MaxInt64, math.MinInt64} {
		check(v)
	}
	for p := int64(1); p < math.MaxInt64/10; p *= 10 {
		for d := int64(-2); d <= 2; d++ {
			check(p + d)
			check(-p + d)
		}
	}
	for shift := range 64 {
		for range 100 {
			check(int64(rand.Uint64() >> shift))
		}
	}
}
