package segment

import (
	"encoding/json"
	"testing"
)

func TestNoticesAsJSON(t *testing.T) {
	for _, c := range []struct {
		name   string
		notice any
		want   string
	}{
		{"a gap of one CPU", Gap{CPU: 1, FirstSeq: 7, Count: 3, Cause: CauseRingFull, FirstNS: 10, LastNS: 20},
			`{"cpu":1,"count":3,"cause":"ring_full","first_seq":7,"first_ns":10,"last_ns":20,"upper_bound":false}`},
		{"a gap of no one CPU has null for what is not known", &Gap{CPU: AllCPUs, FirstSeq: -1, Count: 3, Cause: CauseSkippedEntry, UpperBound: true},
			`{"cpu":null,"count":3,"cause":"skipped_entry","first_seq":null,"first_ns":0,"last_ns":0,"upper_bound":true}`},
		{"a damage with its events", Damage{Offset: 5, Size: 6, Err: ErrCut, Tail: true, Events: 9},
			`{"offset":5,"size_bytes":6,"error":` + quoted(t, ErrCut.Error()) + `,"tail":true,"events":9}`},
		{"a damage whose events are not known", &Damage{Events: -1},
			`{"offset":0,"size_bytes":0,"error":"unknown","tail":false,"events":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := json.Marshal(c.notice); err != nil || string(got) != c.want {
				t.Errorf("%s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
