package segment

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

const testID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

// recording is a small recording in memory, and what is in it.
type recording struct {
	bytes    []byte
	segments []*Block
	metas    []SegmentMeta
	offsets  []int64 // of the segment records
	sizes    []int64
	end      End
}

func testHeader() *Header {
	return &Header{RecordingID: testID, Recorder: "sendmsgrec test", Host: "fixture",
		Start: Clock{BoottimeNS: 1e12, RealtimeNS: 1.7e18}}
}

// record writes segments of the given numbers of rows, with a gap and a clock
// record between the first two, and ends cleanly.
func record(tb testing.TB, l *load, rows ...int) *recording {
	tb.Helper()
	var buf bytes.Buffer
	rec := &recording{}
	w, err := NewWriter(&buf, testHeader())
	if err != nil {
		tb.Fatal(err)
	}
	if l.watched {
		if err := w.WriteCoverage(testCoverage(0)); err != nil {
			tb.Fatal(err)
		}
	}
	enc := NewEncoder(w.FileID())
	var gap Gap
	for i, n := range rows {
		b := &Block{}
		m := l.fill(b, n)
		l.lose(&m, gap.Count)
		var e Encoded
		if err := enc.Encode(&e, b, m); err != nil {
			tb.Fatal(err)
		}
		rec.segments, rec.metas = append(rec.segments, b), append(rec.metas, m)
		rec.offsets, rec.sizes = append(rec.offsets, w.Size()), append(rec.sizes, int64(len(e.Data)))
		if err := w.WriteSegment(&e); err != nil {
			tb.Fatal(err)
		}
		if i == 0 {
			gap = Gap{CPU: 0, FirstSeq: l.seq[0], Count: 3, Cause: CauseRingFull, FirstNS: l.now[0], LastNS: l.now[0] + 50}
			l.seq[0] += gap.Count
			clock := Clock{BoottimeNS: l.now[0], RealtimeNS: l.now[0] + 1.7e18}
			for _, err := range []error{w.WriteGap(gap), w.WriteClock(clock)} {
				if err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	status := 3
	rec.end = End{Reason: "command-exit", CommandStatus: &status, Clock: Clock{BoottimeNS: l.now[0], RealtimeNS: l.now[0] + 1.7e18}}
	for c := range l.seq {
		p := CPUCounters{CPU: c, Seen: l.seq[c] + 10, Filtered: 8, InFlight: 2, Recorded: l.seq[c]}
		if c == 0 {
			p.Lost[CauseRingFull] = gap.Count
			p.Recorded -= gap.Count
		}
		rec.end.Counters.CPUs = append(rec.end.Counters.CPUs, p)
	}
	if err := w.WriteCounters(&rec.end.Counters); err != nil {
		tb.Fatal(err)
	}
	if l.watched {
		if err := w.WriteCoverage(testCoverage(l.now[0])); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(&rec.end); err != nil {
		tb.Fatal(err)
	}
	if w.Size() != int64(buf.Len()) {
		tb.Fatalf("size %d of %d bytes", w.Size(), buf.Len())
	}
	rec.bytes = buf.Bytes()
	return rec
}

// lose makes the segment's counters know the events that were lost on CPU 0.
func (l *load) lose(m *SegmentMeta, lost int64) {
	m.Counters.CPUs[0].Recorded -= lost
	m.Counters.CPUs[0].Lost[CauseRingFull] = lost
}

// testCoverage is that of the loads; to is 0 at the start of a recording.
func testCoverage(to int64) *Coverage {
	c := &Coverage{FromNS: 1e12, ToNS: to, Ways: []Way{
		{Path: "syscall", ABI: "64", Call: "sendmsg", Hooks: []string{"tracepoint:syscalls:sys_enter_sendmsg", "tracepoint:syscalls:sys_exit_sendmsg"}},
		{Path: "syscall", ABI: "compat32", Call: "sendmsg", Why: "not asked for"},
		{Path: "io_uring", ABI: "64", Call: "sendmsg", Hooks: []string{"tp_btf:io_uring_complete"}, Why: "a request that is cancelled early has no socket"},
	}, Unexplained: Unexplained{Why: "not asked for"}}
	if to != 0 {
		c.Unexplained = Unexplained{Counted: true, Sends: 1000, Unexplained: 30, Others: 5, Processes: []UnexplainedProcess{
			{PID: 17, Comm: "evader", Sends: 24, Bytes: 4096}, {PID: 18, Comm: "other", Sends: 1}}}
	}
	return c
}

func smallRecording(tb testing.TB) *recording {
	l := mixedLoad()
	l.batch, l.tasks = 5, 3
	return record(tb, l, 40, 300, 30)
}

// open opens bytes as a file.
func open(b []byte) (*Reader, error) { return NewReader(bytes.NewReader(b), int64(len(b))) }

// onlyReader hides all but Read, and reads little at a time.
type onlyReader struct{ r io.Reader }

func (o onlyReader) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 777)]) }

// stream opens bytes as a pipe.
func stream(b []byte) (*Reader, error) { return NewStreamReader(onlyReader{bytes.NewReader(b)}) }

// readers are the two ways to read, which must agree.
var readers = []struct {
	name string
	open func([]byte) (*Reader, error)
}{{"file", open}, {"stream", stream}}

// items reads all items.
func items(r *Reader) ([]Item, error) {
	var list []Item
	for {
		item, err := r.Next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, item)
	}
}

// describe returns one line for each item.
func describe(list []Item) (lines []string) {
	for _, item := range list {
		switch v := item.(type) {
		case *Segment:
			lines = append(lines, fmt.Sprintf("segment %d+%d: %d events", v.Offset, v.Size, v.Rows))
		case *Damage:
			lines = append(lines, fmt.Sprintf("damage %v tail=%v", v, v.Tail))
		case *Gap:
			lines = append(lines, fmt.Sprintf("gap %+v", *v))
		case *End:
			lines = append(lines, "end "+v.Reason)
		case *Coverage:
			lines = append(lines, v.String())
		default:
			lines = append(lines, fmt.Sprintf("%T", item))
		}
	}
	return lines
}

// equalBlocks compares what two blocks say of each event.
func equalBlocks(want, got *Block) error {
	if want.Rows != got.Rows {
		return fmt.Errorf("rows %v instead of %v", got.Rows, want.Rows)
	}
	for _, c := range schema.All() {
		for row := range want.Rows[schema.TableEvent] {
			switch c.Kind {
			case schema.KindInt:
				w, wok := want.Int(c.ID, row)
				if g, ok := got.Int(c.ID, row); g != w || ok != wok {
					return fmt.Errorf("row %d, %s: %d, %v instead of %d, %v", row, c.Name, g, ok, w, wok)
				}
			case schema.KindBytes:
				w, wok := want.Bytes(c.ID, row)
				if g, ok := got.Bytes(c.ID, row); !bytes.Equal(g, w) || ok != wok {
					return fmt.Errorf("row %d, %s: %q, %v instead of %q, %v", row, c.Name, g, ok, w, wok)
				}
			case schema.KindIntList:
				w, wok := want.List(c.ID, row)
				if g, ok := got.List(c.ID, row); !slices.Equal(g, w) || ok != wok {
					return fmt.Errorf("row %d, %s: %d, %v instead of %d, %v", row, c.Name, g, ok, w, wok)
				}
			}
		}
	}
	return nil
}

// intact returns which of the recording's segments a reader delivers with all
// their columns, and fails when it delivers anything else.
func (rec *recording) intact(r *Reader) (found []int, err error) {
	list, err := items(r)
	if err != nil {
		return nil, err
	}
	d := r.NewDecoder()
	for _, item := range list {
		s, ok := item.(*Segment)
		if !ok {
			continue
		}
		var b Block
		if err := d.ReadBlock(s, nil, &b); err != nil {
			continue
		}
		i := slices.IndexFunc(rec.segments, func(w *Block) bool { return equalBlocks(w, &b) == nil })
		if i < 0 {
			return found, fmt.Errorf("segment at offset %d is none of the recording", s.Offset)
		}
		found = append(found, i)
	}
	return found, nil
}
