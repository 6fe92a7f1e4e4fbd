package record

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// The lists are those that were set, whatever their order, and where the memory
// was used before; without ends as long as each has one entry.
func TestIovecs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var base, length colblock.Vector
	var l iovecs
	for range 500 {
		base.Reset()
		length.Reset()
		l.begin(&base, &length, 40)
		rows, odd, distinct := 1+random.IntN(40), random.IntN(60), 1+random.IntN(3)
		var want [][]bpf.Iovec
		ones, total := true, 0
		for row := range rows {
			list := []bpf.Iovec{{Base: random.Uint64N(3), Len: random.Uint64N(uint64(distinct))}}
			if row >= odd && random.IntN(2) == 0 {
				list = make([]bpf.Iovec, random.IntN(4))
				ones = ones && len(list) == 1
				for i := range list {
					list[i].Len = uint64(i)
				}
			}
			l.add(row, list)
			want = append(want, slices.Clone(list))
			total += len(list)
		}
		l.finish(&base, &length, rows)
		if ones != (len(base.Offsets) == 0) || len(base.Offsets) != len(length.Offsets) {
			t.Fatalf("%d and %d ends of %d lists of one: %v", len(base.Offsets), len(length.Offsets), rows, ones)
		}
		if n := base.Total(schema.KindIntList, rows); n != total {
			t.Fatalf("%d entries, want %d", n, total)
		}
		for row, list := range want {
			for i := range list {
				at := row
				if !ones {
					at = int(base.Offsets[row]) + i
				}
				atLen := at
				if len(length.Ints) == 1 {
					atLen = 0
				}
				if uint64(base.Ints[at]) != list[i].Base || uint64(length.Ints[atLen]) != list[i].Len {
					t.Fatalf("row %d of %v: %d %d %d", row, want, base.Offsets, base.Ints, length.Ints)
				}
			}
			if !ones && int(base.Offsets[row+1]-base.Offsets[row]) != len(list) {
				t.Fatalf("row %d of %v: ends %d", row, want, base.Offsets)
			}
		}
	}
}
