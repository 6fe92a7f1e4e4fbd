package main

import (
	"errors"
	"io"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// itemReader reads the items of a recording and, when it is a stream, adds up
// its summary as it goes.
type itemReader struct {
	r       *segment.Reader
	summary *segment.Summary    // nil for a stream until its end
	adding  *segment.Summarizer // nil for a file
	clocks  []segment.Clock
}

func newItemReader(r *segment.Reader, s *segment.Summary) *itemReader {
	if s != nil {
		return &itemReader{r: r, summary: s, clocks: s.Clocks}
	}
	return &itemReader{r: r, adding: segment.NewSummarizer()}
}

func (i *itemReader) wallClock() *segment.WallClock {
	return segment.NewWallClock(i.r.Header(), i.clocks)
}

func (i *itemReader) next() (segment.Item, error) {
	item, err := i.r.Next()
	switch {
	case i.adding == nil:
	case err == nil:
		i.adding.Add(item)
		if c, ok := item.(*segment.Clock); ok {
			i.clocks = append(i.clocks, *c)
		}
	case errors.Is(err, io.EOF) && i.summary == nil:
		i.summary = i.adding.Finish(i.r)
	}
	return item, err
}

// tail reads to the end and returns a function that gives the last items
// again, from the first segment that has one of the last n selected events, and
// how many selected events before these to skip. A segment that cannot be read
// is among the items: printing it tells.
func (i *itemReader) tail(eval *filter.Evaluator, n int64) (next func() (segment.Item, error), skip int64, err error) {
	type counted struct {
		item segment.Item
		rows int64
	}
	var kept []counted
	var rows int64
	var scratch segment.Block
	for {
		item, err := i.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		c := counted{item: item}
		if s, ok := item.(*segment.Segment); ok {
			selected, err := eval.Select(s, &scratch)
			if err != nil && asCorrupt(s, err) == nil {
				return nil, 0, err
			}
			if err == nil {
				if c.rows = int64(selected.Len()); c.rows == 0 {
					continue
				}
			}
		}
		kept = append(kept, c)
		rows += c.rows
		for len(kept) > 0 && rows-kept[0].rows >= n {
			rows -= kept[0].rows
			kept[0] = counted{}
			kept = kept[1:]
		}
	}
	next = func() (segment.Item, error) {
		if len(kept) == 0 {
			return nil, io.EOF
		}
		item := kept[0].item
		kept = kept[1:]
		return item, nil
	}
	return next, max(0, rows-n), nil
}
