package moment

import (
	"errors"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestMoments(t *testing.T) {
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
		m, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got, err := m.BoottimeNS(h, s); err != nil || got != c.want {
			t.Errorf("%q is %d, %v; want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "yesterday", "+", "-", "--1s", "+-1s", "1.5", "2023-11-14", "2023-11-14T22:13:20"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
	m, err := Parse("-1s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.BoottimeNS(h, nil); !errors.Is(err, ErrNoEnd) {
		t.Errorf("the end of a stream: %v", err)
	}
}
