package gen

import (
	"io"
	"sync"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// countersAt returns the account of the recording when the segment of plan p
// ends, its gap included.
func countersAt(o Options, p *Plan) *segment.Counters {
	c := &segment.Counters{TimeNS: p.EndNS}
	for cpu := range o.CPUs {
		next := p.FirstSeq[cpu] + int64(rowsOf(cpu, p.Events, o.CPUs))
		if p.Gap.Count > 0 && p.Gap.CPU == cpu {
			next += p.Gap.Count
		}
		account := segment.CPUCounters{CPU: cpu, Seen: next, Recorded: next - p.Lost[cpu]}
		account.Lost[segment.CauseRingFull] = p.Lost[cpu]
		c.CPUs = append(c.CPUs, account)
	}
	return c
}

// job is a segment on its way from the planner to the file.
type job struct {
	plan    *Plan
	encoded segment.Encoded
	err     error
	done    chan struct{}
}

// Write writes the recording that o asks for to w.
func Write(w io.Writer, o Options) (Totals, error) {
	o = o.withDefaults()
	file, err := segment.NewWriter(w, o.Header())
	if err != nil {
		return Totals{}, err
	}
	if err := file.WriteCoverage(coverage(0)); err != nil {
		return Totals{}, err
	}
	todo := make(chan *job)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() { encodeSegments(o, file.FileID(), todo) })
	}
	defer workers.Wait()
	totals, last, err := writeSegments(file, o, todo)
	if err != nil {
		return totals, err
	}
	end := &segment.End{Clock: clockAt(totals.LastNS), Reason: "duration"}
	if last != nil {
		end.Counters = *countersAt(o, last)
	}
	if err := file.WriteCoverage(coverage(max(totals.LastNS, startBoottimeNS))); err != nil {
		return totals, err
	}
	return totals, file.Close(end)
}

// coverage is that of the generated recordings; to is 0 at their start.
func coverage(to int64) *segment.Coverage {
	c := &segment.Coverage{FromNS: startBoottimeNS, ToNS: to, Ways: []segment.Way{
		{Path: "syscall", ABI: "64", Call: "sendmsg", Hooks: []string{"generated"}},
		{Path: "io_uring", ABI: "64", Call: "sendmsg", Why: "not generated"},
	}}
	c.Unexplained.Why = "not asked for"
	if to != 0 {
		c.Unexplained = segment.Unexplained{Counted: true, Sends: 1000, Unexplained: 7,
			Processes: []segment.UnexplainedProcess{{PID: 4242, Comm: "evader", Sends: 7, Bytes: 700}}}
	}
	return c
}

// encodeSegments is one worker.
func encodeSegments(o Options, fileID [16]byte, todo <-chan *job) {
	filler, encoder := NewFiller(o), segment.NewEncoder(fileID)
	var b segment.Block
	for j := range todo {
		meta := filler.Fill(&b, j.plan)
		j.err = encoder.Encode(&j.encoded, &b, meta)
		j.done <- struct{}{}
	}
}

// writeSegments plans, hands out and writes in order; it keeps twice as many
// segments under way as there are workers. It closes todo.
func writeSegments(file *segment.Writer, o Options, todo chan<- *job) (totals Totals, last *Plan, err error) {
	defer close(todo)
	plans := newPlanner(o)
	ring := make([]*job, 2*o.Workers)
	for i := range ring {
		ring[i] = &job{done: make(chan struct{}, 1)}
	}
	submit := func(j *job) {
		if j.plan = plans.plan(); j.plan != nil {
			todo <- j
		}
	}
	for _, j := range ring {
		submit(j)
	}
	for i := 0; ; i++ {
		j := ring[i%len(ring)]
		if j.plan == nil {
			return totals, last, nil
		}
		<-j.done
		if j.err == nil {
			j.err = writeSegment(file, j, &totals)
		}
		if j.err != nil {
			return totals, last, j.err
		}
		last = j.plan
		submit(j)
	}
}

// clockEvery is the number of segments between clock records.
const clockEvery = 16

func writeSegment(file *segment.Writer, j *job, totals *Totals) error {
	p := j.plan
	if err := file.WriteSegment(&j.encoded); err != nil {
		return err
	}
	if totals.Segments == 0 {
		totals.FirstNS = p.StartNS
	}
	totals.Segments++
	totals.Events += int64(p.Events)
	totals.LastNS = p.EndNS
	if p.Gap.Count > 0 {
		totals.Gaps++
		totals.Lost += p.Gap.Count
		if err := file.WriteGap(p.Gap); err != nil {
			return err
		}
	}
	if p.Index%clockEvery == 0 {
		return file.WriteClock(clockAt(p.EndNS))
	}
	return nil
}
