//go:build privileged

package e2e_test

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// info is `info --json`, as far as the tests look at it.
type info struct {
	Events, Lost, Filtered, Seen, Unexplained, Segments, Self int64
	LostByCause                                               map[string]int64 `json:"lost_by_cause"`
	LostUpperBound                                            bool             `json:"lost_upper_bound"`
	InFlight                                                  int64            `json:"in_flight"`
	UnderWay                                                  int64            `json:"under_way"`
	BytesPerEvent                                             float64          `json:"bytes_per_event"`
	Accounted, Complete                                       bool
	EndReason                                                 string `json:"end_reason"`
	CommandStatus                                             *int   `json:"command_status"`
	UnknownTail                                               string `json:"unknown_tail"`
	PerCPU                                                    []struct {
		CPU, Seen, Filtered, Recorded, Lost int64
		InFlight                            int64 `json:"in_flight"`
	} `json:"per_cpu"`
	Gaps []gap
}

type gap struct {
	CPU, Count int64
	Cause      string
	FirstSeq   int64  `json:"first_seq"`
	FirstTime  string `json:"first_time"`
	LastTime   string `json:"last_time"`
}

// readInfo asks `info --json` and checks that the accounts add up: as a whole,
// and for every CPU.
func readInfo(t *testing.T, path string) info {
	t.Helper()
	var i info
	out := must(t, 0, sendmsgrec, "info", "--json", path).stdout
	if err := json.Unmarshal([]byte(out), &i); err != nil {
		t.Fatalf("info --json: %v\n%s", err, out)
	}
	if i.Complete && (!i.Accounted || i.Unexplained != 0) {
		t.Errorf("accounted %v, unexplained %d", i.Accounted, i.Unexplained)
	}
	if sum := i.Filtered + i.Events + i.Lost + i.InFlight; i.Complete && i.Seen != sum {
		t.Errorf("seen %d, but filtered %d + events %d + lost %d + in flight %d = %d",
			i.Seen, i.Filtered, i.Events, i.Lost, i.InFlight, sum)
	}
	for _, c := range i.PerCPU {
		if sum := c.Filtered + c.Recorded + c.Lost + c.InFlight; c.Seen != sum {
			t.Errorf("CPU %d: seen %d, but filtered %d + recorded %d + lost %d + in flight %d = %d",
				c.CPU, c.Seen, c.Filtered, c.Recorded, c.Lost, c.InFlight, sum)
		}
	}
	return i
}

// readHeader returns what the file says of its recording.
func readHeader(t *testing.T, path string) segment.Header {
	t.Helper()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return *r.Header()
}

// event is a recorded call; pointers to null values are nil.
type event struct {
	cpu, seq, timeNS, durationNS, ret int64
	pid, tid, uid                     int64
	comm                              string
	ints                              map[schema.ColumnID]*int64
	bytes                             map[schema.ColumnID][]byte
	lists                             map[schema.ColumnID][]int64
}

// int returns an integer column that is not null there.
func (e *event) int(c schema.ColumnID) (int64, bool) {
	if p := e.ints[c]; p != nil {
		return *p, true
	}
	return 0, false
}

// blocks calls f with every segment's columns; nil means all of them.
func blocks(t *testing.T, path string, cols []schema.ColumnID, f func(*segment.Block)) {
	t.Helper()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d, b := r.NewDecoder(), &segment.Block{}
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			if err := d.ReadBlock(s, cols, b); err != nil {
				t.Fatal(err)
			}
			f(b)
		}
	}
}

// readEvents returns all events, each thread's in the order of its calls.
func readEvents(t *testing.T, path string) []event {
	t.Helper()
	var events []event
	blocks(t, path, nil, func(b *segment.Block) {
		for row := range b.Rows[schema.TableEvent] {
			events = append(events, decode(b, row))
		}
	})
	slices.SortStableFunc(events, func(a, b event) int { return int(a.timeNS - b.timeNS) })
	return events
}

func decode(b *segment.Block, row int) event {
	e := event{ints: map[schema.ColumnID]*int64{}, bytes: map[schema.ColumnID][]byte{}, lists: map[schema.ColumnID][]int64{}}
	for _, c := range schema.Columns() {
		switch c.Kind {
		case schema.KindInt:
			if v, ok := b.Int(c.ID, row); ok {
				e.ints[c.ID] = &v
			}
		case schema.KindBytes:
			if v, ok := b.Bytes(c.ID, row); ok {
				e.bytes[c.ID] = append([]byte{}, v...)
			}
		case schema.KindIntList:
			if v, ok := b.List(c.ID, row); ok {
				e.lists[c.ID] = append([]int64{}, v...)
			}
		}
	}
	for c, dst := range map[schema.ColumnID]*int64{
		schema.ColCPU: &e.cpu, schema.ColSeq: &e.seq, schema.ColTimeNS: &e.timeNS, schema.ColDurationNS: &e.durationNS,
		schema.ColRet: &e.ret, schema.ColPID: &e.pid, schema.ColTID: &e.tid, schema.ColUID: &e.uid,
	} {
		*dst, _ = e.int(c)
	}
	e.comm = string(e.bytes[schema.ColComm])
	return e
}

// countByPID counts the recorded events of each process.
func countByPID(t *testing.T, path string) map[int]int64 {
	t.Helper()
	counts := map[int]int64{}
	cols := []schema.ColumnID{schema.ColPID}
	blocks(t, path, cols, func(b *segment.Block) {
		for row := range b.Rows[schema.TableEvent] {
			pid, _ := b.Int(schema.ColPID, row)
			counts[int(pid)]++
		}
	})
	return counts
}

// summarize reads the recording's whole account.
func summarize(t *testing.T, path string) *segment.Summary {
	t.Helper()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := segment.Summarize(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
