package stats

// Durations tells the quantiles of durations that no recording holds, as a
// replay measures them, in the way of this package: exactly while there are
// few, then to 1/2048 of their value. The zero value is empty. Memory does not
// grow with their number.
type Durations struct {
	sketch sketch
	memory memory
	count  int64
	maxNS  int64
}

// Add counts a duration; a negative one is 0.
func (d *Durations) Add(ns int64) {
	d.memory.precision = maxPrecision
	ns = max(ns, 0)
	d.sketch.add(ns, &d.memory)
	d.count++
	d.maxNS = max(d.maxNS, ns)
}

// Count is how many were added.
func (d *Durations) Count() int64 { return d.count }

// MaxNS is the longest one.
func (d *Durations) MaxNS() int64 { return d.maxNS }

// QuantileNS returns a quantile by nearest rank; 0 without durations.
func (d *Durations) QuantileNS(q Quantile) int64 {
	if d.count == 0 {
		return 0
	}
	rank := q.Rank(d.count)
	return min(lookup(&d.sketch, d.count, []int64{rank}).of(rank).middle(), d.maxNS)
}
