package record

import (
	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// coverage returns what the source watches, from a moment on and, when the
// recording has ended, up to another.
func (r *Recorder) coverage(from, to int64) *segment.Coverage {
	c := &segment.Coverage{FromNS: from, ToNS: to}
	for _, w := range r.src.Ways() {
		c.Ways = append(c.Ways, segment.Way{Path: w.Path, ABI: w.ABI, Call: w.Call, Hooks: w.Hooks, Why: w.Why})
	}
	s := r.src.Sends()
	c.Unexplained = unexplained(&s)
	return c
}

// unexplained keeps as many processes as the format allows.
func unexplained(s *bpf.Sends) segment.Unexplained {
	u := segment.Unexplained{Counted: s.Counted, Why: s.Why, Sends: int64(s.Total),
		Unexplained: int64(s.Unexplained), Others: int64(s.Others)}
	for i, p := range s.Processes {
		if i >= segment.MaxUnexplainedProcesses {
			u.Others += int64(p.Sends)
			continue
		}
		u.Processes = append(u.Processes, segment.UnexplainedProcess{
			PID: int64(p.PID), Comm: p.Comm, Sends: int64(p.Sends), Bytes: int64(p.Bytes)})
	}
	return u
}

// writeCoverage writes what has been watched since the start, to the file and
// to the spill.
func (r *Recorder) writeCoverage(to int64) error {
	c := r.coverage(r.header.Start.BoottimeNS, to)
	if r.o.Spill != nil {
		r.o.Spill.Coverage(c)
	}
	if r.writer == nil {
		return nil
	}
	return r.writer.WriteCoverage(c)
}
