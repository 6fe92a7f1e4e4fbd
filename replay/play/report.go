package play

import (
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/pace"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Report is what a replay did.
type Report struct {
	// Position is what was handed to the delivery.
	Position deliver.Position
	Delivery deliver.Counts
	Order    order.Counts
	// Paced: Lateness and the two sums mean something.
	Paced    bool
	Lateness pace.Lateness
	// Cut is how much waiting MaxGap saved, Skewed how much the policy skew
	// added.
	Cut, Skewed time.Duration
	// Mute is the number of notices that the format has no place for.
	Mute int64
	// SHA256 of the stream, in hexadecimal, when it was asked for.
	SHA256 string
}

// Report returns the account; it is complete when Run has returned.
func (p *Replay) Report() Report {
	r := Report{Position: p.position, Order: p.records.Counts(), Mute: p.encoder.Mute(), SHA256: p.sum,
		Paced: !p.pacer.Unpaced(), Cut: time.Duration(p.pacer.CutNS()), Skewed: time.Duration(p.pacer.SkewedNS())}
	if p.delivery != nil {
		r.Delivery, r.Lateness = p.delivery.Counts(), p.delivery.Lateness()
	}
	return r
}

// Summary returns what input i holds and lost, nil for a stream that was not
// read to its end; corrupt are segments of it that turned out not to decode.
func (p *Replay) Summary(i int) (s *segment.Summary, corrupt []segment.Damage) {
	return p.merger.Summary(i), p.merger.Corrupt(i)
}
