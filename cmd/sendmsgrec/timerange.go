package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// timeRangeHelp is the part of the long help about --from and --to.
const timeRangeHelp = `--from and --to select events by the time of their entry (time_ns), --from
included, --to not. A moment is one of
` + momentHelp

// momentHelp lists the forms of a moment.
const momentHelp = `
  2026-01-31T10:00:00.5Z  wall-clock time, RFC 3339
  +1.5s                   so long after the start of the recording
  -2s                     so long before its end
  3600123456789           nanoseconds of CLOCK_BOOTTIME, as in time_ns`

// timeRange is the flags --from and --to.
type timeRange struct {
	from, to string
}

func (t *timeRange) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.from, "from", "", "leave out events before this moment")
	cmd.Flags().StringVar(&t.to, "to", "", "leave out events at this moment and later")
}

// timeBounds is FromNS <= time_ns < ToNS, in CLOCK_BOOTTIME.
type timeBounds struct {
	FromNS, ToNS int64
}

var allTimes = timeBounds{math.MinInt64, math.MaxInt64}

// contains reports whether an event of that time_ns is within the bounds.
func (b timeBounds) contains(ns int64) bool { return b.FromNS <= ns && ns < b.ToNS }

// overlaps reports whether any of the times first to last is within.
func (b timeBounds) overlaps(first, last int64) bool { return last >= b.FromNS && first < b.ToNS }

// covers reports whether all of the times first to last are within.
func (b timeBounds) covers(first, last int64) bool { return b.contains(first) && b.contains(last) }

// bounds returns what the flags mean for a recording. s is nil for a stream,
// whose end is not known.
func (t *timeRange) bounds(h *segment.Header, s *segment.Summary) (timeBounds, error) {
	b := allTimes
	var err error
	if t.from != "" {
		if b.FromNS, err = parseMoment(t.from, h, s); err != nil {
			return b, usageErrorf("--from %q: %w", t.from, err)
		}
	}
	if t.to != "" {
		if b.ToNS, err = parseMoment(t.to, h, s); err != nil {
			return b, usageErrorf("--to %q: %w", t.to, err)
		}
	}
	if b.FromNS > b.ToNS {
		return b, usageErrorf("--from %q is behind --to %q", t.from, t.to)
	}
	return b, nil
}

var (
	errMoment = errors.New("not a moment; examples: 2026-01-31T10:00:00Z, +1.5s, -2s, 3600123456789")
	errNoEnd  = errors.New("the end of a pipe is not known in advance; give a file")
)

// parseMoment returns the moment of CLOCK_BOOTTIME that text names.
func parseMoment(text string, h *segment.Header, s *segment.Summary) (int64, error) {
	if ns, err := strconv.ParseInt(text, 10, 64); err == nil && ns >= 0 && text[0] != '+' {
		return ns, nil
	}
	if text[0] == '+' || text[0] == '-' {
		d, err := time.ParseDuration(text[1:])
		if err != nil || strings.HasPrefix(text[1:], "-") {
			return 0, errMoment
		}
		if text[0] == '+' {
			return startNS(h, s) + int64(d), nil
		}
		if s == nil {
			return 0, errNoEnd
		}
		return endNS(s) - int64(d), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, errMoment
	}
	var clocks []segment.Clock
	if s != nil {
		clocks = s.Clocks
	}
	return boottimeOf(segment.NewWallClock(h, clocks), t.UnixNano(), startNS(h, s)), nil
}

// startNS is when the recording started; the header has it unless it is
// damaged.
func startNS(h *segment.Header, s *segment.Summary) int64 {
	if h.Start.BoottimeNS == 0 && s != nil {
		return s.FirstTimeNS
	}
	return h.Start.BoottimeNS
}

// endNS is when the recording ended, as far as the file says.
func endNS(s *segment.Summary) int64 {
	if s.End != nil && s.End.Clock.BoottimeNS != 0 {
		return s.End.Clock.BoottimeNS
	}
	return s.LastTimeNS + 1
}

// boottimeOf inverts WallClock.UnixNS, starting near the moment near. The two
// clocks run at nearly the same rate, so that few steps reach the nanosecond;
// around a step of the wall clock it returns a moment close by.
func boottimeOf(w *segment.WallClock, unixNS, near int64) int64 {
	b := near
	for range 8 {
		d := unixNS - w.UnixNS(b)
		if d == 0 {
			break
		}
		b += d
	}
	return b
}
