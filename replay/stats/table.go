package stats

import (
	"iter"
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// groupTable holds the groups by code. Groups never move.
type groupTable struct {
	slabs [][]group
}

const slabGroups = 1 << 8

// at returns the group of the code, which is new when it has no events.
func (t *groupTable) at(c code, m *memory) *group {
	slab := int(c / slabGroups)
	for slab >= len(t.slabs) {
		t.slabs = append(t.slabs, nil)
	}
	if t.slabs[slab] == nil {
		t.slabs[slab] = make([]group, slabGroups)
		m.used += slabGroups * groupBytes
	}
	return &t.slabs[slab][c%slabGroups]
}

// all returns the groups that have events.
func (t *groupTable) all() iter.Seq2[*group, code] {
	return func(yield func(*group, code) bool) {
		for s, slab := range t.slabs {
			for i := range slab {
				if slab[i].events > 0 && !yield(&slab[i], code(s*slabGroups+i)) {
					return
				}
			}
		}
	}
}

// runs returns the maximal runs [from, to) of rows that are not null.
func runs(v *colblock.Vector, rows int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		from := 0
		for word, nulls := range v.Nulls {
			for ; nulls != 0; nulls &= nulls - 1 {
				null := word<<6 + bits.TrailingZeros64(nulls)
				if null >= rows {
					break
				}
				if null > from && !yield(from, null) {
					return
				}
				from = null + 1
			}
		}
		if from < rows {
			yield(from, rows)
		}
	}
}
