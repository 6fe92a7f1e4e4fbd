package gen

import "math"

// lognormal draws log-normal numbers from a table of quantiles, interpolated:
// a few nanoseconds a draw.
type lognormal struct {
	quantiles [lognormalSteps + 1]float64
}

const lognormalSteps = 1024

// newLognormal returns the distribution with the median and the standard
// deviation sigma of its logarithm. It ends at about 3.3 sigma.
func newLognormal(median, sigma float64) *lognormal {
	l := &lognormal{}
	for i := range l.quantiles {
		q := (float64(i) + 0.5) / (lognormalSteps + 1)
		l.quantiles[i] = median * math.Exp(sigma*math.Sqrt2*math.Erfinv(2*q-1))
	}
	return l
}

// draw maps 64 random bits, of which it uses the low 32, to a number.
func (l *lognormal) draw(u uint64) int64 {
	i := u & (lognormalSteps - 1)
	fraction := float64(u>>10&0x3fffff) / (1 << 22)
	return int64(l.quantiles[i] + (l.quantiles[i+1]-l.quantiles[i])*fraction)
}
