package record

import (
	"math/rand/v2"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// A column set by runs has the values that were set, whatever their order, and
// where the memory was used before; one value alone where that is all.
func TestRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var v colblock.Vector
	var r runs
	for range 500 {
		v.Reset()
		r.begin(&v, 40)
		rows, distinct, null := random.IntN(41), 1+random.IntN(3), random.IntN(60)
		var want []int64
		same := true
		for row := range rows {
			value := int64(random.IntN(distinct))
			if row == null {
				v.SetNull(row)
			}
			r.set(row, value)
			want = append(want, value)
			same = same && value == want[0]
		}
		r.finish(&v, rows)
		if same && rows > 0 && null >= rows {
			if len(v.Ints) != 1 || v.Ints[0] != want[0] {
				t.Fatalf("%d in all %d rows is %d", want[0], rows, v.Ints)
			}
			continue
		}
		if len(v.Ints) != rows {
			t.Fatalf("%d values for %d rows", len(v.Ints), rows)
		}
		for row := range want {
			if v.Ints[row] != want[row] {
				t.Fatalf("set to %d, got %d", want, v.Ints)
			}
		}
	}
}
