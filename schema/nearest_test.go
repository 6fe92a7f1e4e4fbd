package schema

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"comm", "cpu", "tid", "duration_ns", "start_time_ns", "time_ns", "msg_name_ptr", "socket_family_text", "socket_family"}
	for _, c := range []struct{ name, word, want string }{
		{"a letter too few", "com", "comm"},
		{"a letter too many", "durations_ns", "duration_ns"},
		{"two letters exchanged", "itme_ns", "time_ns"},
		{"the last part of a name, the shortest that has it", "family", "socket_family"},
		{"a part in its middle", "name", "msg_name_ptr"},
		{"a part, rather than another name with two changes", "time", "time_ns"},
		{"a part with a letter too few", "famly", "socket_family"},
		{"some letters of a part", "amil", ""},
		{"nothing like it", "payload", ""},
		{"the empty word is near nothing", "", ""},
		{"a word too long to be a name", strings.Repeat("comm", 30), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Nearest(c.word, names); got != c.want {
				t.Errorf("%q is near %q, want %q", c.word, got, c.want)
			}
		})
	}
}
