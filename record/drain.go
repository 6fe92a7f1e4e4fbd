package record

import (
	"errors"
	"fmt"
	"time"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// batchEvents is how many events are taken from one ring before the next: few
// enough that the CPUs' events stay near each other in time, many enough that
// giving room back costs nothing per event.
const batchEvents = 1024

// skippedInterval is the time between polls of Source.SkippedEntry, a system
// call.
const skippedInterval = time.Second

// drain takes events out of the rings, finds holes in their numbers, and
// fills jobs. It belongs to one goroutine.
type drain struct {
	src      Source
	o        *Options
	pipeline *pipeline
	stop     func(reason string)
	progress *progress

	rings   []Ring
	cpus    []cpuState
	builder *builder
	job     *job  // being filled
	oldest  int64 // return time of the job's oldest event, roughly
	left    int64 // events until MaxEvents; negative is no limit

	startNS, clockNS, skippedNS int64       // when begun, of the last clock record, of the last poll
	skipped                     bpf.Skipped // entries skipped, as last polled
	defects                     []string
	detachedNS                  int64 // when detaching began: what entered later was not watched
}

// cpuState is what the drain knows of one CPU.
type cpuState struct {
	account
	next     int64 // number of the next event
	returned int64 // when the last event returned
	last     lastRows
	inBlock  segment.SeqRange
}

func newDrain(src Source, o *Options, p *pipeline, stop func(string), progress *progress) *drain {
	now := o.Clock.NowNS()
	d := &drain{
		src: src, o: o, pipeline: p, stop: stop, progress: progress,
		cpus: make([]cpuState, src.CPUs()), builder: newBuilder(o.SegmentEvents),
		left: -1, startNS: now, clockNS: now, skippedNS: now,
	}
	if o.MaxEvents > 0 {
		d.left = o.MaxEvents
	}
	for cpu := range d.cpus {
		d.rings = append(d.rings, src.Ring(cpu))
		d.cpus[cpu].returned = now
	}
	d.begin()
	return d
}

// run drains until stopped returns true, and then what the kernel still
// holds. The accounts are final when it returns.
func (d *drain) run(stopped func() bool) error {
	var errs []error
	for !stopped() {
		more := d.round()
		d.timers()
		if more {
			continue
		}
		if err := d.src.Wait(d.o.maxWait()); err != nil {
			errs = append(errs, err)
			d.stop("error")
		}
	}
	if err := d.detach(); err != nil {
		errs = append(errs, fmt.Errorf("detach: %w", err))
	}
	d.drainAll()
	if err := d.pollSkipped(d.o.Clock.NowNS()); err != nil {
		errs = append(errs, err)
	}
	d.settle()
	d.flush()
	return errors.Join(errs...)
}

// detach detaches the source and goes on draining meanwhile: the kernel waits
// for all its processors, and that can take longer than the rings hold out.
func (d *drain) detach() error {
	d.detachedNS = d.o.Clock.NowNS()
	ended := make(chan error, 1)
	go func() { ended <- d.src.Detach() }()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		d.drainAll()
		select {
		case err := <-ended:
			return err
		case <-poll.C:
		}
	}
}

// drainAll takes what is in the rings.
func (d *drain) drainAll() {
	for d.round() {
	}
}

// round takes a batch from each ring and reports whether one was full, so that
// there may be more.
func (d *drain) round() (more bool) {
	for cpu := range d.rings {
		if d.take(cpu) == batchEvents {
			more = true
		}
	}
	d.progress.taken.Store(d.taken())
	return more
}

func (d *drain) taken() (n int64) {
	for i := range d.cpus {
		n += d.cpus[i].taken - d.cpus[i].beyond
	}
	return n
}

// take appends up to batchEvents of one ring to the job and returns their
// number. Full jobs go on their way; waiting for a free one, the drain holds
// nothing of the ring back.
func (d *drain) take(cpu int) (n int) {
	ring, c := d.rings[cpu], &d.cpus[cpu]
	for n < batchEvents {
		if d.builder.rows > 0 && d.o.shouldClose(d.builder.rows, d.builder.bytes, 0) {
			ring.Release()
			d.flush()
		}
		e := ring.Next()
		if e == nil {
			break
		}
		n++
		seq, returned := int64(e.Seq), int64(e.TimeNS+e.DurationNS)
		if seq != c.next {
			d.hole(cpu, seq, returned)
		}
		c.next, c.returned = seq+1, returned
		c.taken++
		if d.left == 0 {
			c.beyond++
			continue
		}
		if d.left > 0 {
			if d.left--; d.left == 0 {
				d.stop(reasonMaxEvents)
			}
		}
		if d.builder.rows == 0 {
			d.oldest = returned
		}
		d.builder.append(cpu, e, &c.last)
		if c.inBlock.Count == 0 {
			c.inBlock.First = seq
		}
		c.inBlock.Last = seq
		c.inBlock.Count++
	}
	ring.Release()
	return n
}

// hole books the numbers from the one expected to the one before seq as lost.
func (d *drain) hole(cpu int, seq, lastNS int64) {
	c := &d.cpus[cpu]
	count := seq - c.next
	if count < 0 {
		d.defect("CPU %d: event %d came after event %d", cpu, seq, c.next-1)
		return
	}
	counted := kernelLosses(stableCounters(d.src, cpu))
	split, unexplained := attribute(count, counted, c.gaps)
	// What no counter explains is missing all the same; the account will not
	// balance, and the summary will say so.
	split[segment.CauseRingFull] += unexplained
	c.gaps.add(split)
	d.job.gaps = appendGaps(d.job.gaps, cpu, c.next, split, min(c.returned, lastNS), lastNS)
	d.progress.lost.Add(count)
}

// defect notes what must not happen; the first few suffice.
func (d *drain) defect(format string, args ...any) {
	if len(d.defects) < 10 {
		d.defects = append(d.defects, fmt.Sprintf(format, args...))
	}
}

// settle makes the accounts final: what was lost after each CPU's last event.
func (d *drain) settle() {
	now := d.o.Clock.NowNS()
	for cpu := range d.cpus {
		c := &d.cpus[cpu]
		c.kernel = stableCounters(d.src, cpu)
		if seq := int64(c.kernel.Seq); seq != c.next {
			d.hole(cpu, seq, now)
			c.next = seq
		}
	}
}

// pollSkipped books the entries that the kernel skipped since the last poll.
func (d *drain) pollSkipped(now int64) error {
	n, err := d.src.SkippedEntry()
	if err != nil {
		return err
	}
	if delta := skippedEvents(n) - skippedEvents(d.skipped); delta > 0 {
		d.skipped = n
		d.job.gaps = append(d.job.gaps, segment.Gap{
			CPU: segment.AllCPUs, FirstSeq: -1, Count: delta, Cause: segment.CauseSkippedEntry,
			FirstNS: d.skippedNS, LastNS: now, UpperBound: d.boundsSkipped(),
		})
		d.progress.lost.Add(delta)
	}
	d.skippedNS = now
	return nil
}

// skippedEvents returns how many events were lost at most.
func skippedEvents(s bpf.Skipped) int64 { return int64(s.Calls + s.Requests) }

// boundsSkipped reports whether fewer events may have been lost than entries were
// skipped.
func (d *drain) boundsSkipped() bool { return d.o.Filtered || d.skipped.Requests > 0 }

// timers does what is due by the clock: it closes an old segment even when no
// event comes, polls, writes clocks, and ends the recording.
func (d *drain) timers() {
	now := d.o.Clock.NowNS()
	if d.o.Duration > 0 && now-d.startNS >= int64(d.o.Duration) {
		d.stop(reasonDuration)
	}
	if now-d.skippedNS >= int64(skippedInterval) {
		if err := d.pollSkipped(now); err != nil {
			d.defect("%v", err)
			d.skippedNS = now
		}
	}
	if now-d.clockNS >= int64(d.o.ClockInterval) {
		clock := d.o.Clock.Read()
		d.job.clock = &clock
		d.clockNS = now
		d.flush()
		return
	}
	age := time.Duration(now - d.oldest)
	if d.o.shouldClose(d.builder.rows, d.builder.bytes, age) || d.builder.rows == 0 && len(d.job.gaps) > 0 {
		d.flush()
	}
}

// flush hands the job over, with what else it carries, and begins another one.
// It waits when all jobs are under way.
func (d *drain) flush() {
	j := d.job
	d.builder.finish()
	j.rows = d.builder.rows
	for cpu := range d.cpus {
		if r := d.cpus[cpu].inBlock; r.Count > 0 {
			r.CPU = cpu
			j.meta.Ranges = append(j.meta.Ranges, r)
		}
	}
	if j.rows > 0 || len(j.gaps) > 0 || j.clock != nil {
		d.snapshot(&j.counters)
		j.meta.Counters = &j.counters
	}
	d.pipeline.submit(j)
	d.begin()
}

// begin starts to fill a free job.
func (d *drain) begin() {
	d.job = d.pipeline.free.pop()
	d.job.reset()
	d.builder.begin(&d.job.block)
	for cpu := range d.cpus {
		d.cpus[cpu].last.forget()
		d.cpus[cpu].inBlock = segment.SeqRange{}
	}
}

// snapshot fills in the accounts as they stand.
func (d *drain) snapshot(s *segment.Counters) {
	s.TimeNS = d.o.Clock.NowNS()
	s.CPUs = s.CPUs[:0]
	s.UpperBound, s.UnderWay, s.Self = d.boundsSkipped(), 0, 0
	for cpu := range d.cpus {
		c := &d.cpus[cpu]
		c.kernel = stableCounters(d.src, cpu)
		if !c.idle() {
			s.CPUs = append(s.CPUs, c.account.snapshot(cpu))
		}
		d.host(s, c.kernel)
	}
	d.allCPUs(s)
}

// final fills in the final accounts.
func (d *drain) final(s *segment.Counters) {
	s.TimeNS = d.o.Clock.NowNS()
	s.UpperBound = d.boundsSkipped()
	for cpu := range d.cpus {
		c := &d.cpus[cpu]
		c.written, c.failed = d.pipeline.written[cpu], d.pipeline.failed[cpu]
		if !c.idle() {
			s.CPUs = append(s.CPUs, c.account.final(cpu))
		}
		d.host(s, c.kernel)
		d.defects = append(d.defects, c.check(cpu)...)
	}
	d.allCPUs(s)
}

// host adds one CPU's counts that are given for the host alone.
func (d *drain) host(s *segment.Counters, k bpf.Counters) {
	s.UnderWay += int64(k.UnderWay)
	s.Self += int64(k.Self)
}

// allCPUs adds the account of what no CPU counts. A call whose entry was
// skipped returns like one that was under way when the recording began, and is
// taken from these; under a filter, where not all of them are counted, the rest
// may be too small.
func (d *drain) allCPUs(s *segment.Counters) {
	lost := skippedEvents(d.skipped)
	if lost == 0 {
		return
	}
	s.UnderWay = max(0, s.UnderWay-int64(d.skipped.Calls))
	c := segment.CPUCounters{CPU: segment.AllCPUs, Seen: lost}
	c.Lost[segment.CauseSkippedEntry] = lost
	s.CPUs = append(s.CPUs, c)
}
