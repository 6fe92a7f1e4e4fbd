// Package pace says when each event of a replay is due, waits for that moment,
// and keeps account of how late events were.
//
//	due = anchor + (t - t0) / speed
//
// The anchor is the moment at which the replay began, t0 the time of the first
// event. Nothing is summed up from event to event, so nothing drifts, however
// long the replay. A repetition of the recording begins at the moment at which
// its last event was due.
package pace

import "time"

// Options say how fast. Without RateHz and Unpaced the recording's own pace
// counts, times Speed.
type Options struct {
	// Speed divides the time between events; 0 is 1.
	Speed float64
	// RateHz is so many events a second, whatever the recording's times.
	RateHz float64
	// Unpaced: every event is due at once.
	Unpaced bool
	// MaxGap bounds the time between two events as replayed; 0 is no bound.
	MaxGap time.Duration
}

// Pacer computes due times, in nanoseconds of its caller's clock.
type Pacer struct {
	o       Options
	begun   bool
	anchor  int64
	t0      int64
	shift   int64 // what MaxGap cut out (negative) and Skew added
	events  int64 // since the anchor
	lastDue int64
	cut     int64
	skewed  int64
}

// New returns a pacer whose first event is due when Due is first asked.
func New(o Options) *Pacer {
	if o.Speed == 0 {
		o.Speed = 1
	}
	return &Pacer{o: o}
}

// Due returns when the next event, of time t, is due. Times must not fall. now
// is the anchor of the first event.
func (p *Pacer) Due(t, now int64) int64 {
	if !p.begun {
		if p.lastDue == 0 {
			p.lastDue = now
		}
		p.begun, p.anchor, p.t0, p.shift, p.events = true, p.lastDue, t, 0, 0
	}
	due := p.anchor + p.shift
	if p.o.RateHz > 0 {
		due += int64(float64(p.events) * 1e9 / p.o.RateHz)
	} else {
		due += scale(t-p.t0, p.o.Speed)
	}
	if most := int64(p.o.MaxGap); most > 0 && due-p.lastDue > most {
		over := due - p.lastDue - most
		p.shift, p.cut, due = p.shift-over, p.cut+over, due-over
	}
	p.events++
	p.lastDue = due
	return due
}

// scale returns ns / speed. A float holds a hundred days of nanoseconds exactly.
func scale(ns int64, speed float64) int64 {
	if speed == 1 {
		return ns
	}
	return int64(float64(ns) / speed)
}

// Unpaced reports whether all events are due at once.
func (p *Pacer) Unpaced() bool { return p.o.Unpaced }

// Restart begins a repetition: its first event is due when the last one was.
func (p *Pacer) Restart() { p.begun = false }

// Skew makes everything from now on due later by ns.
func (p *Pacer) Skew(ns int64) {
	p.shift += ns
	p.lastDue += ns
	p.skewed += ns
}

// CutNS is how much waiting MaxGap has saved, SkewedNS how much Skew added.
func (p *Pacer) CutNS() int64 { return p.cut }

// SkewedNS is the sum of all Skew.
func (p *Pacer) SkewedNS() int64 { return p.skewed }
