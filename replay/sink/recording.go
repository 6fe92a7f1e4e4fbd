package sink

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// recording writes another recording, which appears under its name when it is
// complete.
//
// It holds what was sent and nothing else: its tables have only rows that its
// events refer to, and its sequence numbers count its own events, so that not
// even the number of those that were left out shows. So an event has another id
// than in the recording that it comes from; the new recording's own id follows
// from the old ones and the flags, and the same replay makes the same file.
type recording struct {
	path    string
	force   bool
	stream  string
	filters []string
	program string
	temp    *os.File
	buffer  *bufio.Writer
	w       *segment.Writer
	enc     *segment.Encoder
	encoded segment.Encoded
	block   segment.Block
	copier  rows.Copier
	cpus    map[int]*recordedCPU
	first   map[int]int64 // seq of each CPU's first event in block
	start   segment.Clock
	lastNS  int64
	err     error
}

// recordedCPU is the account of one CPU.
type recordedCPU struct {
	next, events int64
	lost         [segment.NumCauses]int64
}

// openRecording is for smr:PATH.
func openRecording(_ context.Context, t *Target, o *Options) (Sink, error) {
	if t.Rest == "" {
		return nil, usageErrorf("smr: needs a path behind it, as in smr:part.smr")
	}
	info, err := os.Lstat(t.Rest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("exists and is no regular file")
	case !o.Force:
		return nil, errors.New("exists; --force replaces it")
	}
	temp, err := os.CreateTemp(filepath.Dir(t.Rest), "."+filepath.Base(t.Rest)+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	s := &recording{path: t.Rest, force: o.Force, stream: o.Stream, filters: o.Filters, program: o.Recorder, temp: temp,
		buffer: bufio.NewWriterSize(temp, 1<<20), cpus: map[int]*recordedCPU{}, first: map[int]int64{}}
	s.copier.Reset(&s.block)
	return s, nil
}

// recordingEvents is the number of events of a full segment.
const recordingEvents = 32768

func (s *recording) Traits() Traits {
	return Traits{Rows: true, MaxRecords: recordingEvents / 2, WhyNoCheckpoint: "the recording appears when it is complete"}
}

func (s *recording) Send(_ context.Context, b *Batch, ack func(error)) {
	if s.err == nil {
		s.err = s.take(b)
	}
	if s.err != nil {
		ack(&Error{Err: s.err, Hint: diskHint(s.err)})
		return
	}
	ack(nil)
}

func (s *recording) take(b *Batch) error {
	if s.w == nil {
		if err := s.begin(b.Sources); err != nil {
			return err
		}
	}
	if b.Events > 0 {
		s.copier.Source(b.Block)
	}
	for i := range b.Records {
		r := &b.Records[i]
		s.lastNS = max(s.lastNS, r.TimeNS)
		if r.Kind == KindEvent {
			s.event(int(r.Row))
			if s.block.Rows[schema.TableEvent] == recordingEvents {
				if err := s.flush(); err != nil {
					return err
				}
				s.copier.Source(b.Block)
			}
			continue
		}
		if err := s.notice(r); err != nil {
			return err
		}
		if b.Events > 0 {
			s.copier.Source(b.Block)
		}
	}
	return nil
}

// begin writes the header: that of the first recording, with an id of its own.
func (s *recording) begin(sources []*Source) error {
	h := *sources[0].Header
	name := s.stream
	for _, source := range sources {
		if source.Header.BootID != h.BootID || len(sources) > 1 && h.BootID == "" {
			return errors.New("recordings of different boots have no common clock to be written with; sendmsgrec stats counts them together without")
		}
		name += "\n" + source.ID.String()
		if source.Header.Start.BoottimeNS < h.Start.BoottimeNS {
			h.Start = source.Header.Start
		}
		h.CPUs = max(h.CPUs, source.Header.CPUs)
		for _, f := range source.Header.Filters {
			if !slices.Contains(h.Filters, f) {
				h.Filters = append(slices.Clone(h.Filters), f)
			}
		}
	}
	h.RecordingID = uuid.NewSHA1(sources[0].ID, []byte(name)).String()
	h.Recorder = s.program
	h.Filters = append(slices.Clone(h.Filters), s.filters...)
	s.start = h.Start
	var err error
	if s.w, err = segment.NewWriter(s.buffer, &h); err != nil {
		return err
	}
	s.enc = segment.NewEncoder(s.w.FileID())
	return nil
}

func (s *recording) cpu(n int) *recordedCPU {
	c := s.cpus[n]
	if c == nil {
		c = &recordedCPU{}
		s.cpus[n] = c
	}
	return c
}

// attempts are the columns that name the first attempt of a restarted call.
var attempts = func() (ids []schema.ColumnID) {
	for _, name := range []string{"attempt_of", "attempt_of_cpu"} {
		if c := schema.ByName(name); c != nil {
			ids = append(ids, c.ID)
		}
	}
	return ids
}()

// event copies an event and gives it the CPU's next number.
func (s *recording) event(row int) {
	to := s.copier.Copy(row)
	n := int(s.block.Cols[schema.ColCPU].Ints[to])
	c := s.cpu(n)
	if _, ok := s.first[n]; !ok {
		s.first[n] = c.next
	}
	s.block.Cols[schema.ColSeq].Ints[to] = c.next
	// The first attempt's number means nothing here.
	for _, id := range attempts {
		s.block.Cols[id].Ints[to] = 0
		s.block.Cols[id].SetNull(to)
	}
	c.next++
	c.events++
}

// flush writes the events as a segment.
func (s *recording) flush() error {
	if s.block.Rows[schema.TableEvent] == 0 {
		return nil
	}
	meta := segment.SegmentMeta{}
	for n, first := range s.first {
		last := s.cpu(n).next - 1
		meta.Ranges = append(meta.Ranges, segment.SeqRange{CPU: n, First: first, Last: last, Count: last - first + 1})
	}
	slices.SortFunc(meta.Ranges, func(x, y segment.SeqRange) int { return x.CPU - y.CPU })
	if err := s.enc.Encode(&s.encoded, &s.block, meta); err != nil {
		return err
	}
	clear(s.first)
	s.copier.Reset(&s.block)
	return s.w.WriteSegment(&s.encoded)
}

// notice writes what is no event. A gap takes numbers of its CPU, as in the
// recording that it comes from.
func (s *recording) notice(r *Record) error {
	switch it := r.Notice.(type) {
	case *segment.Clock:
		return s.w.WriteClock(*it)
	case *segment.Coverage:
		return s.w.WriteCoverage(it)
	case *segment.Damage:
		if it.Events <= 0 {
			return nil // how much is missing is not known, and the input's damage is an error anyway
		}
		return s.gap(segment.Gap{CPU: segment.AllCPUs, FirstSeq: -1, Count: it.Events, Cause: segment.CauseNotWritten, FirstNS: s.lastNS, LastNS: s.lastNS})
	case *segment.Gap:
		return s.gap(*it)
	}
	return nil
}

func (s *recording) gap(g segment.Gap) error {
	c := s.cpu(g.CPU)
	if g.CPU != segment.AllCPUs && g.FirstSeq >= 0 {
		// The hole must not be within a segment's range.
		if err := s.flush(); err != nil {
			return err
		}
		g.FirstSeq = c.next
		c.next += g.Count
	}
	if g.Cause == 0 || g.Cause >= segment.NumCauses {
		g.Cause = segment.CauseNotWritten // one that this build does not know
	}
	c.lost[g.Cause] += g.Count
	return s.w.WriteGap(g)
}

// Abort leaves nothing behind.
func (s *recording) Abort() {
	_ = s.temp.Close()
	_ = os.Remove(s.temp.Name())
}

// Close completes the recording and gives it its name. Without that nothing of
// what was acknowledged is there.
func (s *recording) Close(context.Context) error {
	defer s.Abort() // what is left of the temporary file
	if err := s.complete(); err != nil {
		return &Error{Err: err, Hint: diskHint(err), Repeats: math.MaxInt}
	}
	return nil
}

func (s *recording) complete() error {
	if s.w == nil {
		return errors.New("no recording is written: there was nothing to put into it")
	}
	if err := s.flush(); err != nil {
		return err
	}
	end := &segment.End{Reason: "replay", Clock: s.endClock()}
	end.Counters.TimeNS = s.lastNS
	for n, c := range s.cpus {
		a := segment.CPUCounters{CPU: n, Recorded: c.events, Lost: c.lost, Seen: c.events}
		for _, lost := range c.lost {
			a.Seen += lost
		}
		end.Counters.CPUs = append(end.Counters.CPUs, a)
	}
	slices.SortFunc(end.Counters.CPUs, func(x, y segment.CPUCounters) int { return x.CPU - y.CPU })
	if err := s.w.Close(end); err != nil {
		return err
	}
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	if err := s.temp.Sync(); err != nil {
		return err
	}
	if !s.force {
		// Unlike a rename a link replaces nothing; some file systems have none.
		if err := os.Link(s.temp.Name(), s.path); err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.Rename(s.temp.Name(), s.path)
}

// endClock is the start's, advanced to the last event.
func (s *recording) endClock() segment.Clock {
	c := s.start
	if d := s.lastNS - c.BoottimeNS; c != (segment.Clock{}) && d > 0 {
		c.BoottimeNS += d
		c.RealtimeNS += d
		c.MonotonicNS += d
		c.TAINS += d
	}
	return c
}
