package stats

import (
	"bytes"
	"io"
	"reflect"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func FuzzCounter(f *testing.F) {
	f.Add(record(f, gen.Options{Events: 20, SegmentEvents: 10, GapEvery: 1}), uint8(3))
	f.Add(record(f, gen.Options{Events: 5, Uniform: true}), uint8(7))
	columns := schema.Columns()
	f.Fuzz(func(t *testing.T, data []byte, by uint8) {
		r, err := segment.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		o := Options{By: fieldsOf(t, "errno", columns[int(by)%len(columns)].Name)}
		result := run(t, o, Input{Reader: r})
		sum := int64(0)
		for g := range result.Groups() {
			sum += g.Count
		}
		if sum != result.Total().Count {
			t.Errorf("groups have %d events of %d", sum, result.Total().Count)
		}
		if err := result.WriteText(io.Discard, TextOptions{}); err != nil {
			t.Error(err)
		}
		if err := result.WriteJSON(io.Discard); err != nil {
			t.Error(err)
		}
	})
}

func TestKeysOfEveryColumnDecodeToTheirValues(t *testing.T) {
	o := gen.Options{Events: 2000, SegmentEvents: 2000}
	var b segment.Block
	r := open(t, record(t, o))
	for b.Rows[schema.TableEvent] == 0 {
		item, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			if err := r.NewDecoder().ReadBlock(s, nil, &b); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range schema.Columns() {
		f := Field{Name: c.Name, column: c}
		for row := range b.Rows[c.Table] {
			// Two values in a row must come apart again.
			encoded := f.appendValue(f.appendValue(nil, &b, row), &b, 0)
			got, rest := decodeValue(encoded)
			next, rest := decodeValue(rest)
			if len(rest) != 0 || !reflect.DeepEqual(got, plainValue(&b, c, row)) || !reflect.DeepEqual(next, plainValue(&b, c, 0)) {
				t.Fatalf("%s, row %d: %v and %v, %d bytes are left", c.Name, row, got, next, len(rest))
			}
		}
	}
}

func plainValue(b *segment.Block, c *schema.Column, row int) Value {
	v := &b.Cols[c.ID]
	switch {
	case v.IsNull(row):
		return nil
	case c.Kind == schema.KindBytes:
		return append([]byte{}, v.BytesAt(row)...)
	case c.Kind == schema.KindIntList:
		return append([]int64{}, v.ListAt(row)...)
	}
	return v.Ints[row]
}
