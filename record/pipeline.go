package record

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// spareJobs is how many jobs there are beyond one per worker: one that the
// drain fills, one that is being written, and some that wait for a worker while
// other programs have the processors.
const spareJobs = 6

// pipeline encodes and writes the drain's jobs in their order: a fixed number
// of them circulates, so its memory is bounded and a slow disk holds up the
// drain, not the heap.
type pipeline struct {
	free  *jobStack // empty jobs, for the drain
	work  chan *job // to be encoded
	order chan *job // to be written, in this order
	wait  sync.WaitGroup

	out     *Output         // nil without a file
	writer  *segment.Writer // nil without a file
	spill   Spill           // nil without a sink
	id      [16]byte        // of the recording
	onError func(error)     // called once, when writing has failed

	// What follows belongs to the writer goroutine until finish returns.
	err             error
	written, failed []int64 // events by CPU
	dropped         []int64 // of the written ones, by the spill
	segments        int64

	rawBytes  atomic.Int64
	recorded  atomic.Int64
	syncEnded chan struct{}
	stopSync  chan struct{}
}

func newPipeline(out *Output, w *segment.Writer, id [16]byte, cpus int, o *Options, onError func(error)) *pipeline {
	jobs := o.Workers + spareJobs
	p := &pipeline{
		free: newJobStack(jobs), work: make(chan *job, jobs), order: make(chan *job, jobs),
		out: out, writer: w, spill: o.Spill, id: id, onError: onError,
		written: make([]int64, cpus), failed: make([]int64, cpus), dropped: make([]int64, cpus),
		syncEnded: make(chan struct{}), stopSync: make(chan struct{}),
	}
	return p
}

// start starts the goroutines; finish ends them.
func (p *pipeline) start(o *Options) {
	for range o.Workers {
		p.wait.Go(p.encodeLoop)
	}
	p.wait.Go(p.writeLoop)
	go p.syncLoop(o.FlushInterval)
}

// submit hands a filled job over. It does not block: the channels hold all jobs.
func (p *pipeline) submit(j *job) {
	if j.rows > 0 {
		p.work <- j
	}
	p.order <- j
}

// finish waits until everything submitted is written and the goroutines have
// ended. The drain must have ended.
func (p *pipeline) finish() error {
	close(p.work)
	close(p.order)
	p.wait.Wait()
	close(p.stopSync)
	<-p.syncEnded
	return p.err
}

func (p *pipeline) encodeLoop() {
	e := segment.NewEncoder(p.id)
	for j := range p.work {
		j.encodeErr = e.Encode(&j.encoded, &j.block, j.meta)
		j.done <- struct{}{}
	}
}

func (p *pipeline) writeLoop() {
	for j := range p.order {
		if j.rows > 0 {
			<-j.done
		}
		if p.err == nil {
			if p.err = p.write(j); p.err != nil {
				p.onError(p.err)
			}
		}
		if p.spill != nil && j.encodeErr == nil {
			p.spillJob(j) // a file that is full is no reason to send nothing
		}
		p.count(j)
		p.free.push(j)
	}
}

// write writes a job: first its gaps, so that a hole that a segment shows is
// always explained by what stands before it.
func (p *pipeline) write(j *job) error {
	if j.encodeErr != nil {
		return fmt.Errorf("encode segment: %w", j.encodeErr)
	}
	if p.writer != nil {
		if err := p.writeFile(j); err != nil {
			return err
		}
	}
	if j.rows > 0 {
		p.segments++
		p.recorded.Add(int64(j.rows))
		p.rawBytes.Add(j.encoded.RawBytes)
	}
	return nil
}

// writeFile writes a job to the file.
func (p *pipeline) writeFile(j *job) error {
	for i := range j.gaps {
		if err := p.writer.WriteGap(j.gaps[i]); err != nil {
			return err
		}
	}
	if j.clock != nil {
		if err := p.writer.WriteClock(*j.clock); err != nil {
			return err
		}
	}
	if j.rows == 0 {
		if j.meta.Counters == nil {
			return nil
		}
		return p.writer.WriteCounters(j.meta.Counters)
	}
	return p.writer.WriteSegment(&j.encoded)
}

// count books the job's events as written or not.
func (p *pipeline) count(j *job) {
	to := p.written
	if p.err != nil {
		to = p.failed
	}
	for _, r := range j.meta.Ranges {
		to[r.CPU] += r.Count
	}
}

// syncLoop syncs the file about once in a flush interval, so that a power cut
// costs no more. An error here is found again by the sync at the end.
func (p *pipeline) syncLoop(interval time.Duration) {
	defer close(p.syncEnded)
	if p.out == nil {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := p.out.Sync(); err != nil {
				p.onError(err)
				return
			}
		case <-p.stopSync:
			return
		}
	}
}
