package stats

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// The JSON output. Keys are only added, never renamed; all times and durations
// are nanoseconds, those named _time_ns of CLOCK_BOOTTIME.

type jsonHeader struct {
	// What recordings do not have in common is empty.
	RecordingID string `json:"recording_id"`
	Host        string `json:"host"`
	Kernel      string `json:"kernel"`
	jsonAccount
	// Filter is what selected the events that Total and the groups count; the
	// numbers of jsonAccount are of the whole recordings.
	Filter     string          `json:"filter,omitempty"`
	Recordings []jsonRecording `json:"recordings"`
	// MixesDirections: sends and receives are counted together.
	MixesDirections bool      `json:"mixes_directions"`
	By              []string  `json:"by"`
	Quantile        string    `json:"quantile"`
	Total           jsonGroup `json:"total"`
}

// jsonRecording is one of several recordings, or the only one.
type jsonRecording struct {
	RecordingID string  `json:"recording_id"`
	File        string  `json:"file"`
	Host        string  `json:"host"`
	Kernel      string  `json:"kernel"`
	BootID      string  `json:"boot_id"`
	StartTime   *string `json:"start_time"` // wall-clock time, RFC 3339
	Count       int64   `json:"count"`      // of its events in Total
	jsonAccount
}

// jsonAccount is what a recording, or all together, hold and lack.
type jsonAccount struct {
	Events         int64              `json:"events"`
	Lost           int64              `json:"lost"`
	LostByCause    map[string]int64   `json:"lost_by_cause"`
	LostUpperBound bool               `json:"lost_upper_bound"`
	Unexplained    int64              `json:"unexplained"`
	Filtered       int64              `json:"filtered"`
	InFlight       int64              `json:"in_flight"`
	Accounted      bool               `json:"accounted"`
	Complete       bool               `json:"complete"`
	UnknownTail    string             `json:"unknown_tail,omitempty"`
	FirstTimeNS    int64              `json:"first_time_ns"`
	LastTimeNS     int64              `json:"last_time_ns"`
	FromTimeNS     int64              `json:"from_time_ns,omitempty"`
	ToTimeNS       int64              `json:"to_time_ns,omitempty"`
	Gaps           []segment.Gap      `json:"gaps"`
	Damages        []segment.Damage   `json:"damages"`
	Coverage       []segment.Coverage `json:"coverage"`
	Missing        int64              `json:"missing"`
	MissingUnknown bool               `json:"missing_unknown"`
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
	all := r.Recordings
	h := &jsonHeader{
		RecordingID: shared(all, func(one *Recording) string { return one.ID }),
		Host:        shared(all, func(one *Recording) string { return one.Host }),
		Kernel:      shared(all, func(one *Recording) string { return one.Kernel }),
		jsonAccount: account(r.Summary, &r.Loss), Filter: r.filter(), Recordings: []jsonRecording{},
		MixesDirections: r.MixesDirections(), By: []string{}, Quantile: "nearest_rank", Total: r.jsonGroup(r.Total()),
	}
	h.FromTimeNS = shared(all, func(one *Recording) int64 { return one.FromNS })
	h.ToTimeNS = shared(all, func(one *Recording) int64 { return one.ToNS })
	for i := range all {
		h.Recordings = append(h.Recordings, all[i].json())
	}
	for _, f := range r.By {
		h.By = append(h.By, f.Name)
	}
	return h
}

func (r *Recording) json() jsonRecording {
	j := jsonRecording{
		RecordingID: r.ID, File: r.Name, Host: r.Host, Kernel: r.Kernel, BootID: r.BootID,
		Count: r.Count, jsonAccount: account(r.Summary, &r.Loss),
	}
	j.FromTimeNS, j.ToTimeNS = r.FromNS, r.ToNS
	if r.Start != (segment.Clock{}) {
		start := time.Unix(0, r.Start.RealtimeNS).UTC().Format(time.RFC3339Nano)
		j.StartTime = &start
	}
	return j
}

func account(s *segment.Summary, l *Loss) jsonAccount {
	a := jsonAccount{
		Events: s.Events, Lost: s.Lost, LostByCause: map[string]int64{}, LostUpperBound: s.LostUpperBound,
		Unexplained: s.Unexplained, Filtered: s.Filtered, InFlight: s.InFlight, Accounted: s.Accounted,
		Complete: s.Complete, UnknownTail: s.UnknownTail,
		FirstTimeNS: s.FirstTimeNS, LastTimeNS: s.LastTimeNS,
		Gaps: append([]segment.Gap{}, s.Gaps...), Damages: append(append([]segment.Damage{}, s.Damages...), l.Corrupt...),
		Coverage: append([]segment.Coverage{}, s.Coverage...),
		Missing:  l.Missing, MissingUnknown: l.Unknown,
	}
	for cause := segment.CauseRingFull; cause < segment.NumCauses; cause++ {
		a.LostByCause[cause.String()] = s.LostByCause[cause]
	}
	return a
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
