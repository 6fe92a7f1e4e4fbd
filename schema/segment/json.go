package segment

import "encoding/json"

// MarshalJSON gives a gap the keys that it has in every JSON output and in
// Parquet metadata. What is not known (the CPU, the first number) is null.
// Times are CLOCK_BOOTTIME nanoseconds.
func (g Gap) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		CPU        *int   `json:"cpu"`
		Count      int64  `json:"count"`
		Cause      string `json:"cause"`
		FirstSeq   *int64 `json:"first_seq"`
		FirstNS    int64  `json:"first_ns"`
		LastNS     int64  `json:"last_ns"`
		UpperBound bool   `json:"upper_bound"`
	}{
		known(g.CPU, g.CPU != AllCPUs), g.Count, g.Cause.String(), known(g.FirstSeq, g.FirstSeq >= 0),
		g.FirstNS, g.LastNS, g.UpperBound,
	})
}

// MarshalJSON gives a damage the keys that it has in every JSON output and in
// Parquet metadata; the number of events is null when it is not known.
func (d Damage) MarshalJSON() ([]byte, error) {
	message := "unknown"
	if d.Err != nil {
		message = d.Err.Error()
	}
	return json.Marshal(struct {
		Offset int64  `json:"offset"`
		Size   int64  `json:"size_bytes"`
		Error  string `json:"error"`
		Tail   bool   `json:"tail"`
		Events *int64 `json:"events"`
	}{d.Offset, d.Size, message, d.Tail, known(d.Events, d.Events >= 0)})
}

func known[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}
