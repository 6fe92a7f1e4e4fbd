package stats

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"slices"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// The JSON output. Keys are only added, never renamed; all times and durations
// are nanoseconds, those named _time_ns of CLOCK_BOOTTIME.

type jsonHeader struct {
	RecordingID    string           `json:"recording_id"`
	Host           string           `json:"host"`
	Kernel         string           `json:"kernel"`
	Events         int64            `json:"events"`
	Lost           int64            `json:"lost"`
	LostByCause    map[string]int64 `json:"lost_by_cause"`
	LostUpperBound bool             `json:"lost_upper_bound"`
	Unexplained    int64            `json:"unexplained"`
	Filtered       int64            `json:"filtered"`
	InFlight       int64            `json:"in_flight"`
	Accounted      bool             `json:"accounted"`
	Complete       bool             `json:"complete"`
	UnknownTail    string           `json:"unknown_tail,omitempty"`
	FirstTimeNS    int64            `json:"first_time_ns"`
	LastTimeNS     int64            `json:"last_time_ns"`
	// Filter is what selected the events that Total and the groups count; the
	// other numbers are of the whole recording.
	Filter         string             `json:"filter,omitempty"`
	FromTimeNS     *int64             `json:"from_time_ns,omitempty"`
	ToTimeNS       *int64             `json:"to_time_ns,omitempty"`
	Gaps           []segment.Gap      `json:"gaps"`
	Damages        []segment.Damage   `json:"damages"`
	Coverage       []segment.Coverage `json:"coverage"`
	Missing        int64              `json:"missing"`
	MissingUnknown bool               `json:"missing_unknown"`
	// MixesDirections: sends and receives are counted together.
	MixesDirections bool      `json:"mixes_directions"`
	By              []string  `json:"by"`
	Quantile        string    `json:"quantile"`
	Total           jsonGroup `json:"total"`
}

type jsonGroup struct {
	Key                map[string]any   `json:"key"`
	Other              bool             `json:"other,omitempty"`
	Count              int64            `json:"count"`
	NotReturned        int64            `json:"not_returned"`
	Failed             int64            `json:"failed"`
	Errors             map[string]int64 `json:"errors"`
	RequestedBytes     *big.Int         `json:"requested_bytes"`
	UnreadableRequests int64            `json:"unreadable_requests"`
	SentBytes          *big.Int         `json:"sent_bytes"`
	DurationNS         map[string]any   `json:"duration_ns"`
	// RelativeError bounds the error of the percentiles: 0 is exact.
	RelativeError float64 `json:"relative_error"`
	// Bounds are where the percentiles would lie had no event been missing:
	// [low, high], high null when it can be anything.
	Bounds map[string][2]any `json:"duration_bounds_ns,omitempty"`
}

// WriteJSON writes the result as one JSON object, its groups one a line.
func (r *Result) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	header, err := marshal(r.jsonHeader())
	if err != nil {
		return err
	}
	b.Write(header[:len(header)-1]) // without the closing brace
	b.WriteString(`,"groups":[`)
	separator := "\n"
	for g := range r.Groups() {
		line, err := marshal(r.jsonGroup(g))
		if err != nil {
			return err
		}
		b.WriteString(separator)
		b.Write(line)
		separator = ",\n"
	}
	b.WriteString("\n]}\n")
	return b.Flush() // bufio keeps the first error
}

// marshal is json.Marshal with <, > and & as they are, as filters have them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func (r *Result) jsonHeader() *jsonHeader {
	s := r.Summary
	h := &jsonHeader{
		RecordingID: r.Header.RecordingID, Host: r.Header.Host, Kernel: r.Header.Kernel,
		Events: s.Events, Lost: s.Lost, LostByCause: map[string]int64{}, LostUpperBound: s.LostUpperBound,
		Unexplained: s.Unexplained, Filtered: s.Filtered, InFlight: s.InFlight, Accounted: s.Accounted,
		Complete: s.Complete, UnknownTail: s.UnknownTail,
		FirstTimeNS: s.FirstTimeNS, LastTimeNS: s.LastTimeNS,
		Gaps: append([]segment.Gap{}, s.Gaps...), Damages: slices.Concat([]segment.Damage{}, s.Damages, r.Loss.Corrupt),
		Coverage: append([]segment.Coverage{}, s.Coverage...),
		Missing:  r.Loss.Missing, MissingUnknown: r.Loss.Unknown,
		MixesDirections: r.MixesDirections(), By: []string{}, Quantile: "nearest_rank", Total: r.jsonGroup(r.Total()),
	}
	h.Filter = r.Options.Program.String()
	if r.Options.FromNS != 0 {
		h.FromTimeNS = &r.Options.FromNS
	}
	if r.Options.ToNS != 0 {
		h.ToTimeNS = &r.Options.ToNS
	}
	for _, f := range r.By {
		h.By = append(h.By, f.Name)
	}
	for cause := segment.CauseRingFull; cause < segment.NumCauses; cause++ {
		h.LostByCause[cause.String()] = s.LostByCause[cause]
	}
	return h
}

func (r *Result) jsonGroup(g *Group) jsonGroup {
	j := jsonGroup{
		Key: map[string]any{}, Other: g.Other, Count: g.Count, NotReturned: g.Count - g.Timed, Failed: g.Failed,
		Errors: map[string]int64{}, RequestedBytes: g.RequestedBytes,
		UnreadableRequests: g.UnreadableRequests, SentBytes: g.SentBytes, RelativeError: g.RelativeError,
	}
	if !g.Other {
		for i, v := range g.Key {
			r.By[i].addJSON(j.Key, v)
		}
	}
	for _, e := range g.Errors {
		j.Errors[e.Name()] += e.Count
	}
	if g.Timed == 0 {
		return j
	}
	j.DurationNS = map[string]any{"min": g.MinNS, "mean": g.MeanNS, "max": g.MaxNS}
	for _, q := range g.Quantiles {
		j.DurationNS[q.Name] = q.NS
	}
	if g.Missing > 0 {
		j.Bounds = map[string][2]any{}
		for _, q := range g.Quantiles {
			bound := [2]any{q.LowNS, nil}
			if q.HighNS != Unbounded {
				bound[1] = q.HighNS
			}
			j.Bounds[q.Name] = bound
		}
	}
	return j
}
