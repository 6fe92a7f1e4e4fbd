package parquet

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// appendBlock appends the rows of all tables of b to dst.
func appendBlock(dst, b *segment.Block) {
	for i := range schema.All() {
		c := &schema.All()[i]
		from, to := &b.Cols[c.ID], &dst.Cols[c.ID]
		base := dst.Rows[c.Table]
		appendNulls(to, from, base, b.Rows[c.Table])
		if c.Kind != schema.KindInt {
			appendOffsets(to, from)
		}
		to.Bytes = append(to.Bytes, from.Bytes...)
		n := len(to.Ints)
		to.Ints = append(to.Ints, from.Ints...)
		if offset := int64(dst.Rows[c.Ref]); c.IsRef() && offset > 0 {
			for i := range to.Ints[n:] {
				to.Ints[n+i] += offset
			}
		}
	}
	for t := range dst.Rows {
		dst.Rows[t] += b.Rows[t]
	}
}

func appendNulls(to, from *colblock.Vector, base, rows int) {
	for word, nulls := range from.Nulls {
		if left := rows - word*64; left < 64 {
			nulls &= 1<<max(left, 0) - 1
		}
		if nulls == 0 {
			continue
		}
		at, shift := base>>6+word, base&63
		low, high := nulls<<shift, nulls>>(64-shift)
		last := at
		if high != 0 {
			last++
		}
		for len(to.Nulls) <= last {
			to.Nulls = append(to.Nulls, 0)
		}
		to.Nulls[at] |= low
		to.Nulls[last] |= high
	}
}

func appendOffsets(to, from *colblock.Vector) {
	if len(from.Offsets) == 0 {
		return
	}
	if len(to.Offsets) == 0 {
		to.Offsets = append(to.Offsets, 0)
	}
	base := to.Offsets[len(to.Offsets)-1]
	for _, o := range from.Offsets[1:] {
		to.Offsets = append(to.Offsets, base+o)
	}
}

// checkRows reports what a row cannot be: a value that is missing although the
// schema says that it is always there, or a number that does not fit its type.
// No recorder writes either; zero, or a part of the number, would be a lie.
func checkRows(b *segment.Block) error {
	for _, c := range schema.Columns() {
		v := &b.Cols[c.ID]
		if c.Type == schema.TypeInt32 || c.Type == schema.TypeEnum {
			for _, n := range v.Ints {
				if n != int64(int32(n)) {
					return fmt.Errorf("column %s has the value %d, which is no int32", c.Name, n)
				}
			}
		}
		if c.Nullable() {
			continue
		}
		if c.Table != schema.TableEvent && anyNull(&b.Cols[schema.RefOf(c.Table)], b.Rows[schema.TableEvent]) {
			return fmt.Errorf("an event has no row in table %v", c.Table)
		}
		if anyNull(v, b.Rows[c.Table]) {
			return fmt.Errorf("column %s has a null, which the schema excludes", c.Name)
		}
	}
	return nil
}

func anyNull(v *colblock.Vector, rows int) bool {
	for word, nulls := range v.Nulls {
		if rest := rows - word<<6; rest < 64 {
			nulls &= 1<<max(rest, 0) - 1
		}
		if nulls != 0 {
			return true
		}
	}
	return false
}
