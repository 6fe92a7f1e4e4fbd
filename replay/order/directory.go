package order

import (
	"cmp"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Directory says what a recording holds and where each part begins in time.
type Directory struct {
	Summary *segment.Summary
	units   []unit // ascending by time, then place in the file
}

// unit is a segment or a notice.
type unit struct {
	minNS int64
	place int64 // in the file: what ties are broken by
	// latestNS is the largest time of events in front of it in the file: most
	// of a segment's events are behind it.
	latestNS int64
	// fromNS: events before were given already.
	fromNS int64
	// notice is nil for a segment. number counts notices of its kind.
	notice segment.Item
	number int64
	// segment is set in a stream, where offsets lead nowhere.
	segment *segment.Segment
}

func compareUnits(x, y unit) int {
	if c := cmp.Compare(x.minNS, y.minNS); c != 0 {
		return c
	}
	return cmp.Compare(x.place, y.place)
}

// Scan reads all record headers of a recording that is no stream.
func Scan(r *segment.Reader) (*Directory, error) {
	d := &Directory{}
	var p placer
	sum := segment.NewSummarizer()
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			d.Summary = sum.Finish(r)
			slices.SortFunc(d.units, compareUnits)
			return d, nil
		}
		if err != nil {
			return nil, err
		}
		sum.Add(item)
		if u, ok := p.place(item); ok {
			u.segment = nil // it is read again by its offset
			d.units = append(d.units, u)
		}
	}
}

// placer gives the items of a file, in file order, their places in time.
type placer struct {
	items   int64
	latest  int64
	begun   bool
	numbers [4]int64 // of gaps, damages, clocks, coverages
}

func (p *placer) place(item segment.Item) (unit, bool) {
	p.items++
	u := unit{place: p.items, latestNS: p.latest, fromNS: math.MinInt64, notice: item}
	kind := 0
	switch it := item.(type) {
	case *segment.Segment:
		if it.Rows == 0 {
			return unit{}, false
		}
		u.notice, u.segment, u.minNS, u.number = nil, it, it.MinTimeNS, it.Offset
		if !p.begun {
			u.latestNS = it.MinTimeNS
		}
		if !p.begun || it.MaxTimeNS > p.latest {
			p.latest = it.MaxTimeNS
		}
		p.begun = true
		return u, true
	case *segment.Gap:
		u.minNS = it.FirstNS
	case *segment.Damage:
		u.minNS, kind = p.latest, 1
	case *segment.Clock:
		u.minNS, kind = it.BoottimeNS, 2
	case *segment.Coverage:
		u.minNS, kind = it.FromNS, 3
	default:
		return unit{}, false
	}
	u.number = p.numbers[kind]
	p.numbers[kind]++
	return u, true
}
