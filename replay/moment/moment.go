// Package moment reads moments of a recording as people write them on the
// command line and in filters:
//
//	2026-01-31T10:00:00.5Z  wall-clock time, RFC 3339
//	+1.5s                   so long after the start of the recording
//	-2s                     so long before its end
//	3600123456789           nanoseconds of CLOCK_BOOTTIME, as in time_ns
package moment

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Errors that callers show.
var (
	ErrSyntax = errors.New("not a moment; examples: 2026-01-31T10:00:00Z, +1.5s, -2s, 3600123456789")
	// ErrNoEnd is about a moment that counts from the end of a stream.
	ErrNoEnd = errors.New("the end of a pipe is not known in advance; give a file")
)

// base is what a moment's nanoseconds count from.
type base uint8

const (
	boot base = iota
	start
	end
	unix
)

// Moment is a moment of any recording.
type Moment struct {
	base base
	ns   int64 // after the base; before it for end
}

// Parse reads a moment; the error is ErrSyntax.
func Parse(text string) (Moment, error) {
	if text == "" {
		return Moment{}, ErrSyntax
	}
	if ns, err := strconv.ParseInt(text, 10, 64); err == nil && ns >= 0 && text[0] != '+' {
		return Moment{boot, ns}, nil
	}
	if text[0] == '+' || text[0] == '-' {
		d, err := time.ParseDuration(text[1:])
		if err != nil || strings.HasPrefix(text[1:], "-") {
			return Moment{}, ErrSyntax
		}
		if text[0] == '+' {
			return Moment{start, int64(d)}, nil
		}
		return Moment{end, int64(d)}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return Moment{}, ErrSyntax
	}
	return Moment{unix, t.UnixNano()}, nil
}

// BoottimeNS returns the moment of CLOCK_BOOTTIME that m is in a recording,
// whose header is h. s is nil for a stream, whose end is not known: ErrNoEnd.
func (m Moment) BoottimeNS(h *segment.Header, s *segment.Summary) (int64, error) {
	switch m.base {
	case start:
		return StartNS(h, s) + m.ns, nil
	case end:
		if s == nil {
			return 0, ErrNoEnd
		}
		return EndNS(s) - m.ns, nil
	case unix:
		var clocks []segment.Clock
		if s != nil {
			clocks = s.Clocks
		}
		return boottimeOf(segment.NewWallClock(h, clocks), m.ns, StartNS(h, s)), nil
	}
	return m.ns, nil
}

// StartNS is when the recording started; the header has it unless it is
// damaged. s may be nil.
func StartNS(h *segment.Header, s *segment.Summary) int64 {
	if h.Start.BoottimeNS == 0 && s != nil {
		return s.FirstTimeNS
	}
	return h.Start.BoottimeNS
}

// EndNS is when the recording ended, as far as the file says.
func EndNS(s *segment.Summary) int64 {
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
