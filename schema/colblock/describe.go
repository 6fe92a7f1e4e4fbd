package colblock

import (
	"fmt"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// String tells how the chunk is stored, without its values.
func (k *Chunk) String() string {
	s := k.Kind.String()
	if k.Relative != 0 {
		s += fmt.Sprintf(" relative to %d", k.Relative)
	}
	switch k.mode {
	case NullsAll:
		return s + ", all null"
	case NullsBitmap:
		s += fmt.Sprintf(", %d null in bitmap%v", k.nulls, &k.bitmap)
	}
	switch k.Kind {
	case schema.KindInt:
		return s + ", " + k.ints.String()
	case schema.KindBytes:
		return fmt.Sprintf("%s, lengths %v, %d bytes%v", s, &k.ints, k.total, &k.bytes)
	}
	return fmt.Sprintf("%s, lengths %v, values %v", s, &k.ints, &k.values)
}

// String tells how the stream is stored.
func (s *intStream) String() string {
	if s.count == 0 {
		return "none"
	}
	switch s.encoding {
	case EncodingConstant:
		return "constant"
	case EncodingValues:
		return fmt.Sprintf("values of %d bytes%v", s.width, &s.area)
	case EncodingDeltas:
		return fmt.Sprintf("deltas of %d bytes%v", s.width, &s.area)
	case EncodingRuns:
		return fmt.Sprintf("%d runs, values (%v), lengths (%v)", s.dict.count, s.dict, s.lengths)
	}
	return fmt.Sprintf("dictionary (%v) with index%v", s.dict, &s.area)
}

// String tells where the area's bytes are.
func (a *area) String() string {
	switch {
	case a.raw == 0:
		return ""
	case a.storage == StorageInline:
		return " inline"
	case a.storage == StorageFrame:
		return " in a frame"
	}
	return fmt.Sprintf(" in %d plane frames", a.n)
}
