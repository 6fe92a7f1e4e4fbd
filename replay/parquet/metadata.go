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

// metadataOf returns the file's key-value metadata, which the package comment
// documents. Events of segments that did not decode count as lost by damage.
func metadataOf(h *segment.Header, filter string, r *Result) ([]format.KeyValue, error) {
	s := r.Summary
	lost, byCause := s.Lost, map[string]int64{}
	for cause := segment.CauseRingFull; cause < segment.NumCauses; cause++ {
		byCause[cause.String()] = s.LostByCause[cause]
	}
	gaps := append([]segment.Gap{}, s.Gaps[:min(len(s.Gaps), maxGaps)]...)
	damages := append([]segment.Damage{}, s.Damages...)
	for _, d := range r.Corrupt {
		damages = append(damages, d)
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
		{"recorded", s.Events},
		{"filter", filter},
		{"lost", lost},
		{"lost_by_cause", byCause},
		{"gaps", gaps},
		{"gaps_omitted", len(s.Gaps) - len(gaps)},
		{"damages", damages},
		{"complete", s.Complete && len(r.Corrupt) == 0},
		{"unknown_tail", s.UnknownTail},
		{"coverage", append([]segment.Coverage{}, s.Coverage...)},
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
