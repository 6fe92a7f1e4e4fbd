// Package sink is where replayed records go: one small interface, one file for
// each kind of sink, chosen by URL (Open).
//
// A sink gets Batches from package deliver, which decides about batching,
// retries, order, checkpoints and what is done with refused records. A sink
// only moves a batch and says when the other side has it. It must be able to
// take the same batch again after an Error that may be tried again.
//
// A Batch and all that it refers to belongs to the sink from Send until it has
// called ack; afterwards its memory is used again. Send and Close are called
// from one goroutine; ack may be called from any.
package sink

import (
	"context"
)

// Sink is the other side of a replay.
type Sink interface {
	// Send takes over the batch and calls ack exactly once: with nil when the
	// other side has acknowledged every record in it, else with an error, best
	// an *Error. It may do so before it returns or, as far as InFlight allows,
	// later. It may block while the other side is slow. When ctx ends it gives
	// up soon.
	Send(ctx context.Context, b *Batch, ack func(error))
	// Close ends the stream in order, when all batches are acknowledged: the
	// other side sees its end. An error means that what was sent may not have
	// arrived as a whole.
	Close(ctx context.Context) error
	// Traits says how the sink wants to be fed. It does not change.
	Traits() Traits
}

// Traits are the properties of a sink.
type Traits struct {
	// Bytes: the sink reads Batch.Data and Record.End.
	Bytes bool
	// Rows: the sink reads Batch.Block and Record.Row. With neither Bytes nor
	// Rows a batch has no records at all, only Batch.Count.
	Rows bool
	// Columns are those that a sink with Rows reads; nil is all.
	Columns []string
	// Formats are what a sink with Bytes takes, its default first; nil is any,
	// JSON lines by default.
	Formats []string
	// MaxRecords and MaxBytes bound a batch; 0 leaves it to package deliver. A
	// single record may be larger than MaxBytes.
	MaxRecords, MaxBytes int
	// InFlight is how many batches may be without acknowledgement; 0 is 1.
	InFlight int
	// WhyNoCheckpoint says, when it is not empty, why a checkpoint would promise
	// too much: an acknowledgement does not mean that the other side has the
	// records (datagrams), or there is no way to go on after an interruption (a
	// recording).
	WhyNoCheckpoint string
	// Reconnects: the sink is a server that is addressed anew when a batch has
	// failed, so that what no other attempt would mend now (its name, the
	// credentials, a right) it may mend itself.
	Reconnects bool
}

// Aborter is a sink that has to undo something when the replay has failed:
// Abort is then called instead of Close.
type Aborter interface {
	Abort()
}

// Abandoner is a sink of which something is left, or replaced, by opening and
// closing it: Abandon is called instead of Close, and leaves everything as it
// was, when nothing was sent and nothing will be.
type Abandoner interface {
	Abandon() error
}

// Positioner is a sink that a resumed replay continues exactly where the last
// acknowledged batch ended.
type Positioner interface {
	// Position is where the sink stands when all that was acknowledged is in
	// it; it goes into the checkpoint. Called after each acknowledgement.
	Position() string
	// Resume puts the sink to a Position before the first Send: what was written
	// behind it is removed.
	Resume(position string) error
}
