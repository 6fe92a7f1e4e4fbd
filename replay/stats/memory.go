package stats

// memory accounts for what groups and their sketches take, and says how
// precise they may be. One collector owns it; it is not safe for concurrent
// use.
type memory struct {
	budget int64 // bytes
	used   int64 // bytes: keys, groups, exact values and histograms
	// precision is what histograms have, lowered when the budget is used up.
	precision uint8
	// closed: no new groups, their events go to the other group. It is set
	// when the budget is used up at the lowest precision.
	closed bool
}

func newMemory(budget int64) *memory {
	return &memory{budget: budget, precision: maxPrecision}
}

// full reports that the budget is used up.
func (m *memory) full() bool { return m.used > m.budget }

// relaxed reports that enough is free again to go on for a while.
func (m *memory) relaxed() bool { return m.used <= m.budget/4*3 }
