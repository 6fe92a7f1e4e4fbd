package record

import "github.com/sendmsgrec/sendmsgrec/schema/segment"

// job is the unit that travels: drain fills it, a worker encodes it, the
// writer writes it, and the drain gets it back. Without rows it carries only
// what stands beside the events.
type job struct {
	block    segment.Block
	meta     segment.SegmentMeta
	counters segment.Counters
	gaps     []segment.Gap // written before the segment that shows the holes
	clock    *segment.Clock
	rows     int

	encoded   segment.Encoded
	encodeErr error
	done      chan struct{} // one token when encoded
}

func newJob() *job { return &job{done: make(chan struct{}, 1)} }

// reset empties the job and keeps its memory; the builder resets the block.
func (j *job) reset() {
	j.meta.Ranges = j.meta.Ranges[:0]
	j.meta.Counters = nil
	j.gaps = j.gaps[:0]
	j.clock = nil
	j.rows = 0
	j.encodeErr = nil
}
