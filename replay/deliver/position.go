package deliver

// Position is a place in the stream that a replay makes of its inputs. The
// stream is a function of the inputs and the flags, so a position is all that
// a resumed replay needs.
type Position struct {
	// Loop counts repetitions, from 0.
	Loop int `json:"loop"`
	// Key is the time (order.Batch.Keys) of the last record before the position,
	// and AtKey how many records before it have that time.
	Key   int64 `json:"key_ns"`
	AtKey int64 `json:"at_key"`
	// Records is the number of records before it, in all loops.
	Records int64 `json:"records"`
	// Inexact: something behind the position has a smaller key. A replay cannot
	// be resumed here.
	Inexact bool `json:"-"`
}

// Advance moves the position over a record with the key.
func (p *Position) Advance(key int64) {
	if p.AtKey == 0 || key != p.Key {
		p.Key, p.AtKey = key, 0
	}
	p.AtKey++
	p.Records++
}

// AdvanceAll moves the position over records with these keys, which are in
// order.
func (p *Position) AdvanceAll(keys []int64) {
	if len(keys) == 0 {
		return
	}
	last := keys[len(keys)-1]
	same := 1
	for same < len(keys) && keys[len(keys)-1-same] == last {
		same++
	}
	if p.AtKey > 0 && p.Key == last && same == len(keys) {
		p.AtKey += int64(same)
	} else {
		p.Key, p.AtKey = last, int64(same)
	}
	p.Records += int64(len(keys))
}
