package record

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// ErrAccount says that the numbers of events counted on the two sides of the
// rings do not agree: a defect of the recorder.
var ErrAccount = errors.New("the account of events does not balance")

// The reasons for an end that the End record may state, beside those of
// failures.
const (
	ReasonSignal    = "signal" // SIGINT or SIGTERM
	ReasonSink      = "sink"   // which has failed, and there is no file
	reasonDuration  = "duration"
	reasonMaxEvents = "max-events"
	reasonCommand   = "command-exit"
)

// Recorder records one source into one output. A killed recorder leaves a
// file whose records are whole but for the last; events that returned longer
// than Options.FlushInterval before are in it.
type Recorder struct {
	src      Source
	out      *Output
	writer   *segment.Writer
	o        Options
	header   *segment.Header
	reason   atomic.Pointer[string]
	status   atomic.Pointer[int]
	stopped  chan struct{}
	progress progress
	writeErr atomic.Pointer[error]
	pipeline *pipeline
}

// progress is what the status line shows.
type progress struct {
	taken, lost atomic.Int64
}

// Progress is the state of a running recording.
type Progress struct {
	Events    int64 // taken out of the rings to be recorded
	Lost      int64 // known so far
	Written   int64 // events in the file
	FileBytes int64
	RawBytes  int64 // what the written segments' columns take in memory
}

// New writes the header, completed with format, limits and clocks, and what the
// source watches, to out, which may be nil, and to the spill where Options have
// one. The recording begins with Run. The caller closes out.
func New(src Source, out *Output, h *segment.Header, o Options) (*Recorder, error) {
	r := &Recorder{src: src, out: out, header: h, o: o.withDefaults(), stopped: make(chan struct{})}
	h.Start = r.o.Clock.Read()
	h.Limits.SegmentEvents = r.o.SegmentEvents
	h.Limits.SegmentBytes = r.o.SegmentBytes
	h.Limits.FlushInterval = r.o.FlushInterval
	if h.RecordingID == "" {
		h.RecordingID = uuid.NewString()
	}
	id, err := uuid.Parse(h.RecordingID)
	if err != nil {
		return nil, fmt.Errorf("recording id %q: %w", h.RecordingID, err)
	}
	if out != nil {
		if r.writer, err = segment.NewWriter(out, h); err != nil {
			return nil, err
		}
	}
	if r.o.Spill != nil {
		if err := r.o.Spill.Begin(h); err != nil {
			return nil, err
		}
	}
	if err := r.writeCoverage(0); err != nil {
		return nil, err
	}
	r.pipeline = newPipeline(out, r.writer, id, src.CPUs(), &r.o, r.failed)
	return r, nil
}

// Stop ends the recording in order, from any goroutine. The first reason given
// is the one that the file states.
func (r *Recorder) Stop(reason string) {
	if r.reason.CompareAndSwap(nil, &reason) {
		close(r.stopped)
	}
}

// CommandEnded ends the recording, because the recorded command has ended
// with this exit status.
func (r *Recorder) CommandEnded(status int) {
	r.status.Store(&status)
	r.Stop(reasonCommand)
}

// Stopped is closed when the recording has begun to end.
func (r *Recorder) Stopped() <-chan struct{} { return r.stopped }

// failed is called by the pipeline when writing has failed.
func (r *Recorder) failed(err error) {
	r.writeErr.CompareAndSwap(nil, &err)
	r.Stop("write-error")
}

// Progress returns the present state; from any goroutine.
func (r *Recorder) Progress() Progress {
	return Progress{
		Events:    r.progress.taken.Load(),
		Lost:      r.progress.lost.Load(),
		Written:   r.pipeline.recorded.Load(),
		FileBytes: r.fileBytes(),
		RawBytes:  r.pipeline.rawBytes.Load(),
	}
}

func (r *Recorder) fileBytes() int64 {
	if r.out == nil {
		return 0
	}
	return r.out.Size()
}

// Run records until Stop, or until Options end it, drains what the kernel
// still holds, completes the file and syncs it. It can be called once. The
// summary is given with an error too: of the source, of writing, or
// ErrAccount.
func (r *Recorder) Run() (*Summary, error) {
	began, cpu := time.Now(), cpuTime()
	r.pipeline.start(&r.o)
	d := newDrain(r.src, &r.o, r.pipeline, r.Stop, &r.progress)
	prioritized, ended := make(chan struct{}), make(chan error)
	go func() {
		// The drain must not wait for a thread or a processor while the rings
		// fill up. Never unlocked, the thread ends with the goroutine.
		runtime.LockOSThread()
		prioritize()
		close(prioritized)
		ended <- d.run(func() bool { return r.reason.Load() != nil })
	}()
	<-prioritized
	var errs []error
	if r.o.Started != nil {
		if err := r.o.Started(); err != nil {
			errs = append(errs, err)
			r.Stop("error")
		}
	}
	errs = append(errs, <-ended)
	err := r.pipeline.finish()

	end := segment.End{Clock: r.o.Clock.Read(), Reason: *r.reason.Load(), CommandStatus: r.status.Load()}
	if d.left == 0 && (end.Reason == reasonCommand || end.Reason == ReasonSignal) {
		// The drain found the limit only after the command had ended; it is the
		// limit that made the recording end where it does.
		end.Reason = reasonMaxEvents
	}
	d.final(&end.Counters)
	if r.writer == nil {
		end.Counters = withoutDropped(end.Counters, r.pipeline.dropped)
	}
	switch syncErr := r.writeErr.Load(); {
	case err != nil:
		errs = append(errs, err)
	case syncErr != nil:
		errs = append(errs, *syncErr)
	default:
		errs = append(errs, r.complete(&end, d.detachedNS))
	}
	if r.o.Spill != nil {
		r.o.Spill.End()
	}
	complete := errors.Join(errs...) == nil
	for _, defect := range d.defects {
		errs = append(errs, fmt.Errorf("%w: %s", ErrAccount, defect))
	}
	s := r.summarize(&end, d)
	s.Complete = complete
	s.Seconds = time.Since(began).Seconds()
	s.CPUSeconds = (cpuTime() - cpu).Seconds()
	return s, errors.Join(errs...)
}

// complete ends the file, and the spill but for its End.
func (r *Recorder) complete(end *segment.End, detachedNS int64) error {
	if err := r.writeCoverage(detachedNS); err != nil || r.writer == nil {
		return err
	}
	if err := r.writer.Close(end); err != nil {
		return err
	}
	return r.out.Sync()
}
