package pace

import "math/bits"

// Lateness counts how late events were. Its quantiles are exact to 1/16 of
// their value.
type Lateness struct {
	buckets [64 * 16]int64
	count   int64
	maxNS   int64
}

// Add counts an event; a negative lateness is 0.
func (l *Lateness) Add(ns int64) {
	ns = max(ns, 0)
	l.buckets[bucketOf(ns)]++
	l.count++
	l.maxNS = max(l.maxNS, ns)
}

// bucketOf divides each power of two into 16.
func bucketOf(ns int64) int {
	if ns < 32 {
		return int(ns)
	}
	e := bits.Len64(uint64(ns)) - 5
	return e*16 + int(ns>>e)
}

// upperNS is the largest value of a bucket.
func upperNS(bucket int) int64 {
	if bucket < 32 {
		return int64(bucket)
	}
	e := bucket/16 - 1
	return (int64(bucket-e*16)+1)<<e - 1
}

// Count is the number of events counted.
func (l *Lateness) Count() int64 { return l.count }

// MaxNS is the largest lateness.
func (l *Lateness) MaxNS() int64 { return l.maxNS }

// QuantileNS returns the quantile by nearest rank, rounded up to its bucket's
// end; 0 without events.
func (l *Lateness) QuantileNS(q float64) int64 {
	rank := max(int64(q*float64(l.count)+0.999999999), 1)
	var seen int64
	for i, n := range l.buckets {
		if seen += n; n > 0 && seen >= rank {
			return min(upperNS(i), l.maxNS)
		}
	}
	return 0
}
