package colblock

import (
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// FuzzColblockDecode decodes arbitrary descriptions and data. What decodes must
// hold the invariants of Vector, and must encode and decode to itself.
func FuzzColblockDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 9))
	enc := NewEncoder()
	for range 40 {
		kind := schema.Kind(1 + r.IntN(3))
		v, rows := randomVector(r, kind)
		entry, data, err := enc.AppendChunk(nil, nil, kind, v, rows, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint32(rows), entry, data)
	}
	rel := &Relative{schema.ColRet, sequence(2000, func(i int) int64 { return int64(i * i) })}
	entry, data, err := enc.AppendChunk(nil, nil, schema.KindInt, rel.Vector, 2000, rel)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(2000), entry, data)
	dec := NewDecoder()
	var got, again Vector
	f.Fuzz(func(t *testing.T, n uint32, entry, data []byte) {
		rows := int(n % (1 << 14))
		k, err := parseChunk(entry, rows)
		if err != nil || k.DecodedSize() > 1<<22 {
			return
		}
		base := sequence(rows, func(i int) int64 { return int64(i) })
		if err := dec.Decode(&got, k, data, base); err != nil {
			return
		}
		if err := check(k.Kind, &got, rows); err != nil {
			t.Fatalf("decoded vector: %v", err)
		}
		rel := &Relative{schema.ColRet, base}
		entry, data, err = enc.AppendChunk(nil, nil, k.Kind, &got, rows, rel)
		if err != nil {
			t.Fatalf("encode what was decoded: %v", err)
		}
		if k, err = parseChunk(entry, rows); err != nil {
			t.Fatalf("parse what was encoded: %v", err)
		}
		if err := dec.Decode(&again, k, data, base); err != nil {
			t.Fatalf("decode what was encoded: %v", err)
		}
		if err := same(k.Kind, &got, &again, rows); err != nil {
			t.Fatal(err)
		}
	})
}
