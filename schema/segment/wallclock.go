package segment

import "slices"

// WallClock tells the wall time of a moment of CLOCK_BOOTTIME by interpolation
// between the clock records around it.
type WallClock struct {
	clocks []Clock // ascending BoottimeNS
}

// NewWallClock returns the wall clock of a recording: its header's clocks and
// those of its clock and end records, in any order.
func NewWallClock(h *Header, clocks []Clock) *WallClock {
	w := &WallClock{}
	for _, c := range append([]Clock{h.Start}, clocks...) {
		if c != (Clock{}) {
			w.clocks = append(w.clocks, c)
		}
	}
	slices.SortStableFunc(w.clocks, func(a, b Clock) int {
		switch {
		case a.BoottimeNS < b.BoottimeNS:
			return -1
		case a.BoottimeNS > b.BoottimeNS:
			return 1
		}
		return 0
	})
	return w
}

// UnixNS returns the wall time of boottimeNS in nanoseconds since 1970. Before
// the first record and behind the last the clock runs at the rate of
// CLOCK_BOOTTIME. Without any record it returns boottimeNS.
func (w *WallClock) UnixNS(boottimeNS int64) int64 {
	c := w.clocks
	if len(c) == 0 {
		return boottimeNS
	}
	// The first record behind the moment. It is asked for every event, and
	// slices.BinarySearchFunc makes a call and a copy for each record.
	i, end := 0, len(c)
	for i < end {
		if middle := (i + end) / 2; c[middle].BoottimeNS <= boottimeNS {
			i = middle + 1
		} else {
			end = middle
		}
	}
	if i == 0 {
		return c[0].RealtimeNS + boottimeNS - c[0].BoottimeNS
	}
	a := &c[i-1]
	dt := boottimeNS - a.BoottimeNS
	if i == len(c) {
		return a.RealtimeNS + dt
	}
	b := &c[i]
	// The difference of the two clocks' advances is what is interpolated: it
	// is small, so the product fits a float exactly enough (below 1 ns).
	span := b.BoottimeNS - a.BoottimeNS
	drift := (b.RealtimeNS - a.RealtimeNS) - span
	return a.RealtimeNS + dt + int64(float64(drift)*(float64(dt)/float64(span)))
}
