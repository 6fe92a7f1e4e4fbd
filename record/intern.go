package record

import (
	"hash/maphash"
	"math/bits"
)

// internTable numbers distinct byte strings in the order of their first
// appearance, from 0: the rows of one of a segment's tables. It is a hash
// table with open addressing over keys that stand one after the other in one
// buffer, so that a new segment begins without freeing or allocating anything.
type internTable struct {
	seed  maphash.Seed
	slots []internSlot // length is a power of two, at most half of it is used
	rows  []internRow
	keys  []byte
	null  int32 // row of the absent value, or noRow
}

type internSlot struct {
	hash uint32
	row  int32 // plus 1; 0 is an empty slot
}

type internRow struct {
	offset, end uint32
	hash        uint32
}

const (
	noRow          = -1
	internMinSlots = 256
)

func newInternTable() internTable {
	t := internTable{seed: maphash.MakeSeed(), slots: make([]internSlot, internMinSlots)}
	t.reset()
	return t
}

// reset forgets all rows and keeps the memory. It keeps as many slots as the
// last segment had use for, so that neither a busy segment pays for growing
// nor a quiet one for clearing.
func (t *internTable) reset() {
	want := max(internMinSlots, 1<<bits.Len(uint(2*len(t.rows))))
	t.slots = t.slots[:min(want, cap(t.slots))]
	clear(t.slots)
	t.rows = t.rows[:0]
	t.keys = t.keys[:0]
	t.null = noRow
}

// is reports whether row has this key; noRow and the row of the absent value
// have none.
func (t *internTable) is(row int32, key []byte) bool {
	if uint(row) >= uint(len(t.rows)) || row == t.null {
		return false
	}
	r := &t.rows[row]
	return string(t.keys[r.offset:r.end]) == string(key)
}

// find returns the row of key, and whether the key is new and the row with it.
func (t *internTable) find(key []byte) (row int32, isNew bool) {
	hash := uint32(maphash.Bytes(t.seed, key))
	mask := uint32(len(t.slots) - 1)
	i := hash & mask
	for ; t.slots[i].row != 0; i = (i + 1) & mask {
		if t.slots[i].hash == hash && t.is(t.slots[i].row-1, key) {
			return t.slots[i].row - 1, false
		}
	}
	row = int32(len(t.rows))
	offset := uint32(len(t.keys))
	t.keys = append(t.keys, key...)
	t.rows = append(t.rows, internRow{offset, uint32(len(t.keys)), hash})
	t.slots[i] = internSlot{hash, row + 1}
	if 2*len(t.rows) > len(t.slots) {
		t.grow()
	}
	return row, true
}

// findNull returns the row of the absent value, which equals no key.
func (t *internTable) findNull() (row int32, isNew bool) {
	if t.null == noRow {
		t.null = int32(len(t.rows))
		// A row of its own that no key is compared with: it has no slot.
		t.rows = append(t.rows, internRow{})
		if 2*len(t.rows) > len(t.slots) {
			t.grow()
		}
		return t.null, true
	}
	return t.null, false
}

func (t *internTable) grow() {
	n := 2 * len(t.slots)
	if n <= cap(t.slots) {
		t.slots = t.slots[:n]
		clear(t.slots)
	} else {
		t.slots = make([]internSlot, n)
	}
	mask := uint32(n - 1)
	for row, r := range t.rows {
		if int32(row) == t.null {
			continue
		}
		i := r.hash & mask
		for t.slots[i].row != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = internSlot{r.hash, int32(row) + 1}
	}
}
