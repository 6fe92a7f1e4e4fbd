package segment

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func TestStatisticsAreThoseOfTheRows(t *testing.T) {
	l := mixedLoad()
	l.nulls = true
	r, err := open(record(t, l, 3000, 1, 40).bytes)
	if err != nil {
		t.Fatal(err)
	}
	list, err := items(r)
	if err != nil {
		t.Fatal(err)
	}
	bounded := 0
	for _, item := range list {
		s, ok := item.(*Segment)
		if !ok {
			continue
		}
		var b Block
		if err := r.NewDecoder().ReadBlock(s, nil, &b); err != nil {
			t.Fatal(err)
		}
		for _, c := range schema.All() {
			got, ok := s.Range(c.ID)
			if !ok {
				t.Fatalf("nothing about column %s", c.Name)
			}
			nulls := 0
			for row := range b.Rows[c.Table] {
				if b.Cols[c.ID].IsNull(row) {
					nulls++
				}
			}
			if got.Nulls != nulls {
				t.Errorf("column %s: %d nulls, the rows have %d", c.Name, got.Nulls, nulls)
			}
			if c.Kind == schema.KindBytes && slices.Contains(byteStatistics[:], c.ID) {
				checkByteRange(t, s, &b, &c)
			}
			if c.Kind != schema.KindInt {
				if got.Bounded {
					t.Errorf("column %s is bounded", c.Name)
				}
				continue
			}
			lo, hi, any := b.Cols[c.ID].Bounds(b.Rows[c.Table])
			want := any && (hasStatistics[c.ID] || c.ID == schema.ColTimeNS || c.ID == schema.ColCPU)
			if want != got.Bounded && (want || lo != hi) || got.Bounded && (got.Min != lo || got.Max != hi) {
				t.Errorf("column %s: %+v, the rows have %d to %d", c.Name, got, lo, hi)
			}
			if got.Bounded && lo != hi {
				bounded++
			}
		}
	}
	checkErrors(t, r, list)
	if bounded < 10 {
		t.Errorf("%d columns with bounds", bounded)
	}
}

func checkByteRange(t *testing.T, s *Segment, b *Block, c *schema.Column) {
	t.Helper()
	sizes := map[int]bool{}
	for _, got := range s.ByteRange(c.ID) {
		sizes[len(got.Min)] = true
		lo, hi := []byte(nil), []byte(nil)
		for row := range b.Rows[c.Table] {
			v := &b.Cols[c.ID]
			x := v.BytesAt(row)
			if v.IsNull(row) || len(x) != len(got.Min) {
				continue
			}
			if lo == nil || bytes.Compare(x, lo) < 0 {
				lo = x
			}
			if hi == nil || bytes.Compare(x, hi) > 0 {
				hi = x
			}
		}
		if !bytes.Equal(lo, got.Min) || !bytes.Equal(hi, got.Max) {
			t.Errorf("column %s: %x to %x, the rows have %x to %x", c.Name, got.Min, got.Max, lo, hi)
		}
	}
	for row := range b.Rows[c.Table] {
		if v := &b.Cols[c.ID]; !v.IsNull(row) && !sizes[len(v.BytesAt(row))] {
			t.Errorf("column %s: no bounds of %d bytes", c.Name, len(v.BytesAt(row)))
		}
	}
}

func checkErrors(t *testing.T, r *Reader, list []Item) {
	t.Helper()
	for _, item := range list {
		s, ok := item.(*Segment)
		if !ok {
			continue
		}
		var b Block
		if err := r.NewDecoder().ReadBlock(s, []schema.ColumnID{schema.ColRet}, &b); err != nil {
			t.Fatal(err)
		}
		want := map[uint16]bool{}
		for row := range s.Rows {
			if v, ok := b.Int(schema.ColRet, row); ok && v < 0 && v >= -schema.MaxErrno {
				want[uint16(-v)] = true
			}
		}
		errors, ok := s.Errors()
		if !ok || len(errors) != len(want) || !slices.IsSorted(errors) {
			t.Errorf("errors are %v, %v, the rows have %v", errors, ok, want)
		}
		for _, e := range errors {
			if !want[e] {
				t.Errorf("error %d is not in the rows", e)
			}
		}
	}
}

// TestExtremesHaveStatistics: the difference of the bounds needs all 64 bits.
func TestExtremesHaveStatistics(t *testing.T) {
	b := Block{}
	b.Rows[schema.TableEvent] = 3
	b.Cols[schema.ColRet].Ints = []int64{math.MaxInt64, math.MinInt64, 0}
	var e Encoded
	if err := NewEncoder([16]byte{1}).Encode(&e, &b, SegmentMeta{}); err != nil {
		t.Fatal(err)
	}
	env, err := parseEnvelope(e.Data, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSegment(e.Data[EnvelopeSize:EnvelopeSize+env.payload], 0, env.data)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Range(schema.ColRet); !r.Bounded || r.Min != math.MinInt64 || r.Max != math.MaxInt64 {
		t.Errorf("%+v", r)
	}
}

func TestVerifyFindsWrongStatistics(t *testing.T) {
	rec := record(t, mixedLoad(), 300)
	b := rec.bytes
	at := rec.offsets[0]
	env, err := parseEnvelope(b[at:], nil)
	if err != nil {
		t.Fatal(err)
	}
	record := b[at : at+EnvelopeSize+int64(env.payload)]
	record[len(record)-1] ^= 1 // of the last column's span
	binary.LittleEndian.PutUint32(record[offsetCRC:], recordCRC(record))
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Verify(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Err.Error(), "in the header") {
		t.Errorf("problems are %v", report.Problems)
	}
}
