package segment

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// manySegments is a recording of n segments of one or no event, whose times
// rise with much disorder. It returns the largest time of each segment.
func manySegments(tb testing.TB, n int) ([]byte, []int64) {
	tb.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, testHeader())
	if err != nil {
		tb.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 7))
	enc := NewEncoder(w.FileID())
	var e Encoded
	var times []int64
	for i := range n {
		var b Block
		at := int64(i)*100 + int64(r.IntN(5000))
		if i%50 == 49 {
			at = math.MinInt64 // a segment without events
		} else {
			b.Rows[schema.TableEvent] = 1
			b.Cols[schema.ColTimeNS].Ints = []int64{at}
		}
		times = append(times, at)
		if err := enc.Encode(&e, &b, SegmentMeta{}); err != nil {
			tb.Fatal(err)
		}
		if err := w.WriteSegment(&e); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(&End{}); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes(), times
}

// TestSeek compares seeking by the index, by scanning, and the definition.
func TestSeek(t *testing.T) {
	const n = 2*IndexBlockSize + 300
	b, times := manySegments(t, n)
	indexed, err := open(b)
	if err != nil || !indexed.HasIndex() {
		t.Fatalf("no index: %v", err)
	}
	scanned, err := open(b[:len(b)-1])
	if err != nil || scanned.HasIndex() {
		t.Fatalf("an index without a trailer: %v", err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	for i := range 60 {
		from := int64(r.IntN(n*100 + 6000))
		switch i {
		case 0:
			from = math.MinInt64 + 1
		case 1:
			from = math.MaxInt64
		}
		want := n
		for j := n - 1; j >= 0; j-- {
			if times[j] >= from {
				want = j
			}
		}
		for name, rd := range map[string]*Reader{"index": indexed, "scan": scanned} {
			if name == "scan" && i > 12 {
				continue
			}
			if err := rd.SeekTime(from); err != nil {
				t.Fatal(err)
			}
			got, err := nextSegment(rd)
			if err == io.EOF && want == n {
				continue
			}
			if err != nil || want == n || got.MaxTimeNS != times[want] {
				t.Fatalf("%s: seek to %d: %+v, %v, instead of segment %d with %d", name, from, got, err, want, times[want])
			}
		}
	}
}

func nextSegment(r *Reader) (*Segment, error) {
	for {
		item, err := r.Next()
		if err != nil {
			return nil, err
		}
		if s, ok := item.(*Segment); ok {
			return s, nil
		}
	}
}

func TestSeekReadsLittle(t *testing.T) {
	b, _ := manySegments(t, 3*IndexBlockSize)
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	before := r.BytesRead()
	if err := r.SeekTime(100 * IndexBlockSize); err != nil {
		t.Fatal(err)
	}
	// Trailer, root, one index record of 16 bytes an entry, one segment header.
	if got := r.BytesRead() - before; got > 16*IndexBlockSize+2000 {
		t.Errorf("%d bytes read of %d", got, len(b))
	}
}

func TestSeekWithDamagedIndex(t *testing.T) {
	b, times := manySegments(t, IndexBlockSize+10)
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	trailer, _, err := r.trailer()
	if err != nil {
		t.Fatal(err)
	}
	root, _, err := r.index(trailer.root, KindRoot)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		at   int64
	}{
		{"the trailer", int64(len(b)) - 5},
		{"the root", int64(trailer.root) + EnvelopeSize + 6},
		{"an index record", int64(root[0].offset) + EnvelopeSize + 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			b[c.at]++
			defer func() { b[c.at]-- }()
			r, err := open(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.SeekTime(times[500]); err != nil {
				t.Fatal(err)
			}
			s, err := nextSegment(r)
			if err != nil || s.MaxTimeNS < times[500] {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	t.Run("a stream cannot seek", func(t *testing.T) {
		r, err := stream(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.SeekTime(0); err == nil {
			t.Error("no error")
		}
	})
}
