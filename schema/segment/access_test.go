package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func TestTimeOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	random := func(n int, spread int64) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = 1e15 + r.Int64N(spread)
		}
		return v
	}
	for _, c := range []struct {
		name  string
		times []int64
	}{
		{"no rows", nil},
		{"one row", []int64{5}},
		{"sorted", []int64{1, 2, 2, 3}},
		{"equal times keep the order of the rows", []int64{2, 1, 2, 1, 2, 1}},
		{"the extremes of 64 bits", []int64{math.MaxInt64, math.MinInt64, 0, -1, 1}},
		{"a second of nanoseconds", random(5000, 1e9)},
		{"many equal", random(5000, 7)},
		{"far apart", random(3000, math.MaxInt32<<10)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &Block{}
			b.Rows[schema.TableEvent] = len(c.times)
			b.Cols[schema.ColTimeNS].Ints = c.times
			want := []int32{-7}
			for i := range c.times {
				want = append(want, int32(i))
			}
			slices.SortStableFunc(want[1:], func(x, y int32) int {
				switch a, b := c.times[x], c.times[y]; {
				case a < b:
					return -1
				case a > b:
					return 1
				}
				return 0
			})
			if got := b.TimeOrder([]int32{-7}); !slices.Equal(got, want) {
				t.Errorf("order is wrong")
			}
		})
	}
}

func TestWallClock(t *testing.T) {
	h := &Header{Start: Clock{BoottimeNS: 1000, RealtimeNS: 1.7e18}}
	clocks := []Clock{{BoottimeNS: 3000, RealtimeNS: 1.7e18 + 2400}, {}, {BoottimeNS: 2000, RealtimeNS: 1.7e18 + 1200}}
	for _, c := range []struct {
		name     string
		clocks   []Clock
		at, want int64
	}{
		{"at a clock record", clocks, 2000, 1200},
		{"between two, where the wall clock ran fast", clocks, 1500, 600},
		{"before the first, at the rate of boottime", clocks, 400, -600},
		{"behind the last", clocks, 3010, 2410},
		{"with the header's clock alone", nil, 1001, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := NewWallClock(h, c.clocks).UnixNS(c.at) - 1.7e18; got != c.want {
				t.Errorf("%d instead of %d", got, c.want)
			}
		})
	}
	t.Run("without any clock it is boottime", func(t *testing.T) {
		if got := NewWallClock(&Header{}, nil).UnixNS(77); got != 77 {
			t.Error(got)
		}
	})
	t.Run("two records of one moment do not divide by zero", func(t *testing.T) {
		w := NewWallClock(h, []Clock{{BoottimeNS: 1000, RealtimeNS: 1.7e18 + 5}})
		if got := w.UnixNS(1000) - 1.7e18; got != 5 {
			t.Error(got)
		}
	})
}
