package record

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestInternTable(t *testing.T) {
	table := newInternTable()
	find := func(key string, want int32, wantNew bool) {
		t.Helper()
		if row, isNew := table.find([]byte(key)); row != want || isNew != wantNew {
			t.Errorf("%q: row %d, new %v; want %d, %v", key, row, isNew, want, wantNew)
		}
	}
	find("a", 0, true)
	find("", 1, true)
	find("a", 0, false)
	if row, isNew := table.findNull(); row != 2 || !isNew {
		t.Errorf("null: row %d, new %v", row, isNew)
	}
	if row, isNew := table.findNull(); row != 2 || isNew {
		t.Errorf("null again: row %d, new %v", row, isNew)
	}
	find("", 1, false)
	if table.is(2, nil) || !table.is(1, nil) || table.is(noRow, nil) || table.is(99, nil) {
		t.Error("null is not the empty string, and no row is none")
	}
	table.reset()
	find("b", 0, true)
}

// The table agrees with a map over segments of very different sizes.
func TestInternTableAgreesWithAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	table := newInternTable()
	for _, distinct := range []int{3, 5000, 1, 40000, 10, 40000} {
		table.reset()
		model := map[string]int32{}
		for range 2 * distinct {
			n := random.IntN(distinct)
			key := binary.LittleEndian.AppendUint64(nil, uint64(n))[:1+n%8]
			if n%1000 == 999 {
				table.findNull()
				if _, ok := model["null"]; !ok {
					model["null"] = int32(len(model))
				}
			}
			want, ok := model[string(key)]
			if !ok {
				want = int32(len(model))
				model[string(key)] = want
			}
			if row, isNew := table.find(key); row != want || isNew == ok {
				t.Fatalf("row %d, new %v; want %d, %v", row, isNew, want, !ok)
			}
		}
		if len(table.rows) != len(model) {
			t.Fatalf("%d rows, want %d", len(table.rows), len(model))
		}
	}
}

func TestInternTableKeepsItsMemory(t *testing.T) {
	table := newInternTable()
	key := make([]byte, 64)
	fill := func() {
		table.reset()
		for i := range 1000 {
			binary.LittleEndian.PutUint64(key, uint64(i))
			table.find(key)
		}
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n != 0 {
		t.Errorf("%v allocations for a segment like the last", n)
	}
}
