package deliver

import (
	"fmt"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// Policy is what happens to records while the sink does not take them.
type Policy int

// The policies.
const (
	// Block: the replay waits, and makes up for it afterwards: what became due
	// meanwhile goes out at once.
	Block Policy = iota
	// Drop: what does not fit the pending batch is counted and left out.
	Drop
	// Skew: the replay waits, and everything after that is due so much later.
	Skew
)

var policyNames = [...]string{"block", "drop", "skew"}

// PolicyNames returns the names that ParsePolicy takes.
func PolicyNames() []string { return policyNames[:] }

// ParsePolicy returns the policy with the name.
func ParsePolicy(name string) (Policy, error) {
	for i, n := range policyNames {
		if n == name {
			return Policy(i), nil
		}
	}
	return 0, fmt.Errorf("no policy %q; there are block, drop and skew", name)
}

// Retry bounds how often a batch is tried again, and how long it waits before.
type Retry struct {
	// Attempts is how often a batch is sent at most; 0 is DefaultRetry's.
	Attempts int
	// First is the wait before the second attempt; it doubles from one to the
	// next, up to Most, and a part of it, at random, is left out.
	First, Most time.Duration
	// Faithful: a server that has acknowledged a batch is tried again after any
	// failure, also one that is final at the start of a delivery, where it shows
	// that something was set up wrong.
	Faithful bool
}

// DefaultRetry gives a sink about two minutes to come back.
var DefaultRetry = Retry{Attempts: 12, First: 100 * time.Millisecond, Most: 30 * time.Second}

// Limits of a batch where the sink has none of its own.
const (
	defaultMaxRecords = 16384
	defaultMaxBytes   = 1 << 20
)

// Options say how to deliver. The zero value of a field means its default.
type Options struct {
	Policy Policy
	Retry  Retry
	// MaxRecords bounds a batch; 0 leaves it to the sink.
	MaxRecords int
	// DeadLetter takes what the sink refuses; without it a refusal is an error
	// that ends the delivery.
	DeadLetter *DeadLetter
	// Acknowledged is called, in order, after the sink has everything up to the
	// position. An error ends the delivery.
	Acknowledged func(Position) error
	// Failed is called before a batch is tried again, for a status line or log.
	Failed func(err *sink.Error, attempt int, wait time.Duration)
	// Clock is what Batch.Dues are in, and what backoff waits by.
	Clock pace.Clock
}

func (o Options) withDefaults() Options {
	if o.Retry.Attempts <= 0 {
		o.Retry.Attempts = DefaultRetry.Attempts
	}
	if o.Retry.First <= 0 {
		o.Retry.First = DefaultRetry.First
	}
	if o.Retry.Most <= 0 {
		o.Retry.Most = DefaultRetry.Most
	}
	if o.Clock == nil {
		o.Clock = pace.Real()
	}
	return o
}

// Counts is the account of a delivery. When it has ended without an error,
// Put = Acknowledged + Refused + Dropped.
type Counts struct {
	// Put is the number of records that Put was given.
	Put int64
	// Acknowledged records are with the sink; Events and Bytes are those of
	// them that are events, and their size in the stream's format.
	Acknowledged, Events, Bytes int64
	// Refused records are in the dead-letter file; RefusedEvents of them are
	// events.
	Refused, RefusedEvents int64
	// Dropped records were left out by the policy.
	Dropped int64
	// Batches were acknowledged, Retries is how often one was sent again.
	Batches, Retries int64
	// Resent records may be with the sink twice: their batch was sent again
	// after a failure that does not tell what had arrived.
	Resent int64
	// BlockedNS is how long Put waited for the sink.
	BlockedNS int64
}
