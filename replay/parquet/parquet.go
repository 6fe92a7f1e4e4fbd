// Package parquet converts a recording to one Parquet file that any engine
// reads fast: every column of the schema under its own name, decoded text
// beside raw values, rows sorted by time in each row group.
//
// # Columns
//
// The order is that of docs/schema.md: each column, followed by the decoded
// fields that `cat --json` prints beside it, under the same names.
//
//   - Numbers are INT32 where the schema says int32 or enum, else INT64.
//   - time_ns and start_time_ns are TIMESTAMP(NANOS, UTC): wall clock, as
//     segment.WallClock interpolates it. The boot-time nanoseconds that all
//     other times of a recording are in stand beside them as time_boottime_ns
//     and start_time_boottime_ns (instead of the text that JSON has).
//   - comm is STRING, its invalid UTF-8 replaced by U+FFFD. Other bytes are
//     plain BYTE_ARRAY with their text beside them.
//   - iov_base and iov_len are LIST of INT64, in the standard three levels.
//   - control_decoded is STRING with a JSON array in it.
//   - Columns are OPTIONAL where the schema says OPT, and decoded fields where
//     there may be nothing to decode; the others are REQUIRED.
//
// # Key-value metadata
//
//	sendmsgrec.header         the recording's header, JSON
//	sendmsgrec.recording_id   UUID
//	sendmsgrec.events         number of rows
//	sendmsgrec.recorded       number of events in the recording
//	sendmsgrec.filter         the expression that selected the rows, empty without one
//	sendmsgrec.lost           number of lost events
//	sendmsgrec.lost_by_cause  JSON object, cause to number
//	sendmsgrec.gaps           JSON array of objects, times in boot-time nanoseconds
//	sendmsgrec.gaps_omitted   number of gaps left out behind the first 10,000
//	sendmsgrec.damages        JSON array of the parts that could not be read
//	sendmsgrec.complete       true or false: ended cleanly, nothing damaged
//	sendmsgrec.unknown_tail   what a crash may have cost, empty when complete
//	sendmsgrec.coverage       JSON array: what was watched when, and the sends
//	                          that no recorded call explains (docs/format.md)
//
// # How it is written
//
// What repeats from event to event stands once in the tables of a segment, so
// the tables' columns become dictionary pages row by row of the table, and
// pages of indexes without looking at a value per event. That is why pages are
// laid out here, with the encodings and the metadata structures of parquet-go,
// and not by its writers, which take a value for every cell.
//
// Each worker owns the memory of one row group; a row group is whole segments
// up to Options.RowGroupEvents events.
package parquet

import (
	"errors"
	"io"
	"math"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say how to convert. The zero value of a field means its default.
type Options struct {
	// RowGroupEvents is the number of events up to which a row group takes
	// segments, 98,304 by default.
	RowGroupEvents int
	// Workers is the number of row groups that are encoded at once, 2 by
	// default.
	Workers int
	// Program selects the events that are converted; nil converts all. Of the
	// tables only the rows of selected events are in the file.
	Program *filter.Program
	// CreatedBy names the writing program in the file, "sendmsgrec" by default.
	CreatedBy string
}

const (
	defaultRowGroupEvents = 96 << 10
	defaultWorkers        = 2
	// maxRowGroupBytes bounds the decoded segments of a row group of more than
	// one segment.
	maxRowGroupBytes = 64 << 20
)

// Result is what was converted.
type Result struct {
	Events    int64 // rows written
	RowGroups int
	Bytes     int64 // of the file
	Summary   *segment.Summary
	// Corrupt are segments with a column that does not decode. Their events
	// are not in the file; Summary knows nothing of them.
	Corrupt []segment.Damage
}

// Convert reads r, which must be at its start, and writes a Parquet file to w.
// What cannot be read is in the result and in the file's metadata and is no
// error. After an error what was written to w is no Parquet file.
//
// Of a stream, wall time is interpolated between the clock records that come
// before an event's row group is full; of a file, between all.
func Convert(r *segment.Reader, w io.Writer, o Options) (*Result, error) {
	if o.RowGroupEvents <= 0 {
		o.RowGroupEvents = defaultRowGroupEvents
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.CreatedBy == "" {
		o.CreatedBy = "sendmsgrec"
	}
	if o.Program == nil {
		var everything *filter.Filter
		var err error
		if o.Program, err = everything.Bind(filter.Recording{}); err != nil {
			return nil, err
		}
	}
	c := &conversion{r: r, o: o, out: newFileWriter(w, leaves), eval: o.Program.Evaluator(r.NewDecoder())}
	if err := c.run(); err != nil {
		return nil, err
	}
	return &c.result, nil
}

// conversion is one run of Convert, in the goroutine of its caller.
type conversion struct {
	r   *segment.Reader
	o   Options
	out *fileWriter
	// eval counts the selected events of segments, for row groups of the right
	// size; the workers find out again which these are.
	eval    *filter.Evaluator
	scratch segment.Block
	clocks  []segment.Clock
	// summarizer is for streams, which cannot be read twice.
	summarizer *segment.Summarizer
	result     Result
}

// job is a row group on its way through a worker.
type job struct {
	segments []*segment.Segment
	wall     *segment.WallClock
	group    rowGroup
	corrupt  []segment.Damage
	err      error
	done     chan struct{}
}

func (c *conversion) run() error {
	if err := c.start(); err != nil {
		return err
	}
	todo := make(chan *job)
	finished := make(chan struct{})
	for range c.o.Workers {
		go func() {
			defer func() { finished <- struct{}{} }()
			e := newEncoder(c.r, c.o.Program)
			for j := range todo {
				e.encode(j)
				j.done <- struct{}{}
			}
		}()
	}
	err := c.convert(todo)
	close(todo)
	for range c.o.Workers {
		<-finished
	}
	if err != nil {
		return err
	}
	return c.finish()
}

// start reads the clocks of all of the file, when it can be read twice.
func (c *conversion) start() error {
	if c.r.Size() < 0 {
		c.summarizer = segment.NewSummarizer()
		return nil
	}
	s, err := segment.Summarize(c.r)
	if err != nil {
		return err
	}
	c.result.Summary, c.clocks = s, s.Clocks
	return c.r.SeekTime(math.MinInt64)
}

// convert hands row groups to the workers and writes them in order. One more
// than there are workers is under way.
func (c *conversion) convert(todo chan<- *job) error {
	ring := make([]*job, c.o.Workers+1)
	for i := range ring {
		ring[i] = &job{done: make(chan struct{}, 1)}
	}
	submitted, written := 0, 0
	for ended := false; ; {
		if !ended && submitted-written < len(ring) {
			j := ring[submitted%len(ring)]
			var err error
			if ended, err = c.gather(j); err != nil {
				return err
			}
			if len(j.segments) > 0 {
				todo <- j
				submitted++
			}
			continue
		}
		if written == submitted {
			return nil
		}
		j := ring[written%len(ring)]
		written++
		<-j.done
		if err := c.write(j); err != nil {
			return err
		}
	}
}

// gather reads the segments of the next row group into j and reports whether
// they are the last. A row group ends with the segment that fills it.
func (c *conversion) gather(j *job) (ended bool, err error) {
	j.segments, j.corrupt, j.err = j.segments[:0], nil, nil
	rows, bytes := 0, int64(0)
	defer func() { j.wall = segment.NewWallClock(c.r.Header(), c.clocks) }()
	for rows < c.o.RowGroupEvents && bytes < maxRowGroupBytes {
		item, err := c.r.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		if c.summarizer != nil {
			c.summarizer.Add(item)
			c.clocks = appendClock(c.clocks, item)
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		selected, err := c.selected(s)
		if err != nil {
			return true, err
		}
		if selected > 0 {
			j.segments = append(j.segments, s)
			rows += selected
			bytes += s.RawBytes*int64(selected)/int64(s.Rows) + c.held(s)
		}
	}
	return false, nil
}

// held returns about what a segment takes in memory until it is decoded: of a
// stream all its data, of a file the header.
func (c *conversion) held(s *segment.Segment) int64 {
	if c.summarizer != nil {
		return s.Size
	}
	return s.Size - s.DataBytes()
}

// selected returns how many events of a segment are selected; all of one that
// does not decode, which a worker will find out.
func (c *conversion) selected(s *segment.Segment) (int, error) {
	selected, err := c.eval.Select(s, &c.scratch)
	var corrupt *segment.CorruptError
	if errors.As(err, &corrupt) {
		return s.Rows, nil
	}
	if err != nil {
		return 0, err
	}
	return selected.Len(), nil
}

func appendClock(clocks []segment.Clock, item segment.Item) []segment.Clock {
	switch v := item.(type) {
	case *segment.Clock:
		return append(clocks, *v)
	case *segment.End:
		return append(clocks, v.Clock)
	}
	return clocks
}

func (c *conversion) write(j *job) error {
	if j.err != nil {
		return j.err
	}
	c.result.Corrupt = append(c.result.Corrupt, j.corrupt...)
	if j.group.rows == 0 {
		return nil
	}
	c.result.Events += int64(j.group.rows)
	c.result.RowGroups++
	return c.out.writeRowGroup(&j.group)
}

func (c *conversion) finish() error {
	if c.summarizer != nil {
		c.result.Summary = c.summarizer.Finish(c.r)
	}
	metadata, err := metadataOf(c.r.Header(), c.o.Program.String(), &c.result)
	if err != nil {
		return err
	}
	if err := c.out.close(c.result.Events, metadata, c.o.CreatedBy); err != nil {
		return err
	}
	c.result.Bytes = c.out.offset
	return nil
}
