package parquet

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
)

// A dictionary numbers distinct values in the order of their first use and
// keeps them as its page has them. Both kinds are open-addressing tables that
// are reused from one column to the next.

const (
	dictSlots = 1 << 10 // at the start; a power of two
	noIndex   = -1      // of a null
)

// intDict is a dictionary of integers.
type intDict struct {
	values []int64
	slots  []int32 // index+1; 0 is empty
	shift  uint8   // 64 - log2(len(slots))
}

func (d *intDict) reset() {
	d.values = d.values[:0]
	if len(d.slots) == 0 {
		d.slots, d.shift = make([]int32, dictSlots), 64-10
		return
	}
	clear(d.slots)
}

// index returns the index of v.
func (d *intDict) index(v int64) int32 {
	i := uint64(v) * 0x9e3779b97f4a7c15 >> d.shift
	for {
		switch n := d.slots[i]; {
		case n == 0:
			if 2*len(d.values) >= len(d.slots) {
				d.grow()
				return d.index(v)
			}
			d.values = append(d.values, v)
			d.slots[i] = int32(len(d.values))
			return int32(len(d.values) - 1)
		case d.values[n-1] == v:
			return n - 1
		}
		i = (i + 1) & uint64(len(d.slots)-1)
	}
}

func (d *intDict) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	d.shift--
	for n, v := range d.values {
		i := uint64(v) * 0x9e3779b97f4a7c15 >> d.shift
		for d.slots[i] != 0 {
			i = (i + 1) & uint64(len(d.slots)-1)
		}
		d.slots[i] = int32(n + 1)
	}
}

// bounds returns the smallest and the largest value; there must be one.
func (d *intDict) bounds() (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	for _, v := range d.values {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

// bytesDict is a dictionary of byte strings. data has each with its length in
// front, which is the plain encoding.
type bytesDict struct {
	seed  maphash.Seed
	data  []byte
	ends  []int // of each value in data
	slots []int32
}

func (d *bytesDict) reset() {
	d.data, d.ends = d.data[:0], d.ends[:0]
	if len(d.slots) == 0 {
		d.seed, d.slots = maphash.MakeSeed(), make([]int32, dictSlots)
		return
	}
	clear(d.slots)
}

func (d *bytesDict) len() int { return len(d.ends) }

// at returns value n, valid until the next index.
func (d *bytesDict) at(n int) []byte {
	from := 0
	if n > 0 {
		from = d.ends[n-1]
	}
	return d.data[from+4 : d.ends[n]]
}

// index returns the index of v.
func (d *bytesDict) index(v []byte) int32 {
	if n := len(d.ends); n > 0 && bytes.Equal(d.at(n-1), v) {
		return int32(n - 1)
	}
	i := maphash.Bytes(d.seed, v) & uint64(len(d.slots)-1)
	for {
		n := int(d.slots[i])
		if n == 0 {
			break
		}
		if bytes.Equal(d.at(n-1), v) {
			return int32(n - 1)
		}
		i = (i + 1) & uint64(len(d.slots)-1)
	}
	if 2*len(d.ends) >= len(d.slots) {
		d.grow()
		return d.index(v)
	}
	d.data = binary.LittleEndian.AppendUint32(d.data, uint32(len(v)))
	d.data = append(d.data, v...)
	d.ends = append(d.ends, len(d.data))
	d.slots[i] = int32(len(d.ends))
	return int32(len(d.ends) - 1)
}

func (d *bytesDict) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	for n := range d.ends {
		i := maphash.Bytes(d.seed, d.at(n)) & uint64(len(d.slots)-1)
		for d.slots[i] != 0 {
			i = (i + 1) & uint64(len(d.slots)-1)
		}
		d.slots[i] = int32(n + 1)
	}
}

// maxStatBytes is the longest value that goes into statistics: they are for
// skipping, and stand in the footer.
const maxStatBytes = 64

// bounds returns the smallest and the largest value, or nil when there is none
// or one of them is long.
func (d *bytesDict) bounds() (lo, hi []byte) {
	for n := range d.ends {
		v := d.at(n)
		if n == 0 || bytes.Compare(v, lo) < 0 {
			lo = v
		}
		if n == 0 || bytes.Compare(v, hi) > 0 {
			hi = v
		}
	}
	if len(lo) > maxStatBytes || len(hi) > maxStatBytes {
		return nil, nil
	}
	return lo, hi
}
