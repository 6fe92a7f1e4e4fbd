package main

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestParseMoment(t *testing.T) {
	h := &segment.Header{Start: segment.Clock{BoottimeNS: 1_000_000_000, RealtimeNS: 1_700_000_000_000_000_000}}
	s := &segment.Summary{
		FirstTimeNS: 1_500_000_000, LastTimeNS: 4_000_000_000,
		// The wall clock gains 1 µs in a second of boot time, until the end 5 s later.
		Clocks: []segment.Clock{{BoottimeNS: 6_000_000_000, RealtimeNS: 1_700_000_005_000_005_000}},
		End:    &segment.End{Clock: segment.Clock{BoottimeNS: 6_000_000_000}},
	}
	for _, c := range []struct {
		text string
		want int64
	}{
		{"0", 0},
		{"1234567890", 1_234_567_890},
		{"+1.5s", 2_500_000_000},
		{"+0s", 1_000_000_000},
		{"-2s", 4_000_000_000},
		{"2023-11-14T22:13:20Z", 1_000_000_000},
		{"2023-11-14T22:13:21.000001Z", 2_000_000_000},
		{"2023-11-14T23:13:25.000005+01:00", 6_000_000_000},
	} {
		got, err := parseMoment(c.text, h, s)
		if err != nil || got != c.want {
			t.Errorf("parseMoment(%q) = %d, %v; want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"yesterday", "+", "-", "--1s", "+-1s", "1.5", "2023-11-14", "2023-11-14T22:13:20"} {
		if got, err := parseMoment(text, h, s); err == nil {
			t.Errorf("parseMoment(%q) = %d, want an error", text, got)
		}
	}
	if _, err := parseMoment("-1s", h, nil); err == nil {
		t.Error("the end of a stream was known")
	}
}
