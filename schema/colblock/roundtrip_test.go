package colblock

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func ints(vals ...int64) *Vector { return &Vector{Ints: vals} }

func sequence(n int, f func(i int) int64) *Vector {
	v := &Vector{}
	for i := range n {
		v.Ints = append(v.Ints, f(i))
	}
	return v
}

func strings(vals ...string) *Vector {
	v := &Vector{}
	for _, s := range vals {
		v.AppendBytes([]byte(s))
	}
	return v
}

func lists(vals ...[]int64) *Vector {
	v := &Vector{}
	for _, l := range vals {
		v.Ints = append(v.Ints, l...)
		v.EndList()
	}
	return v
}

func (v *Vector) with(nulls ...int) *Vector {
	for _, i := range nulls {
		v.SetNull(i)
	}
	return v
}

func (v *Vector) rows(kind schema.Kind) int {
	if kind == schema.KindInt {
		return len(v.Ints)
	}
	return len(v.Offsets) - 1
}

func parseChunk(entry []byte, rows int) (*Chunk, error) {
	k := &Chunk{}
	return k, k.Parse(entry, rows)
}

// roundTrip encodes v and decodes it again, also into a vector that was used.
func roundTrip(t *testing.T, kind schema.Kind, v *Vector, rows int, rel *Relative) (entry, data []byte) {
	t.Helper()
	entry, data, err := NewEncoder().AppendChunk(nil, nil, kind, v, rows, rel)
	if err != nil {
		t.Fatal(err)
	}
	k, err := parseChunk(entry, rows)
	if err != nil {
		t.Fatal(err)
	}
	var relVector *Vector
	if k.Relative != 0 {
		relVector = rel.Vector
	}
	d := NewDecoder()
	got := &Vector{Ints: []int64{7}, Bytes: []byte{7}, Offsets: []uint32{0, 1}, Nulls: []uint64{1}}
	for range 2 {
		if err := d.Decode(got, k, data, relVector); err != nil {
			t.Fatal(err)
		}
		if err := same(kind, v, got, rows); err != nil {
			t.Fatal(err)
		}
	}
	return entry, data
}

func same(kind schema.Kind, want, got *Vector, rows int) error {
	for i := range rows {
		null := want.IsNull(i) || want.empty(kind)
		if got.IsNull(i) != null {
			return fmt.Errorf("row %d: null is %v", i, got.IsNull(i))
		}
		switch {
		case null && kind == schema.KindInt:
			if got.Ints[i] != 0 {
				return fmt.Errorf("row %d: null with value %d", i, got.Ints[i])
			}
		case null:
			if got.Offsets[i] != got.Offsets[i+1] {
				return fmt.Errorf("row %d: null with a length", i)
			}
		case kind == schema.KindInt && got.Ints[i] != want.Ints[i]:
			return fmt.Errorf("row %d: %d instead of %d", i, got.Ints[i], want.Ints[i])
		case kind == schema.KindBytes && !bytes.Equal(got.BytesAt(i), want.BytesAt(i)):
			return fmt.Errorf("row %d: %q instead of %q", i, got.BytesAt(i), want.BytesAt(i))
		case kind == schema.KindIntList && !slices.Equal(got.ListAt(i), want.ListAt(i)):
			return fmt.Errorf("row %d: %d instead of %d", i, got.ListAt(i), want.ListAt(i))
		}
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name string
		kind schema.Kind
		v    *Vector
		most int // bytes that description and data may take, 0 for any
	}{
		{"a single value is a constant", schema.KindInt, ints(-5), 3},
		{"a constant column costs a few bytes", schema.KindInt, sequence(32768, func(int) int64 { return 4026531840 }), 8},
		{"a line costs a few bytes", schema.KindInt, sequence(32768, func(i int) int64 { return 1<<40 + 3*int64(i) }), 12},
		{"the extremes of 64 bits beside each other", schema.KindInt, ints(math.MinInt64, math.MaxInt64, 0, -1, math.MinInt64), 0},
		{"deltas that overflow", schema.KindInt, sequence(5000, func(i int) int64 { return int64(i) * (math.MaxInt64 / 3) }), 0},
		{"two values are a dictionary", schema.KindInt, sequence(32768, func(i int) int64 { return 0x7fff00001000 << (i & 1) }), 200},
		{"256 wide values are a dictionary", schema.KindInt, sequence(9000, func(i int) int64 { return int64(i*i%256) * 0x123456789 }), 0},
		{"257 wide values are none", schema.KindInt, sequence(9000, func(i int) int64 { return int64(i%257) * 0x123456789 }), 0},
		{"batches of two CPUs", schema.KindInt, sequence(32768, func(i int) int64 { return int64(i >> 9 & 1) }), 100},
		{"runs of wide values, few of them different", schema.KindInt, sequence(9000, func(i int) int64 { return int64((i/9)*(i/9)%50) * 0x123456789 }), 0},
		{"runs to both extremes of 64 bits", schema.KindInt, sequence(9000, func(i int) int64 { return math.MinInt64 ^ -int64(i/200&1) }), 0},
		{"runs between nulls", schema.KindInt, sequence(9000, func(i int) int64 { return int64(i / 10) }).with(0, 5, 1000, 8999), 0},
		{"lists whose lengths are runs", schema.KindIntList, func() *Vector {
			v := &Vector{}
			for i := range 5000 {
				for range 1 + i/40%3 {
					v.Ints = append(v.Ints, int64(i*i))
				}
				v.EndList()
			}
			return v
		}(), 0},
		{"random 64-bit values", schema.KindInt, sequence(20000, func(int) int64 { return int64(random.Uint64()) }), 20000*8 + 200},
		{"every width, values", schema.KindInt, sequence(64, func(i int) int64 { return 1<<i - 1 }), 0},
		{"one null among values", schema.KindInt, ints(1, 0, 3).with(1), 0},
		{"all values null", schema.KindInt, ints(0, 0, 0).with(0, 1, 2), 1},
		{"never filled is all null", schema.KindInt, &Vector{}, 1},
		{"every second value null, in a bitmap of its own frame", schema.KindInt, func() *Vector {
			v := sequence(5001, func(i int) int64 { return int64(i & 1 * i) })
			for i := 0; i < 5001; i += 2 {
				v.SetNull(i)
			}
			return v
		}(), 0},
		{"null bits behind the last row are ignored", schema.KindInt, ints(1, 2).with(5, 900), 0},
		{"a value in the slot of a null row is dropped", schema.KindInt, ints(9, 9, 8).with(0), 0},
		{"byte strings, empty and null told apart", schema.KindBytes, strings("", "a", "", "\x00\xff").with(2), 0},
		{"only empty byte strings", schema.KindBytes, strings("", "", ""), 6},
		{"no byte string at all", schema.KindBytes, strings("", "").with(0, 1), 1},
		{"equal byte strings", schema.KindBytes, func() *Vector {
			v := &Vector{}
			for range 3000 {
				v.AppendBytes([]byte("/run/dbus/system_bus_socket"))
			}
			return v
		}(), 100},
		{"lists of changing length", schema.KindIntList, lists(nil, []int64{1}, []int64{2, 3, math.MinInt64}, nil, nil).with(3), 0},
		{"only empty lists", schema.KindIntList, lists(nil, nil), 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := c.v.rows(c.kind)
			if c.v.empty(c.kind) {
				rows = 300
			}
			entry, data := roundTrip(t, c.kind, c.v, rows, nil)
			if size := len(entry) + len(data); c.most > 0 && size > c.most {
				t.Errorf("takes %d bytes, %d are enough", size, c.most)
			}
		})
	}
}

// One value for all rows is encoded as the same value in every row is, also
// where the column could be stored relative to another one, or that to it.
func TestOneValueForAllRows(t *testing.T) {
	const rows = 5000
	one, every := ints(64), sequence(rows, func(int) int64 { return 64 })
	varies := sequence(rows, func(i int) int64 { return int64(64 + i%7/6) })
	for _, c := range []struct {
		name          string
		v, same       *Vector
		rel, relEvery *Vector
	}{
		{"of a column", one, every, nil, nil},
		{"of a column that may be relative", one, every, varies, varies},
		{"of both", one, every, one, every},
	} {
		t.Run(c.name, func(t *testing.T) {
			relative := func(v *Vector) *Relative {
				if v == nil {
					return nil
				}
				return &Relative{schema.ColRet, v}
			}
			e := NewEncoder()
			entry, data, err := e.AppendChunk(nil, nil, schema.KindInt, c.v, rows, relative(c.rel))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, ok := e.Bounds(c.v, rows); ok {
				t.Error("a constant has bounds")
			}
			entry2, data2, err := e.AppendChunk(nil, nil, schema.KindInt, c.same, rows, relative(c.relEvery))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(entry, entry2) || !bytes.Equal(data, data2) {
				t.Errorf("%x %x, with every value %x %x", entry, data, entry2, data2)
			}
		})
	}
	// A column beside it is stored as it is.
	roundTrip(t, schema.KindInt, varies, rows, &Relative{schema.ColRet, one})
}

func TestRelative(t *testing.T) {
	ret := sequence(6000, func(i int) int64 { return int64(i*7919%1000) + 1 })
	ret.Ints[17], ret.Ints[18] = -11, 0
	ret.SetNull(18)
	requested := sequence(6000, func(i int) int64 { return int64(i*7919%1000) + 1 }).with(40)
	lengths := &Vector{}
	for i := range 6000 {
		if i%10 == 0 {
			lengths.Ints = append(lengths.Ints, 1, 2)
		} else if i%10 != 5 {
			lengths.Ints = append(lengths.Ints, ret.Ints[i])
		}
		lengths.EndList()
	}
	rel := &Relative{schema.ColRet, ret}
	for _, c := range []struct {
		name string
		kind schema.Kind
		v    *Vector
		rel  bool
	}{
		{"mostly the same value", schema.KindInt, requested, true},
		{"lists of mostly the same value", schema.KindIntList, lengths, true},
		{"another value", schema.KindInt, sequence(6000, func(i int) int64 { return int64(i * i) }), false},
		{"a constant needs no other column", schema.KindInt, sequence(6000, func(int) int64 { return 64 }), false},
		{"a column that is not there", schema.KindInt, &Vector{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			entry, data := roundTrip(t, c.kind, c.v, 6000, rel)
			if got := entry[0]&FlagRelative != 0; got != c.rel {
				t.Fatalf("relative is %v", got)
			}
			if c.rel {
				k, _ := parseChunk(entry, 6000)
				if err := NewDecoder().Decode(&Vector{}, k, data, nil); !errors.Is(err, ErrCorrupt) {
					t.Errorf("without the other column: %v", err)
				}
				if err := NewDecoder().Decode(&Vector{}, k, data, ints(1)); !errors.Is(err, ErrCorrupt) {
					t.Errorf("with another column of other length: %v", err)
				}
			}
		})
	}
}

// TestRandomRoundTrip draws columns of all kinds and shapes.
func TestRandomRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	enc, dec := NewEncoder(), NewDecoder()
	var got Vector
	for range 600 {
		kind := schema.Kind(1 + r.IntN(3))
		v, rows := randomVector(r, kind)
		entry, data, err := enc.AppendChunk(nil, nil, kind, v, rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		k, err := parseChunk(entry, rows)
		if err == nil {
			err = dec.Decode(&got, k, data, nil)
		}
		if err == nil {
			err = same(kind, v, &got, rows)
		}
		if err != nil {
			t.Fatalf("%v of %d rows: %v", kind, rows, err)
		}
	}
}

func randomVector(r *rand.Rand, kind schema.Kind) (*Vector, int) {
	v := &Vector{}
	rows := 1 + r.IntN(1<<r.IntN(13))
	shift, step, distinct := r.IntN(64), r.IntN(3), 1+r.IntN(1<<r.IntN(12))
	last, repeats := int64(r.Uint64()), r.IntN(4)*r.IntN(10)
	value := func() int64 {
		if r.IntN(1+repeats) > 0 {
			return last
		}
		switch step {
		case 0:
			last = int64(r.Uint64() >> shift)
		case 1:
			last += int64(r.Uint64()>>shift) - 1<<(63-shift)>>1
		default:
			last = int64(r.IntN(distinct)) * 0x1234567
		}
		return last
	}
	for i := range rows {
		null := r.IntN(8) == 0 && distinct%2 == 0
		if null {
			v.SetNull(i)
		}
		switch kind {
		case schema.KindInt:
			v.Ints = append(v.Ints, value())
		case schema.KindBytes:
			if !null {
				for range r.IntN(1 + shift) {
					v.Bytes = append(v.Bytes, byte(value()))
				}
			}
			v.AppendBytes(nil)
		case schema.KindIntList:
			if !null {
				for range r.IntN(5) {
					v.Ints = append(v.Ints, value())
				}
			}
			v.EndList()
		}
	}
	return v, rows
}

// A column that leaves out what repeats is the same chunk as the one that does not.
func TestShortFormsAreTheSameChunk(t *testing.T) {
	const rows = 3000
	constant, counting, ends := make([]int64, rows), make([]int64, rows), make([]uint32, rows+1)
	for i := range rows {
		constant[i], counting[i], ends[i+1] = 64, int64(i*i), uint32(i+1)
	}
	almost := slices.Clone(counting)
	almost[7]++
	rel := &Relative{ID: schema.ColRet, Vector: &Vector{Ints: almost}}
	for _, c := range []struct {
		name        string
		kind        schema.Kind
		short, full *Vector
		relative    bool
	}{
		{"a number", schema.KindInt, ints(64), &Vector{Ints: constant}, false},
		{"lists of one", schema.KindIntList, &Vector{Ints: counting}, &Vector{Ints: counting, Offsets: ends}, true},
		{"lists of one number", schema.KindIntList, ints(64), &Vector{Ints: constant, Offsets: ends}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rel := range []*Relative{nil, rel} {
				wantEntry, wantData := roundTrip(t, c.kind, c.full, rows, rel)
				e := NewEncoder()
				entry, data, err := e.AppendChunk(nil, nil, c.kind, c.short, rows, rel)
				if err != nil || !bytes.Equal(entry, wantEntry) || !bytes.Equal(data, wantData) {
					t.Errorf("%v: entry of %d bytes, data of %d, instead of %d and %d", err, len(entry), len(data), len(wantEntry), len(wantData))
				}
				if e.relative != (c.relative && rel != nil) {
					t.Errorf("relative is %v", e.relative)
				}
			}
		})
	}
}

func TestEncoderRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		kind schema.Kind
		v    *Vector
		rows int
		err  error
	}{
		{"more rows than the format has", schema.KindInt, ints(1), MaxRows + 1, ErrLimit},
		{"no row", schema.KindInt, ints(1), 0, ErrLimit},
		{"fewer values than rows", schema.KindInt, ints(1, 2), 3, nil},
		{"one value for all rows, and a null", schema.KindInt, ints(1).with(1), 3, nil},
		{"lists of one, fewer than rows", schema.KindIntList, ints(1, 2), 3, nil},
		{"lists of one, and a null", schema.KindIntList, ints(1, 2, 3).with(1), 3, nil},
		{"fewer offsets than rows", schema.KindBytes, strings("a"), 2, nil},
		{"a null row with bytes", schema.KindBytes, strings("a", "b").with(1), 2, nil},
		{"bytes behind the last offset", schema.KindBytes, &Vector{Bytes: []byte("ab"), Offsets: []uint32{0, 1}}, 1, nil},
		{"offsets that do not start at 0", schema.KindBytes, &Vector{Bytes: []byte("ab"), Offsets: []uint32{1, 2}}, 1, nil},
		{"offsets that fall", schema.KindIntList, &Vector{Ints: []int64{1, 2}, Offsets: []uint32{0, 2, 1, 2}}, 3, nil},
		{"more list values than the format has", schema.KindIntList,
			&Vector{Ints: make([]int64, MaxListValues+1), Offsets: []uint32{0, MaxListValues + 1}}, 1, ErrLimit},
		{"more bytes than the format has", schema.KindBytes,
			&Vector{Bytes: make([]byte, MaxColumnBytes+1), Offsets: []uint32{0, MaxColumnBytes + 1}}, 1, ErrLimit},
		{"an unknown kind", schema.Kind(9), strings("a"), 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := NewEncoder().AppendChunk(nil, nil, c.kind, c.v, c.rows, nil)
			if err == nil || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// What Scan reads piece by piece, whatever the pieces, is what Decode reads.
func TestScanReadsWhatDecodeReads(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	enc, dec := NewEncoder(), NewDecoder()
	var whole, piece Vector
	var scan Scan
	for n := range 400 {
		v, rows := randomVector(r, schema.KindInt)
		if n%50 == 0 {
			v = &Vector{} // all null
		}
		base := sequence(rows, func(i int) int64 { return int64(i*i%7) << 40 })
		if n%3 == 0 {
			v = sequence(rows, func(i int) int64 { return base.Ints[i] + max(0, int64(r.IntN(100))-97) })
		}
		entry, data, err := enc.AppendChunk(nil, nil, schema.KindInt, v, rows, &Relative{schema.ColRet, base})
		if err != nil {
			t.Fatal(err)
		}
		k, err := parseChunk(entry, rows)
		if err == nil {
			err = dec.Decode(&whole, k, data, base)
		}
		if err == nil {
			err = dec.Open(&scan, k, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < rows; {
			to := min(rows, from+64*(1+r.IntN(20)))
			rel, want := base.Slice(from, to), whole.Slice(from, to)
			scan.Next(&piece, to-from, &rel)
			if err := same(schema.KindInt, &want, &piece, to-from); err != nil {
				t.Fatalf("rows %d to %d of %v: %v", from, to, k, err)
			}
			from = to
		}
	}
}

// runShapes are columns with runs, as recordings have them.
func runShapes(rows int) map[string][]int64 {
	r := rand.New(rand.NewPCG(3, 4))
	last, left := int64(0), 0
	return map[string][]int64{
		"batches": sequence(rows, func(i int) int64 { return int64(i >> 10 & 1) }).Ints,
		"rare errors": sequence(rows, func(int) int64 {
			if r.IntN(33) > 0 {
				return 0
			}
			return 11 + int64(r.IntN(2000))
		}).Ints,
		"short runs": sequence(rows, func(int) int64 {
			if left--; left < 0 {
				last, left = int64(r.IntN(50)), r.IntN(8)
			}
			return last
		}).Ints,
		"one of two values": sequence(rows, func(int) int64 { return int64(r.IntN(8)) / 7 }).Ints,
	}
}

// Where runs are taken, they take less room than what would be taken without.
func TestRunsTakeLess(t *testing.T) {
	enc := NewEncoder()
	for name, vals := range runShapes(32768) {
		entry, data := enc.appendInts(nil, nil, vals, inChunk)
		without, rest := enc.appendInts(nil, nil, vals, inRuns)
		got, want := len(entry)+len(data), len(without)+len(rest)
		if entry[0] != EncodingRuns || got > want {
			t.Errorf("%s: %d bytes with encoding %d, %d with encoding %d", name, got, entry[0]&15, want, without[0]&15)
		}
	}
}
