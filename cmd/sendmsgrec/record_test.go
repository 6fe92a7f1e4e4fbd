package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record"
)

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text    string
		want    sizeFlag // -1 is an error
		printed string
	}{
		{"4096", 4096, "4K"},
		{"4K", 4096, "4K"},
		{"8m", 8 << 20, "8M"},
		{"8MiB", 8 << 20, "8M"},
		{"1GB", 1 << 30, "1G"},
		{"5000", 5000, "5000"},
		{"12B", 12, "12"},
		{"0", 0, "0"},
		{"", -1, ""},
		{"M", -1, ""},
		{"8X", -1, ""},
		{"8MM", -1, ""},
		{"-1", -1, ""},
		{"1.5M", -1, ""},
		{"99999999999G", -1, ""},
	} {
		var s sizeFlag
		err := s.Set(c.text)
		if c.want == -1 {
			if err == nil {
				t.Errorf("%q: got %d, want an error", c.text, s)
			}
			continue
		}
		if err != nil || s != c.want || s.String() != c.printed {
			t.Errorf("%q: got %d, printed %q, %v; want %d, %q", c.text, int64(s), s.String(), err, int64(c.want), c.printed)
		}
	}
}

func TestRecordFlagsThatCannotBeMeant(t *testing.T) {
	good := func() recordOptions {
		return recordOptions{Output: "x.smr", BufferSize: 8 << 20, FlushInterval: time.Second, SegmentEvents: 1000}
	}
	for _, c := range []struct {
		name string
		edit func(*recordOptions)
		says string
	}{
		{"the defaults are fine", func(*recordOptions) {}, ""},
		{"no output", func(o *recordOptions) { o.Output = "" }, "-o FILE"},
		{"two things on standard output", func(o *recordOptions) { o.Output, o.JSON = "-", true }, "both"},
		{"a negative duration", func(o *recordOptions) { o.Duration = -1 }, "negative"},
		{"a negative number of events", func(o *recordOptions) { o.MaxEvents = -1 }, "negative"},
		{"a flush interval of nothing", func(o *recordOptions) { o.FlushInterval = 0 }, "10ms"},
		{"segments of nothing", func(o *recordOptions) { o.SegmentEvents = 0 }, "1 to"},
		{"segments beyond the format", func(o *recordOptions) { o.SegmentEvents = 1 << 30 }, "1 to"},
		{"a buffer below a page", func(o *recordOptions) { o.BufferSize = 4095 }, "4K to 256M"},
		{"a buffer that is too large", func(o *recordOptions) { o.BufferSize = 1 << 40 }, "4K to 256M"},
		{"more pids than the kernel compares", func(o *recordOptions) { o.PIDs = make([]uint32, 17) }, "at most 16"},
		{"a thread name that no thread can have", func(o *recordOptions) { o.Comms = []string{"sixteen-letters!"} }, "1 to 15 bytes"},
		{"all calls", func(o *recordOptions) { o.Calls = []string{"all"} }, ""},
		{"some calls", func(o *recordOptions) { o.Calls = []string{"sendto", "recvfrom"} }, ""},
		{"a call that is none", func(o *recordOptions) { o.Calls = []string{"sendmsg", "sendmgs"} }, `no call "sendmgs"`},
		{"no call", func(o *recordOptions) { o.Calls = []string{} }, "names no call"},
		{"all calls and one more", func(o *recordOptions) { o.Calls = []string{"sendto", "all"} }, ""},
		{"an empty thread name", func(o *recordOptions) { o.Comms = []string{""} }, "1 to 15 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := good()
			c.edit(&o)
			err := o.validate()
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || exitCode(err) != exitUsage {
				t.Errorf("error %v, exit code %d; want one about %q and %d", err, exitCode(err), c.says, exitUsage)
			}
		})
	}
}

func TestUsersByNameAndNumber(t *testing.T) {
	o := recordOptions{UIDs: []string{"root", "65534", "4294967294"}}
	config, err := o.config()
	if err != nil || !slices.Equal(config.UIDs, []uint32{0, 65534, 4294967294}) {
		t.Errorf("got %v, %v", config.UIDs, err)
	}
	o.UIDs = []string{"no-such-user-here"}
	if _, err := o.config(); exitCode(err) != exitUsage {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestFiltersAreStatedAsGiven(t *testing.T) {
	o := recordOptions{PIDs: []uint32{7, 8}, Comms: []string{"a b"}, UIDs: []string{"root"}}
	want := []string{"pid = 7 or pid = 8", `comm = "a b"`, "uid = root", "the recorded command and its descendants"}
	if got := o.filters([]string{"true"}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := new(recordOptions).filters(nil); len(got) != 0 {
		t.Errorf("without a filter: %q", got)
	}
}

func TestSummaryText(t *testing.T) {
	status := 3
	for _, c := range []struct {
		name    string
		summary record.Summary
		want    string
	}{
		{"nothing happened", record.Summary{Seconds: 1, FileBytes: 5000, Complete: true}, `
events   0 in 1s, 0/s
lost     0
written  5,000 bytes in 0 segments
CPU      0.00 s
`},
		{"a good recording of a command", record.Summary{
			Events: 3_000_000, Filtered: 12, InFlight: 2, Segments: 92, FileBytes: 6_000_000, RawBytes: 420_000_000,
			Seconds: 2.5, CPUSeconds: 0.45, Complete: true, CommandStatus: &status,
		}, `
events   3,000,000 in 2.5s, 1,200,000/s; filtered 12; in flight 2
lost     0
written  6,000,000 bytes in 92 segments; 2.0 bytes/event, 1:70
CPU      0.45 s, 0.150 s per million events
command  exit status 3
`},
		{"losses are told by cause", record.Summary{
			Events: 10, Lost: 8, LostByCause: map[string]int64{"ring_full": 5, "skipped_entry": 3, "no_state": 0}, LostUpperBound: true,
			Seconds: 1, FileBytes: 100, RawBytes: 200, Segments: 1, Complete: true,
		}, `
events   10 in 1s, 10/s
lost     8 (ring_full 5, skipped_entry 3 at most)
written  100 bytes in 1 segments; 10.0 bytes/event, 1:2
CPU      0.00 s
`},
		{"descendants that could not be followed are told", record.Summary{Seconds: 1, Unmarked: 2, Complete: true}, `
events   0 in 1s, 0/s
lost     0
missing  2 descendants of the command, which the kernel had no memory to mark, with all their calls
written  0 bytes in 0 segments
CPU      0.00 s
`},
		{"what went wrong is said", record.Summary{Seconds: 1, Unbalanced: []string{"CPU 0: seen is 2, but 1"}}, `
events   0 in 1s, 0/s
lost     0
written  0 bytes in 0 segments
CPU      0.00 s
The file has no end: see the error below.
DEFECT   the account does not balance: CPU 0: seen is 2, but 1
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got strings.Builder
			writeSummary(&got, &c.summary, true)
			if got.String() != c.want[1:] {
				t.Errorf("got\n%swant\n%s", got.String(), c.want[1:])
			}
		})
	}
}

func TestStatusLine(t *testing.T) {
	s := recordStatus{}
	for _, c := range []struct {
		p          record.Progress
		sink, want string
	}{
		{record.Progress{Events: 1_234_567, Lost: 89, FileBytes: 2_500_000, RawBytes: 200_000_000}, "",
			"12s  1,234,567 events  500,000/s  lost 89  2.5 MB  1:80  Ctrl-C ends"},
		{record.Progress{Events: 1, RawBytes: 200}, "sink 0.3 s behind, spill 1.2 MB",
			"12s  1 events  500,000/s  lost 0  sink 0.3 s behind, spill 1.2 MB  Ctrl-C ends"},
	} {
		if got := s.line(c.p, c.sink, 250_000, 500*time.Millisecond, 12300*time.Millisecond); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}
