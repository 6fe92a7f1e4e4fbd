package colblock

import (
	"math/bits"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Scan reads an int column piece by piece, from its first row on. Between Open and
// the last Next the column is in memory as its byte planes or runs, which mostly are
// much smaller than its values; those of a piece are still in the processor's cache
// when they are used.
type Scan struct {
	raw      []byte
	ints     intReader
	nulls    []uint64
	row      int // the next
	allNull  bool
	relative bool
}

// Open makes s read an int column's chunk: it decompresses data, which is exactly
// the chunk's frames, and finds every error that there is.
func (d *Decoder) Open(s *Scan, k *Chunk, data []byte) error {
	return d.open(s, &s.raw, k, data)
}

func (d *Decoder) open(s *Scan, raw *[]byte, k *Chunk, data []byte) error {
	if len(data) != k.CompressedSize() {
		return corrupt("%d bytes of frames instead of %d", len(data), k.CompressedSize())
	}
	s.row, s.allNull, s.relative = 0, k.mode == NullsAll, k.Relative != 0
	if s.allNull {
		return nil
	}
	data, err := d.decodeNulls(&s.nulls, k, data)
	if err != nil {
		return err
	}
	_, err = s.ints.open(d, &k.ints, raw, data)
	return err
}

// Next decodes the next rows into v, replacing what it held; rows must be a
// multiple of 64 unless they are the last ones. rel has the same rows of the column
// that the chunk is relative to, and is not looked at without one.
func (s *Scan) Next(v *Vector, rows int, rel *Vector) {
	v.Reset()
	from := s.row
	s.row += rows
	if s.allNull {
		v.FillNull(schema.KindInt, rows)
		return
	}
	n := rows
	if len(s.nulls) > 0 {
		nulls := s.nulls[from/64 : (s.row+63)/64]
		for _, word := range nulls {
			n -= bits.OnesCount64(word)
		}
		if n < rows {
			v.Nulls = append(v.Nulls, nulls...)
		}
	}
	v.Ints = growInts(v.Ints, rows)
	s.ints.next(v.Ints[:n])
	if n < rows {
		spread(v.Ints, n, v)
	}
	if s.relative {
		addTo(v, rel.Ints)
	}
}

// spread moves the n values at the start of vals to the rows that are not
// null, from the back so that it works in place.
func spread(vals []int64, n int, v *Vector) {
	for word := len(v.Nulls) - 1; word >= 0; word-- {
		rows := vals[word*64 : min(word*64+64, len(vals))]
		nulls := v.Nulls[word]
		if nulls == 0 {
			n -= copy(rows, vals[n-len(rows):n])
			continue
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if nulls>>(i&63)&1 != 0 {
				rows[i] = 0
				continue
			}
			n--
			rows[i] = vals[n]
		}
	}
}
