package stats

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// directions tells whether events of both directions are counted together. A
// send that waits and a receive that waits say different things, and so do the
// bytes: whoever adds them up should know.
type directions struct {
	sends, receives bool
	// only is the call of the recording at hand when it can hold no other, as
	// most do; watch: it may hold several, and its events are looked at.
	only  int64
	watch bool
}

// begin looks at what was recorded in the next recording.
func (d *directions) begin(h *segment.Header) {
	d.only, d.watch = schema.CallSendmsg, false
	switch calls := h.Probe.Calls; len(calls) {
	case 0: // sendmsg
	case 1:
		call, known := schema.CallEnum.Value(calls[0])
		d.only, d.watch = call, !known
	default:
		d.watch = true
	}
}

// add looks at the calls of a block's events; with keep set, of these rows.
func (d *directions) add(b *segment.Block, keep []int32) {
	if !d.watch {
		d.saw(d.only)
		return
	}
	if keep == nil {
		for _, call := range b.Cols[schema.ColCall].Ints {
			d.saw(call)
		}
		return
	}
	for _, row := range keep {
		if call, ok := b.Int(schema.ColCall, int(row)); ok {
			d.saw(call)
		}
	}
}

func (d *directions) saw(call int64) {
	if schema.Receives(call) {
		d.receives = true
	} else {
		d.sends = true
	}
}

// MixesDirections reports whether there are sends and receives and nothing in
// By tells them apart.
func (r *Result) MixesDirections() bool {
	for i := range r.By {
		if r.By[i].column.ID == schema.ColCall {
			return false
		}
	}
	return r.directions.sends && r.directions.receives
}

// bytesTitle is what the sum of the results is called.
func (r *Result) bytesTitle() string {
	switch d := r.directions; {
	case d.sends && d.receives:
		return "transferred"
	case d.receives:
		return "received"
	}
	return "sent"
}
