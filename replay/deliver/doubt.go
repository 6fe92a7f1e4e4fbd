package deliver

// history is what was acknowledged last, so that it can be taken back: a sink
// may find out later that the other side has lost it (sink.Error.Repeats).
type history struct {
	batches []settled // oldest first
	records int64
}

// settled is an acknowledged batch.
type settled struct {
	before                 Position
	records, events, bytes int64
}

// maxHistory bounds the memory: that of a megabyte.
const maxHistory = 16384

func (h *history) add(s settled) {
	if len(h.batches) == maxHistory {
		h.batches = append(h.batches[:0], h.batches[maxHistory/4:]...)
		h.records = 0
		for i := range h.batches {
			h.records += h.batches[i].records
		}
	}
	h.batches = append(h.batches, s)
	h.records += s.records
}

// take removes the last batches that have n records or more.
func (h *history) take(n int64) (taken settled) {
	for taken.records < n && len(h.batches) > 0 {
		last := h.batches[len(h.batches)-1]
		h.batches = h.batches[:len(h.batches)-1]
		h.records -= last.records
		taken.records += last.records
		taken.events += last.events
		taken.bytes += last.bytes
		taken.before = last.before
	}
	return taken
}

// Doubt takes back the acknowledgement of the last n records: the other side
// may not have them. The checkpoint goes back to before them. It returns how
// many records that are, whole batches. The delivery must have ended, or be
// its sender that calls.
func (d *Delivery) Doubt(n int) (records int64, err error) {
	taken := d.history.take(int64(n))
	if taken.records == 0 {
		return 0, nil
	}
	d.doubted.records += taken.records
	d.doubted.events += taken.events
	d.doubted.bytes += taken.bytes
	d.last = taken.before
	d.mu.Lock()
	d.counts.Acknowledged -= taken.records
	d.counts.Events -= taken.events
	d.counts.Bytes -= taken.bytes
	d.mu.Unlock()
	if d.o.Acknowledged != nil {
		err = d.o.Acknowledged(taken.before)
	}
	return taken.records, err
}

// trust gives back what was doubted: the sink has sent it again.
func (d *Delivery) trust() {
	t := d.doubted
	if t.records == 0 {
		return
	}
	d.doubted = settled{}
	d.mu.Lock()
	d.counts.Acknowledged += t.records
	d.counts.Events += t.events
	d.counts.Bytes += t.bytes
	d.mu.Unlock()
	t.before = d.last
	d.history.add(t)
}
