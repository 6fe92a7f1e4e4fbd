package stats

import (
	"cmp"
	"iter"
	"math/big"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Result is what a Counter has counted.
type Result struct {
	By []Field
	// Recordings are what was added, in that order.
	Recordings []Recording
	// Summary and Loss are of all recordings together (together).
	Summary *segment.Summary
	Loss    Loss

	directions directions

	c     *collector
	order []code
}

// Group is the statistics of one group.
type Group struct {
	Key   []Value // one for each field of Result.By
	Other bool    // the group of all events whose own group did not fit in memory
	Count int64
	// Timed is the number of events with a duration; the others had not
	// returned.
	Timed  int64
	Failed int64
	Errors []ErrnoCount // the most frequent first
	// RequestedBytes is the sum over the events whose iovecs were readable;
	// UnreadableRequests counts the others.
	RequestedBytes     *big.Int
	UnreadableRequests int64
	SentBytes          *big.Int
	// MinNS, MaxNS, MeanNS and Quantiles are of the durations and have no
	// meaning when Timed is 0. All but Quantiles are exact.
	MinNS, MaxNS int64
	MeanNS       float64
	Quantiles    []QuantileValue // as Quantiles, nil when Timed is 0
	// RelativeError bounds the error of Quantiles; 0: they are exact.
	RelativeError float64
	// Missing is the number of durations that may be missing in this group:
	// Loss.Missing and the calls that had not returned.
	Missing int64
}

// ErrnoCount is the number of failures with one errno.
type ErrnoCount struct {
	Errno int64
	Count int64
}

// Name returns the errno's name, or its number.
func (e ErrnoCount) Name() string { return errnoName(e.Errno) }

// QuantileValue is a quantile of the durations.
type QuantileValue struct {
	Name string // p50, p99.9
	NS   int64
	// LowNS and HighNS bound the quantile of the group with its missing events,
	// whatever they were, the relative error included. HighNS is Unbounded when
	// so many are missing that it can be anything.
	LowNS, HighNS int64
}

// Unbounded is a bound that there is none.
const Unbounded = -1

// Result returns what was counted. The Counter must not be used any more.
func (c *Counter) Result() *Result {
	r := &Result{By: c.by, Recordings: c.recordings, directions: c.directions, c: c.c}
	r.Summary, r.Loss = together(c.recordings)
	for _, code := range c.c.groups.all() {
		r.order = append(r.order, code)
	}
	slices.SortFunc(r.order, func(a, b code) int {
		if a == codeOther || b == codeOther {
			return cmp.Compare(b, a)
		}
		return cmp.Or(cmp.Compare(r.eventsOf(b), r.eventsOf(a)), r.compareKeys(len(r.c.dims)-1, a, b))
	})
	return r
}

func (r *Result) eventsOf(c code) int64 { return r.c.groups.at(c, r.c.mem).events }

// compareKeys compares the encoded values of the dimensions up to the last one
// in the codes of groups, or in those of their first dimensions.
func (r *Result) compareKeys(last int, a, b code) int {
	if last > 0 {
		p, q := r.c.pairs[last-1].pairs[a], r.c.pairs[last-1].pairs[b]
		if c := r.compareKeys(last-1, code(p>>32), code(q>>32)); c != 0 {
			return c
		}
		a, b = code(p), code(q)
	}
	return strings.Compare(r.c.dims[last].keys[a], r.c.dims[last].keys[b])
}

// Total returns the statistics of all events.
func (r *Result) Total() *Group { return r.group(&r.c.total, nil) }

// GroupCount returns the number of groups, the other group included.
func (r *Result) GroupCount() int { return len(r.order) }

// Groups returns the groups, the largest first, groups of the same size in the
// order of their keys, and the other group last. Each is made when it
// is asked for: all of them at once may be more than fits in memory. Without
// fields to group by there is one group, of all events, unless there are none.
func (r *Result) Groups() iter.Seq[*Group] {
	return func(yield func(*Group) bool) {
		if len(r.By) == 0 && r.c.total.events > 0 {
			yield(r.Total())
			return
		}
		for _, c := range r.order {
			g := r.group(r.c.groups.at(c, r.c.mem), r.key(c))
			g.Other = c == codeOther
			if !yield(g) {
				return
			}
		}
	}
}

// key returns the values of a group's fields.
func (r *Result) key(c code) []Value {
	if c == codeOther {
		return make([]Value, len(r.By))
	}
	key := make([]Value, len(r.By))
	for i := len(r.c.dims) - 1; i >= 0; i-- {
		own := c
		if i > 0 {
			pair := r.c.pairs[i-1].pairs[c]
			c, own = code(pair>>32), code(pair)
		}
		d := r.c.dims[i]
		rest := []byte(d.keys[own])
		for _, at := range d.index {
			key[at], rest = decodeValue(rest)
		}
	}
	return key
}

func (r *Result) group(g *group, key []Value) *Group {
	out := &Group{
		Key: key, Count: g.events, Timed: g.timed, Failed: g.failed,
		RequestedBytes: g.requested.int(), UnreadableRequests: g.unreadable, SentBytes: g.sent.int(),
		MinNS: g.min, MaxNS: g.max, RelativeError: g.durations.relativeError(),
		Missing: r.Loss.Missing + g.events - g.timed,
	}
	for _, e := range g.errors {
		out.Errors = append(out.Errors, ErrnoCount{e.errno, e.count})
	}
	slices.SortFunc(out.Errors, func(a, b ErrnoCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Errno, b.Errno))
	})
	if g.timed > 0 {
		out.MeanNS = g.sum.float() / float64(g.timed)
		out.Quantiles = quantilesOf(g, out.Missing)
	}
	return out
}

// quantilesOf returns the quantiles of the durations of g, of which missing
// may be missing.
func quantilesOf(g *group, missing int64) []QuantileValue {
	n := g.timed
	var ranks []int64
	for _, q := range Quantiles {
		lo, hi := q.Q.shifted(n, missing)
		ranks = append(ranks, q.Q.Rank(n), lo, hi)
	}
	a := lookup(&g.durations, n, ranks)
	values := make([]QuantileValue, len(Quantiles))
	for i, q := range Quantiles {
		v := &values[i]
		v.Name = q.Name
		v.NS = min(max(a.of(q.Q.Rank(n)).middle(), g.min), g.max)
		lo, hi := q.Q.shifted(n, missing)
		v.HighNS = Unbounded
		if lo >= 1 {
			v.LowNS = max(a.of(lo).lo, g.min)
		}
		if hi <= n {
			v.HighNS = min(a.of(hi).hi, g.max)
		}
	}
	return values
}
