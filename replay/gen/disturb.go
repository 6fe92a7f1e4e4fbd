package gen

import (
	"encoding/binary"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Disturb changes a block of events as a fuzzer says, six bytes a change: the
// column, the row, two bytes of a number, how, and by how many bits the number
// is shifted. Bit 0 of how makes a null, bit 1 changes all rows of the column,
// bit 2 shifts. A ref becomes null or another row.
func Disturb(b *segment.Block, changes []byte) {
	for ; len(changes) >= 6; changes = changes[6:] {
		columns := schema.All()
		c := &columns[int(changes[0])%len(columns)]
		row, how := int(changes[1])%b.Rows[c.Table], changes[4]
		value := int64(int16(binary.LittleEndian.Uint16(changes[2:])))
		if how&4 != 0 {
			value <<= changes[5] % 64
		}
		if c.IsRef() {
			value = int64(uint64(value) % uint64(b.Rows[c.Ref]))
		}
		from, to := row, row+1
		if how&2 != 0 {
			from, to = 0, b.Rows[c.Table]
		}
		v := &b.Cols[c.ID]
		for i := from; i < to; i++ {
			switch {
			case how&1 != 0:
				v.SetNull(i)
			case c.Kind == schema.KindInt:
				v.Ints[i] = value
				if i>>6 < len(v.Nulls) {
					v.Nulls[i>>6] &^= 1 << (i & 63)
				}
			}
		}
	}
}
