package pace_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
)

func TestDueTimes(t *testing.T) {
	const now = 1_000_000
	for _, c := range []struct {
		name  string
		o     pace.Options
		times []int64
		want  []int64 // behind now
	}{
		{"the recording's pace", pace.Options{}, []int64{500, 510, 510, 900}, []int64{0, 10, 10, 400}},
		{"ten times as fast", pace.Options{Speed: 10}, []int64{500, 600, 1500}, []int64{0, 10, 100}},
		{"half as fast", pace.Options{Speed: 0.5}, []int64{500, 510, 1500}, []int64{0, 20, 2000}},
		{"a rate", pace.Options{RateHz: 1e6}, []int64{500, 501, 502, 999}, []int64{0, 1000, 2000, 3000}},
		{"gaps no longer than 50 ns, as replayed", pace.Options{Speed: 2, MaxGap: 50}, []int64{0, 100, 1000, 1040}, []int64{0, 50, 100, 120}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pace.New(c.o)
			var got []int64
			for _, ns := range c.times {
				got = append(got, p.Due(ns, now)-now)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Ten days of events at odd moments: each is due where the definition says, to
// the nanosecond, whatever came before it; and a repetition begins where the
// one before ended.
func TestNothingDriftsOrAccumulates(t *testing.T) {
	for _, speed := range []float64{1, 10, 0.5, 0.1, 1000} {
		r := rand.New(rand.NewPCG(1, 2))
		p := pace.New(pace.Options{Speed: speed})
		first := p.Due(77, 5)
		ns := int64(77)
		for range 1000 {
			ns += r.Int64N(864_000_000_000)
			want := first + int64(float64(ns-77)/speed)
			if due := p.Due(ns, 0); due != want {
				t.Fatalf("speed %v: due %d, want %d", speed, due, want)
			}
		}
		last := p.Due(ns, 0)
		p.Restart()
		if due := p.Due(77, 1<<60); due != last {
			t.Errorf("speed %v: the repetition begins at %d, the last event was due at %d", speed, due, last)
		}
	}
}

// A thousand repetitions at any speed: each begins when the one before ended,
// and each event of each is due where the definition says.
func TestRepetitionsDoNotAccumulate(t *testing.T) {
	times := []int64{77, 77, 1_000_077, 3_333_410, 1_000_000_000_077}
	for _, speed := range []float64{1, 10, 0.5, 0.1, 3, 1000} {
		p := pace.New(pace.Options{Speed: speed})
		anchor := int64(5)
		for range 1000 {
			for _, ns := range times {
				if due, want := p.Due(ns, 5), anchor+int64(float64(ns-77)/speed); due != want {
					t.Fatalf("speed %v: due %d, want %d", speed, due, want)
				}
			}
			anchor += int64(float64(times[len(times)-1]-77) / speed)
			p.Restart()
		}
	}
}

// Events at a rate are due at multiples of its period, to the nanosecond.
func TestARateDoesNotDrift(t *testing.T) {
	for _, rate := range []float64{0.1, 3, 999, 1e6, 1e9} {
		p := pace.New(pace.Options{RateHz: rate})
		for i := range int64(1_000_000) {
			// The times of the events do not count.
			due := p.Due(i*i, 42)
			if i%997 != 0 {
				continue
			}
			exact, _ := new(big.Rat).Quo(big.NewRat(i*1_000_000_000, 1), new(big.Rat).SetFloat64(rate)).Float64()
			if math.Abs(float64(due-42)-exact) > 1 {
				t.Fatalf("rate %v: event %d is due at %d, want %v", rate, i, due-42, exact)
			}
		}
	}
}

// With MaxGap a gap is as long as it would be without, or MaxGap where that is
// shorter; what was cut is counted.
func TestGapsAreShortenedAndNothingElse(t *testing.T) {
	const most = 1_000_000
	for _, speed := range []float64{1, 10, 0.5, 0.1, 1000} {
		r := rand.New(rand.NewPCG(3, 4))
		whole, short := pace.New(pace.Options{Speed: speed}), pace.New(pace.Options{Speed: speed, MaxGap: most})
		before, shortBefore := whole.Due(0, 1), short.Due(0, 1)
		cut := int64(0)
		for ns, i := int64(0), 0; i < 10_000; i++ {
			ns += int64(float64(r.Int64N(4*most)) * speed)
			due, shortDue := whole.Due(ns, 0), short.Due(ns, 0)
			if want := min(due-before, most); shortDue-shortBefore != want {
				t.Fatalf("speed %v: a gap of %d ns is %d long, want %d", speed, due-before, shortDue-shortBefore, want)
			}
			cut += max(due-before-most, 0)
			before, shortBefore = due, shortDue
		}
		if cut == 0 || short.CutNS() != cut {
			t.Errorf("speed %v: %d ns cut, want %d", speed, short.CutNS(), cut)
		}
	}
}

func TestSkewMovesWhatFollows(t *testing.T) {
	p := pace.New(pace.Options{})
	p.Due(0, 100)
	p.Skew(1000)
	if due := p.Due(10, 0); due != 1110 || p.SkewedNS() != 1000 {
		t.Errorf("due %d, skewed %d", due, p.SkewedNS())
	}
	p.Restart()
	if due := p.Due(0, 0); due != 1110 {
		t.Errorf("the repetition begins at %d", due)
	}
}

func TestLatenessQuantiles(t *testing.T) {
	var l pace.Lateness
	if l.QuantileNS(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := range int64(1000) {
		l.Add(i * 1000)
	}
	l.Add(-5)
	for _, c := range []struct {
		q    float64
		want int64
	}{{0.5, 500_000}, {0.99, 990_000}, {1, 999_000}} {
		got := l.QuantileNS(c.q)
		if got < c.want-1000 || float64(got) > float64(c.want)*17/16+1000 {
			t.Errorf("quantile %v is %d, want about %d", c.q, got, c.want)
		}
	}
	if l.Count() != 1001 || l.MaxNS() != 999_000 {
		t.Errorf("%d, %d", l.Count(), l.MaxNS())
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	for _, clock := range []pace.Clock{pace.Real(), pace.Frugal()} {
		if err := clock.WaitUntil(ctx, clock.Now()+int64(time.Hour)); err == nil {
			t.Error("an hour has passed")
		}
		before := clock.Now()
		if err := clock.WaitUntil(t.Context(), before+int64(3*time.Millisecond)); err != nil || clock.Now() < before+int64(3*time.Millisecond) {
			t.Errorf("%v, after %d ns", err, clock.Now()-before)
		}
	}
}

// BenchmarkWaitUntil tells how late the clock comes back from waits of 10 µs to
// 100 ms.
func BenchmarkWaitUntil(b *testing.B) {
	for _, wait := range []time.Duration{10 * time.Microsecond, 100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(fmt.Sprint(wait), func(b *testing.B) {
			clock := pace.Real()
			var l pace.Lateness
			for b.Loop() {
				due := clock.Now() + int64(wait)
				if err := clock.WaitUntil(b.Context(), due); err != nil {
					b.Fatal(err)
				}
				l.Add(clock.Now() - due)
			}
			b.ReportMetric(float64(l.QuantileNS(0.5)), "p50-late-ns")
			b.ReportMetric(float64(l.QuantileNS(0.99)), "p99-late-ns")
		})
	}
}
