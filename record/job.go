package record

import (
	"sync"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

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

// jobStack holds the free jobs. The one that came back last is used first: its
// memory is warm, and a quiet recording touches that of two jobs only.
type jobStack struct {
	mu   sync.Mutex
	some sync.Cond
	jobs []*job
}

func newJobStack(n int) *jobStack {
	s := &jobStack{}
	s.some.L = &s.mu
	for range n {
		s.jobs = append(s.jobs, newJob())
	}
	return s
}

func (s *jobStack) push(j *job) {
	s.mu.Lock()
	s.jobs = append(s.jobs, j)
	s.mu.Unlock()
	s.some.Signal()
}

// pop waits until there is a free job.
func (s *jobStack) pop() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.jobs) == 0 {
		s.some.Wait()
	}
	j := s.jobs[len(s.jobs)-1]
	s.jobs = s.jobs[:len(s.jobs)-1]
	return j
}
