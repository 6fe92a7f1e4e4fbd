package main

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/moment"
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

// from0 and to0 are the bounds as packages filter and stats have them: 0 is
// none. Before the moment 0 there is nothing, as there is before -1.
func (b timeBounds) from0() int64 { return max(b.FromNS, 0) }

func (b timeBounds) to0() int64 {
	switch b.ToNS {
	case math.MaxInt64:
		return 0
	case 0:
		return -1
	}
	return b.ToNS
}

// overlaps reports whether any of the times first to last is within.
func (b timeBounds) overlaps(first, last int64) bool { return last >= b.FromNS && first < b.ToNS }

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

// parseMoment returns the moment of CLOCK_BOOTTIME that text names.
func parseMoment(text string, h *segment.Header, s *segment.Summary) (int64, error) {
	m, err := moment.Parse(text)
	if err != nil {
		return 0, err
	}
	return m.BoottimeNS(h, s)
}
