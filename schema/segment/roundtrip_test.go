package segment

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

func TestBothReadersReturnWhatWasWritten(t *testing.T) {
	rec := record(t, mixedLoad(), 3000, 1, 500)
	var lines [][]string
	for _, c := range readers {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.open(rec.bytes)
			if err != nil {
				t.Fatal(err)
			}
			h := testHeader()
			if g := r.Header(); g.Host != h.Host || g.Start != h.Start || g.RecordingID != testID ||
				g.FormatVersion != FormatVersion || g.SchemaVersion != schema.Version || len(g.Columns) != len(schema.All()) {
				t.Errorf("header is %+v", g)
			}
			list, err := items(r)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, describe(list))
			n := 0
			d := r.NewDecoder()
			for _, item := range list {
				switch v := item.(type) {
				case *Segment:
					if !slices.Equal(v.Ranges, rec.metas[n].Ranges) || !reflect.DeepEqual(v.Counters, rec.metas[n].Counters) {
						t.Errorf("segment %d: ranges %v, counters %v", n, v.Ranges, v.Counters)
					}
					var b Block
					if err := d.ReadBlock(v, nil, &b); err != nil {
						t.Fatal(err)
					}
					if err := equalBlocks(rec.segments[n], &b); err != nil {
						t.Errorf("segment %d: %v", n, err)
					}
					n++
				case *End:
					if !reflect.DeepEqual(*v, rec.end) {
						t.Errorf("end is %+v instead of %+v", *v, rec.end)
					}
				case *Damage:
					t.Errorf("damage: %v", v)
				}
			}
			if n != 3 {
				t.Errorf("%d segments", n)
			}
		})
	}
	if !slices.Equal(lines[0], lines[1]) {
		t.Errorf("file:\n%q\nstream:\n%q", lines[0], lines[1])
	}
}

func TestRecordsRoundTrip(t *testing.T) {
	gaps := []Gap{
		{CPU: AllCPUs, FirstSeq: -1, Count: 7, Cause: CauseSkippedEntry, FirstNS: 1, LastNS: 2, UpperBound: true},
		{CPU: MaxCPUs - 1, FirstSeq: 1<<62 - 1, Count: 1, Cause: CauseNotWritten},
		{Count: 0},
	}
	clock := Clock{math.MinInt64, math.MaxInt64, -1, 37}
	counters := Counters{TimeNS: 5, UpperBound: true, UnderWay: 3, Self: 9, CPUs: []CPUCounters{
		{CPU: AllCPUs, Seen: 1, Lost: [NumCauses]int64{0, 1, 2, 3, 4, 5, 6, 7}}, {CPU: 3, Seen: math.MaxInt64, Filtered: 1, Recorded: 2, InFlight: -1}}}
	var buf bytes.Buffer
	w, err := NewWriter(&buf, &Header{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gaps {
		if err := w.WriteGap(g); err != nil {
			t.Fatal(err)
		}
	}
	end := End{Clock: clock, Counters: counters, Reason: "signal"}
	for _, err := range []error{w.WriteClock(clock), w.WriteCounters(&counters), w.Close(&end)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := open(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := items(r)
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{&gaps[0], &gaps[1], &gaps[2], &clock, &counters, &end}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", describe(got))
	}
}

func TestWriterUse(t *testing.T) {
	var b Block
	meta := uniformLoad().fill(&b, 10)
	var e Encoded
	if err := NewEncoder([16]byte{9}).Encode(&e, &b, meta); err != nil {
		t.Fatal(err)
	}
	t.Run("a segment of another recording is refused", func(t *testing.T) {
		w, _ := NewWriter(&bytes.Buffer{}, testHeader())
		if err := w.WriteSegment(&e); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a segment that was never encoded is refused", func(t *testing.T) {
		w, _ := NewWriter(&bytes.Buffer{}, testHeader())
		if err := w.WriteSegment(&Encoded{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("nothing is written behind the end", func(t *testing.T) {
		w, _ := NewWriter(&bytes.Buffer{}, testHeader())
		if err := w.Close(&End{}); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteGap(Gap{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a recording id that is no UUID is refused", func(t *testing.T) {
		if _, err := NewWriter(&bytes.Buffer{}, &Header{RecordingID: "x"}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a header beyond the limit is refused", func(t *testing.T) {
		_, err := NewWriter(&bytes.Buffer{}, &Header{Host: string(make([]byte, MaxHeaderBytes))})
		if !errors.Is(err, colblock.ErrLimit) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("an end reason beyond the limit is refused", func(t *testing.T) {
		w, _ := NewWriter(&bytes.Buffer{}, testHeader())
		if err := w.Close(&End{Reason: string(make([]byte, MaxReasonBytes+1))}); !errors.Is(err, colblock.ErrLimit) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("a gap and counters that a reader would refuse are refused", func(t *testing.T) {
		w, _ := NewWriter(&bytes.Buffer{}, testHeader())
		bad := &Counters{CPUs: []CPUCounters{{CPU: MaxCPUs}}}
		for i, err := range []error{w.WriteGap(Gap{CPU: -2}), w.WriteGap(Gap{Count: -1}), w.WriteGap(Gap{FirstSeq: 1 << 62}),
			w.WriteCounters(bad), w.Close(&End{Counters: *bad}),
			NewEncoder(w.FileID()).Encode(&e, &b, SegmentMeta{Counters: bad})} {
			if err == nil {
				t.Errorf("%d: no error", i)
			}
		}
		if err := w.Close(&End{}); err != nil {
			t.Errorf("they left the writer unusable: %v", err)
		}
	})
	t.Run("a range that no rows can have is refused", func(t *testing.T) {
		if err := NewEncoder([16]byte{}).Encode(&e, &b, SegmentMeta{Ranges: []SeqRange{{0, 5, 4, 1}}}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a column of other length than its table is refused", func(t *testing.T) {
		b.Cols[schema.ColRet].Ints = b.Cols[schema.ColRet].Ints[:5]
		if err := NewEncoder([16]byte{}).Encode(&e, &b, meta); err == nil {
			t.Error("no error")
		}
	})
}

func TestEncodeAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		load *load
		rows int
	}{{"full segment", mixedLoad(), 32768}, {"small segment", mixedLoad(), 300}} {
		t.Run(c.name, func(t *testing.T) {
			var b Block
			m := c.load.fill(&b, c.rows)
			enc := NewEncoder([16]byte{})
			var e Encoded
			if err := enc.Encode(&e, &b, m); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(10, func() {
				if err := enc.Encode(&e, &b, m); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("%v allocations a segment", n)
			}
		})
	}
}

// TestSizes holds what the project promises of bytes per event.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		name  string
		load  *load
		rows  int
		most  float64 // bytes per event
		fixed int     // bytes of the record but for the data
	}{
		{"a uniform load takes at most 4 bytes an event", uniformLoad(), 32768, 4, 1500},
		{"a mixed load takes at most 12 bytes an event", mixedLoad(), 32768, 12, 1500},
		{"a quiet host pays little for its columns", mixedLoad(), 300, 25, 1500},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b Block
			m := c.load.fill(&b, c.rows)
			var e Encoded
			if err := NewEncoder([16]byte{}).Encode(&e, &b, m); err != nil {
				t.Fatal(err)
			}
			if got := float64(len(e.Data)) / float64(c.rows); got > c.most {
				t.Errorf("%.2f bytes an event", got)
			}
			if e.head > c.fixed {
				t.Errorf("%d bytes of header and directory", e.head)
			}
		})
	}
}
