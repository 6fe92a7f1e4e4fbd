package parquet

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/parquet-go/parquet-go/format"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// maxGaps is the number of gaps that the metadata lists: engines read the
// footer whole.
const maxGaps = 10_000

type jsonGap struct {
	CPU         int    `json:"cpu"`
	FirstSeq    int64  `json:"first_seq"`
	Count       int64  `json:"count"`
	Cause       string `json:"cause"`
	FirstTimeNS int64  `json:"first_time_ns"`
	LastTimeNS  int64  `json:"last_time_ns"`
	UpperBound  bool   `json:"upper_bound"`
}

type jsonDamage struct {
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Error  string `json:"error"`
	Events int64  `json:"events"`
	Tail   bool   `json:"tail"`
}

// metadataOf returns the file's key-value metadata, which the package comment
// documents. Events of segments that did not decode count as lost by damage.
func metadataOf(h *segment.Header, r *Result) ([]format.KeyValue, error) {
	s := r.Summary
	lost, byCause := s.Lost, map[string]int64{}
	for cause := segment.CauseRingFull; cause < segment.NumCauses; cause++ {
		byCause[cause.String()] = s.LostByCause[cause]
	}
	gaps, damages := []jsonGap{}, []jsonDamage{}
	for _, g := range s.Gaps[:min(len(s.Gaps), maxGaps)] {
		gaps = append(gaps, jsonGap{g.CPU, g.FirstSeq, g.Count, g.Cause.String(), g.FirstNS, g.LastNS, g.UpperBound})
	}
	for _, d := range s.Damages {
		damages = append(damages, jsonDamage{d.Offset, d.Size, d.Err.Error(), d.Events, d.Tail})
	}
	for _, d := range r.Corrupt {
		damages = append(damages, jsonDamage{d.Offset, d.Size, d.Err.Error(), d.Events, d.Tail})
		lost += d.Events
		byCause[segment.CauseDamaged.String()] += d.Events
	}
	var metadata []format.KeyValue
	for _, kv := range []struct {
		key   string
		value any
	}{
		{"header", h},
		{"recording_id", h.RecordingID},
		{"events", r.Events},
		{"lost", lost},
		{"lost_by_cause", byCause},
		{"gaps", gaps},
		{"gaps_omitted", len(s.Gaps) - len(gaps)},
		{"damages", damages},
		{"complete", s.Complete && len(r.Corrupt) == 0},
		{"unknown_tail", s.UnknownTail},
	} {
		var text string
		switch v := kv.value.(type) {
		case string:
			text = v
		case bool:
			text = strconv.FormatBool(v)
		default:
			b, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("encode metadata %s: %w", kv.key, err)
			}
			text = string(b)
		}
		metadata = append(metadata, format.KeyValue{Key: "sendmsgrec." + kv.key, Value: text})
	}
	return metadata, nil
}
