package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// replaying is one run of the command.
type replaying struct {
	o          replayOptions
	paths      []string
	stderr     io.Writer
	target     *sink.Target
	programs   []*filter.Program // of the inputs
	inputs     []play.Input
	sizes      []deliver.CheckpointInput
	checkpoint *deliver.Checkpoint // nil without --checkpoint
	resumed    bool
	mu         sync.Mutex // for status: deliveries and failures are told from two goroutines
	status     *statusLine
}

func runReplay(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, o replayOptions, paths []string) error {
	r := &replaying{o: o, paths: paths, stderr: stderr, status: newStatusLine(stderr)}
	defer r.status.clear()
	if err := r.check(); err != nil {
		return err
	}
	if err := r.loadCheckpoint(); err != nil || r.checkpoint != nil && r.checkpoint.Done {
		return err
	}
	defer r.close()
	if err := r.open(stdin); err != nil {
		return err
	}
	s, err := sink.Open(ctx, r.target, &sink.Options{Stdout: stdout, Stderr: stderr, Force: o.Force, Resuming: r.resumed,
		Security: o.Security, Recorder: "sendmsgrec " + buildVersion().Version, Stream: fmt.Sprint(r.records()), Filters: r.filters()})
	if err != nil {
		return replayUsage(err)
	}
	started := time.Now()
	p, err := r.run(ctx, s)
	if p == nil {
		return err
	}
	r.status.clear()
	where := stdout
	if r.target.Scheme == "-" || !o.JSON {
		where = stderr
	}
	report := newReplayReport(r, p, time.Since(started))
	if o.JSON {
		report.Error = errorText(err)
		if werr := writeJSON(where, report); err == nil {
			err = werr
		}
	} else {
		report.write(where)
	}
	for i, program := range r.programs {
		if werr := r.o.Select.report(stderr, r.inputs[i].Name, program); err == nil {
			err = werr
		}
	}
	return r.judge(p, err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// check finds what is wrong with the flags alone.
func (r *replaying) check() error {
	o := &r.o
	if o.To == "" {
		return usageErrorf("where to? Give --to URL, for example --to - or --to file:events.jsonl")
	}
	var err error
	if r.target, err = o.sendOptions.target(); err != nil {
		return err
	}
	if _, err := deliver.ParsePolicy(o.Policy); err != nil {
		return usageErrorf("--policy: %w", err)
	}
	stdins := 0
	for _, path := range r.paths {
		if path == "-" {
			stdins++
		}
	}
	switch {
	case stdins > 1:
		return usageErrorf("standard input can be one of the recordings only")
	case o.Loops < 1 || o.Window <= 0 || o.Pace.MaxGap < 0:
		return usageErrorf("--loop and --window must be more than 0, --max-gap not less")
	case stdins > 0 && o.Loops > 1:
		return usageErrorf("standard input cannot be replayed twice; give a file")
	case stdins > 0 && o.Checkpoint != "":
		return usageErrorf("a replay of standard input cannot be resumed; give a file")
	case o.Resume && o.Checkpoint == "":
		return usageErrorf("--resume needs --checkpoint FILE")
	}
	return nil
}

// loadCheckpoint reads the checkpoint that --resume goes on from.
func (r *replaying) loadCheckpoint() error {
	if r.o.Checkpoint == "" {
		return nil
	}
	known, err := deliver.LoadCheckpoint(r.o.Checkpoint)
	switch {
	case errors.Is(err, deliver.ErrNoCheckpoint):
		r.checkpoint = &deliver.Checkpoint{}
		return nil
	case err != nil:
		return err
	case !r.o.Resume:
		return usageErrorf("%s exists; --resume goes on from it, or remove it to begin again", r.o.Checkpoint)
	}
	r.checkpoint, r.resumed = known, true
	if known.Done {
		fmt.Fprintf(r.stderr, "sendmsgrec: %s: this replay is complete: %s records were delivered\n",
			r.o.Checkpoint, grouped(known.Position.Records))
	}
	return nil
}

// open opens the recordings and finds what the flags mean for them.
func (r *replaying) open(stdin io.Reader) error {
	for i, path := range r.paths {
		limit := int64(-1)
		if r.resumed && i < len(r.checkpoint.Inputs) {
			limit = r.checkpoint.Inputs[i].SizeBytes
		}
		reader, grown, err := openPart(path, stdin, limit)
		if err != nil {
			return err
		}
		in := play.Input{Name: path, Input: order.Input{Reader: reader}}
		r.inputs = append(r.inputs, in)
		if grown > 0 {
			fmt.Fprintf(r.stderr, "sendmsgrec: warning: %s has grown by %s bytes since the replay began; they do not belong to it\n", path, grouped(grown))
		}
		r.sizes = append(r.sizes, deliver.CheckpointInput{RecordingID: reader.Header().RecordingID, SizeBytes: reader.Size()})
		if reader.Size() >= 0 {
			if in.Directory, err = order.Scan(reader); err != nil {
				return err
			}
		}
		var summary *segment.Summary
		if in.Directory != nil {
			summary = in.Directory.Summary
		}
		program, bounds, err := r.o.Select.bind(reader.Header(), summary)
		if err != nil {
			return err
		}
		in.FromNS, in.ToNS = bounds.FromNS, bounds.ToNS
		if r.programs = append(r.programs, program); !program.All() || r.o.Select.explain != "" {
			in.Filter = program
		}
		r.inputs[i] = in
	}
	if r.checkpoint == nil {
		return nil
	}
	if r.resumed {
		if words := r.checkpoint.Differences(r.sizes, r.stream()); words != "" {
			return usageErrorf("%s is of another replay: %s", r.o.Checkpoint, words)
		}
		return nil
	}
	r.checkpoint.Inputs, r.checkpoint.Stream = r.sizes, r.stream()
	return nil
}

func (r *replaying) close() {
	for _, in := range r.inputs {
		_ = in.Reader.Close()
	}
}

// stream is what decides about the bytes and where they go.
func (r *replaying) stream() map[string]string {
	m := r.records()
	m["to"], m["format"], m["id"] = r.target.String(), r.o.Format, strconv.FormatBool(r.o.IDs)
	return m
}

// records is what decides which records there are.
func (r *replaying) records() map[string]string {
	return map[string]string{
		"fields": strings.Join(r.o.Fields, ","), "filter": r.o.Select.expression,
		"from": r.o.Select.times.from, "until": r.o.Select.times.to, "loop": strconv.Itoa(r.o.Loops),
	}
}

// filters are the flags that leave out events, as expressions.
func (r *replaying) filters() []string {
	var list []string
	if r.o.Select.filter != nil {
		list = append(list, r.o.Select.filter.String())
	}
	if r.o.Select.times.from != "" {
		list = append(list, "time >= "+r.o.Select.times.from)
	}
	if r.o.Select.times.to != "" {
		list = append(list, "time < "+r.o.Select.times.to)
	}
	return list
}

// run replays to s and closes it. The replay is nil when it could not begin.
func (r *replaying) run(ctx context.Context, s sink.Sink) (p *play.Replay, err error) {
	defer func() {
		err = closeSink(ctx, r.target, s, p, err)
		if err == nil && r.checkpoint != nil {
			r.checkpoint.Done = true
			err = r.checkpoint.Save(r.o.Checkpoint)
		}
	}()
	traits := s.Traits()
	if r.checkpoint != nil && traits.WhyNoCheckpoint != "" {
		return nil, usageErrorf("--checkpoint does not go with %s: %s", r.target, traits.WhyNoCheckpoint)
	}
	o, err := r.o.play()
	if err != nil {
		return nil, err
	}
	if letters := o.Deliver.DeadLetter; letters != nil {
		defer func() {
			if cerr := letters.Close(); err == nil {
				err = cerr
			}
		}()
	}
	o.Inputs, o.Order, o.Pace, o.Loops, o.SHA256 = r.inputs, order.Options{Window: r.o.Window}, r.o.Pace, r.o.Loops, r.o.SHA256
	o.Deliver.Policy, _ = deliver.ParsePolicy(r.o.Policy)
	o.Deliver.Failed = r.failed
	if r.checkpoint != nil {
		if err := r.resume(s, &o); err != nil {
			return nil, err
		}
	}
	if r.status.w != nil {
		o.Progress = func(records int64) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.status.count("replaying to "+r.target.String(), records)
		}
	}
	if p, err = play.New(traits, o); err != nil {
		return nil, usageErrorf("--format: %w", err)
	}
	if err = p.Run(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%s: %w", r.target, err)
	}
	return p, err
}

// resume puts the sink where the checkpoint says, and keeps the checkpoint from
// then on.
func (r *replaying) resume(s sink.Sink, o *play.Options) error {
	positioner, _ := s.(sink.Positioner)
	if r.resumed {
		o.From = r.checkpoint.Position
		if positioner != nil && r.checkpoint.Sink != "" {
			if err := positioner.Resume(r.checkpoint.Sink); err != nil {
				return err
			}
		}
	} else {
		if positioner != nil {
			r.checkpoint.Sink = positioner.Position()
		}
		if err := r.checkpoint.Save(r.o.Checkpoint); err != nil {
			return err
		}
	}
	o.Deliver.Acknowledged = func(p deliver.Position) error {
		if p.Inexact {
			return nil // the last exact one stays: more is sent twice, nothing missed
		}
		r.checkpoint.Position = p
		if positioner != nil {
			r.checkpoint.Sink = positioner.Position()
		}
		return r.checkpoint.Save(r.o.Checkpoint)
	}
	return nil
}

// failed tells of an attempt that has failed.
func (r *replaying) failed(err *sink.Error, attempt int, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.clear()
	fmt.Fprintf(r.stderr, "sendmsgrec: warning: %s: attempt %d: %v; again in %v\n", r.target, attempt, err, wait.Round(time.Millisecond))
}

// judge returns the error that the command ends with.
func (r *replaying) judge(p *play.Replay, err error) error {
	if err != nil {
		return err
	}
	var found error
	if c := p.Report().Delivery; c.Dropped > 0 || c.Refused > 0 {
		found = withCode(exitLoss, fmt.Errorf("%s: %s records dropped, %s refused", r.target, grouped(c.Dropped), grouped(c.Refused)))
	}
	return r.judgeInputs(p, found)
}

// summarizer knows what the inputs hold and lost.
type summarizer interface {
	Summary(i int) (*segment.Summary, []segment.Damage)
}

// judgeInputs returns the error that the command ends with, when found is one
// that does not end it at once, or nil.
func (r *replaying) judgeInputs(p summarizer, found error) error {
	for i, in := range r.inputs {
		summary, corrupt := p.Summary(i)
		if summary == nil {
			continue
		}
		if err := judgeWith(r.stderr, in.Name, summary, corrupt, r.o.FailOnLoss); err != nil {
			if found != nil {
				r.status.clear()
				fmt.Fprintf(r.stderr, "sendmsgrec: %v\n", found)
			}
			found = err
		}
	}
	return found
}
