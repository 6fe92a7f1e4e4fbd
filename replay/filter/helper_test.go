package filter

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// generated returns a recording of the realistic mix.
func generated(t testing.TB, o gen.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := gen.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, file []byte) *segment.Reader {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func segments(t testing.TB, r *segment.Reader) []*segment.Segment {
	t.Helper()
	var all []*segment.Segment
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			all = append(all, s)
		}
	}
}

// bound parses an expression and binds it to a recording.
func bound(t testing.TB, file []byte, text string) *Program {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s, err := segment.Summarize(open(t, file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Bind(Recording{Header: open(t, file).Header(), Summary: s})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// The values of random recordings are few, so that tests meet them.
var (
	randomInts  = []int64{-512, -32, -11, -2, -1, 0, 1, 2, 3, 4, 6, 10, 16, 17, 40, 53, 64, 443, 4096, 1 << 31, 0x4040, 1<<63 - 1, -1 << 63}
	randomTexts = []string{"", "nginx", "ngrok", "curl", "\x00abs", "/run/x", "/run/y/z", "@at", "a b", "10.1.2.3", "\xff\xfe"}
)

// randomRecording returns a recording of random blocks: any value in any
// column, nulls in all of them, and refs that are null or to empty tables.
func randomRecording(t testing.TB, rng *rand.Rand) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := segment.NewWriter(&out, gen.Options{}.Header())
	if err != nil {
		t.Fatal(err)
	}
	enc := segment.NewEncoder(w.FileID())
	for range 1 + rng.IntN(4) {
		b := randomBlock(rng)
		var e segment.Encoded
		if err := enc.Encode(&e, b, segment.SegmentMeta{}); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteSegment(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&segment.End{Reason: "duration"}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func randomBlock(rng *rand.Rand) *segment.Block {
	b := &segment.Block{}
	b.Rows[schema.TableEvent] = 1 + rng.IntN(200)
	for t := schema.TableTask; t < schema.NumTables; t++ {
		b.Rows[t] = rng.IntN(8)
	}
	for i := range schema.All() {
		c := &schema.All()[i]
		v := &b.Cols[c.ID]
		constant, nulls := rng.IntN(3) == 0, rng.IntN(3)
		value := rng.IntN(100)
		for row := range b.Rows[c.Table] {
			if !constant {
				value = rng.IntN(100)
			}
			null := nulls == 1 && rng.IntN(4) == 0 || nulls == 2 && rng.IntN(20) > 0
			if c.IsRef() && b.Rows[c.Ref] == 0 {
				null = true
			}
			if null {
				v.SetNull(row)
			}
			appendRandom(v, c, b, value, null)
		}
	}
	return b
}

func appendRandom(v *colblock.Vector, c *schema.Column, b *segment.Block, value int, null bool) {
	switch {
	case c.Kind == schema.KindInt && null:
		v.Ints = append(v.Ints, 0)
	case c.IsRef():
		v.Ints = append(v.Ints, int64(value%b.Rows[c.Ref]))
	case c.Kind == schema.KindInt:
		v.Ints = append(v.Ints, randomInts[value%len(randomInts)])
	case c.Kind == schema.KindIntList:
		for i := range value % 4 {
			if !null {
				v.Ints = append(v.Ints, randomInts[(value+i)%len(randomInts)])
			}
		}
		v.EndList()
	case null:
		v.AppendBytes(nil)
	default:
		v.AppendBytes(randomBytes(c, value))
	}
}

// randomBytes returns addresses for addresses, mostly.
func randomBytes(c *schema.Column, value int) []byte {
	switch {
	case c.ID == schema.ColName && value%2 == 0:
		return []byte{2, 0, 0, 53, 10, byte(value % 3), 2, 3, 0, 0, 0, 0, 0, 0, 0, 0}
	case c.ID == schema.ColName && value%3 == 0:
		return append([]byte{1, 0}, randomTexts[value%len(randomTexts)]...)
	case c.ID == schema.ColLocalAddress || c.ID == schema.ColRemoteAddress:
		switch value % 4 {
		case 0:
			return []byte{10, byte(value % 3), 2, 3}
		case 1:
			return []byte{0, 0, 0, 0}
		case 2:
			return []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3}
		}
		return []byte{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(value % 2)}
	}
	return []byte(randomTexts[value%len(randomTexts)])
}
