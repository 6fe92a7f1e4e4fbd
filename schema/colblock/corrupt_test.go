package colblock

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func TestParseRefuses(t *testing.T) {
	const intNone = byte(schema.KindInt)
	uv := binary.AppendUvarint
	for _, c := range []struct {
		name  string
		rows  int
		entry []byte
		err   error
	}{
		{"nothing", 1, nil, ErrCorrupt},
		{"an unknown kind", 1, []byte{4, 0, 0}, ErrCorrupt},
		{"kind 0", 1, []byte{0, 0, 0}, ErrCorrupt},
		{"no rows", 0, []byte{intNone, 0, 0}, ErrLimit},
		{"too many rows", MaxRows + 1, []byte{intNone, 0, 0}, ErrLimit},
		{"an unknown null mode", 1, []byte{intNone | 3<<4, 0, 0}, ErrCorrupt},
		{"an unknown flag", 1, []byte{intNone | 1<<7, 0, 0}, ErrCorrupt},
		{"bytes relative to a column", 1, []byte{byte(schema.KindBytes) | FlagRelative, 5, 0, 0}, ErrCorrupt},
		{"relative to column 0", 1, []byte{intNone | FlagRelative, 0, 0, 0}, ErrCorrupt},
		{"a bitmap without nulls", 9, []byte{intNone | NullsBitmap<<4, 0, StorageInline, 0, 0, 0, 0}, ErrCorrupt},
		{"a bitmap of nulls only", 9, []byte{intNone | NullsBitmap<<4, 9, StorageInline, 255, 1, 0, 0}, ErrCorrupt},
		{"an unknown encoding", 1, []byte{intNone, 5, 0}, ErrCorrupt},
		{"a constant with a width", 1, []byte{intNone, 1 << 4, 0}, ErrCorrupt},
		{"a constant without its value", 1, []byte{intNone, 0}, ErrCorrupt},
		{"values of width 0", 2, []byte{intNone, EncodingValues, 0}, ErrCorrupt},
		{"values of width 9", 2, []byte{intNone, EncodingValues | 9<<4, 0}, ErrCorrupt},
		{"deltas of width 9", 2, []byte{intNone, EncodingDeltas | 9<<4, 0, 0}, ErrCorrupt},
		{"a varint of eleven bytes", 1, []byte{intNone, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, ErrCorrupt},
		{"a dictionary of a dictionary", 2, []byte{intNone, 3, 1, 3, 1, 3, 1, 3, 1}, ErrCorrupt},
		{"runs with a width", 8, []byte{intNone, EncodingRuns | 1<<4, 2, 0, 2, 0, 6}, ErrCorrupt},
		{"one run", 8, []byte{intNone, EncodingRuns, 1, 0, 2, 0, 14}, ErrCorrupt},
		{"more runs than half the values", 8, []byte{intNone, EncodingRuns, 5, 0, 2, 0, 0}, ErrCorrupt},
		{"runs of runs", 16, []byte{intNone, EncodingRuns, 4, EncodingRuns, 2, 0, 2, 0, 2, 0, 6}, ErrCorrupt},
		{"a dictionary of runs", 16, []byte{intNone, EncodingDictionary, 3, EncodingRuns, 2, 0, 2, 0, 2}, ErrCorrupt},
		{"a dictionary of lengths", 8, []byte{intNone, EncodingRuns, 2, 0, 2, EncodingDictionary, 0, 0, 6, StorageInline, 0, 0}, ErrCorrupt},
		{"runs without lengths", 8, []byte{intNone, EncodingRuns, 2, 0, 2}, ErrCorrupt},
		{"inline bytes that are not there", 2, []byte{intNone, EncodingValues | 1<<4, 0, StorageInline, 1}, ErrCorrupt},
		{"inline bytes above the limit", 300, append([]byte{intNone, EncodingValues | 1<<4, 0, StorageInline}, make([]byte, 300)...), ErrCorrupt},
		{"an unknown storage", 2, []byte{intNone, EncodingValues | 1<<4, 0, 3, 1}, ErrCorrupt},
		{"planes of one plane", 2, []byte{intNone, EncodingValues | 1<<4, 0, StoragePlanes, 1}, ErrCorrupt},
		{"a frame of no bytes", 2, []byte{intNone, EncodingValues | 1<<4, 0, StorageFrame, 0}, ErrCorrupt},
		{"a frame above the limit", 2, uv([]byte{intNone, EncodingValues | 1<<4, 0, StorageFrame}, MaxColumnBytes+1), ErrCorrupt},
		{"more bytes than a column may have", 1, uv([]byte{byte(schema.KindBytes), 0, 0}, MaxColumnBytes+1), ErrLimit},
		{"more list values than a column may have", 1, uv([]byte{byte(schema.KindIntList), 0, 0}, MaxListValues+1), ErrLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseChunk(c.entry, c.rows); !errors.Is(err, c.err) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	enc := NewEncoder()
	bomb := enc.compress.matches.EncodeAll(make([]byte, 1<<20), nil)
	short := enc.compress.matches.EncodeAll(make([]byte, 999), nil)
	two := append(append([]byte{}, short...), enc.compress.matches.EncodeAll([]byte{1}, nil)...)
	frame := func(data []byte) []byte {
		return binary.AppendUvarint([]byte{byte(schema.KindInt), EncodingValues | 1<<4, 0, StorageFrame}, uint64(len(data)))
	}
	for _, c := range []struct {
		name  string
		rows  int
		entry []byte
		data  []byte
	}{
		{"a frame that holds more than the directory says", 1000, frame(bomb), bomb},
		{"a frame that holds less", 1000, frame(short), short},
		{"no zstd frame", 4, frame([]byte("none")), []byte("none")},
		{"a frame cut short", 999, frame(short[:9]), short[:9]},
		{"two frames in place of one, of the right size in all", 1000, frame(two), append(two, 0)},
		{"data of another length", 999, frame(short), short[1:]},
		{"an index beyond the dictionary", 2, []byte{byte(schema.KindInt), EncodingDictionary, 0, 0, 2, StorageInline, 0, 1}, nil},
		{"runs of more values", 9, []byte{byte(schema.KindInt), EncodingRuns, 2, 0, 2, EncodingValues | 1<<4, 0, StorageInline, 3, 5}, nil},
		{"runs of fewer values", 9, []byte{byte(schema.KindInt), EncodingRuns, 2, 0, 2, EncodingValues | 1<<4, 0, StorageInline, 3, 3}, nil},
		{"runs of a negative length", 9, []byte{byte(schema.KindInt), EncodingRuns, 2, 0, 2, EncodingValues | 1<<4, 1, StorageInline, 0, 8}, nil},
		{"runs whose lengths overflow", 9, []byte{byte(schema.KindInt), EncodingRuns, 4, 0, 2, 0, 255, 255, 255, 255, 255, 255, 255, 255, 127}, nil},
		{"more null bits than promised", 9, []byte{byte(schema.KindInt) | NullsBitmap<<4, 1, StorageInline, 3, 0, 0, 0}, nil},
		{"null bits behind the last row", 9, []byte{byte(schema.KindInt) | NullsBitmap<<4, 1, StorageInline, 0, 2, 0, 0}, nil},
		{"lengths beyond the bytes", 2, []byte{byte(schema.KindBytes), 0, 4, 3, StorageInline, 'a', 'b', 'c'}, nil},
		{"lengths short of the bytes", 2, []byte{byte(schema.KindBytes), 0, 2, 3, StorageInline, 'a', 'b', 'c'}, nil},
		{"a negative length", 2, []byte{byte(schema.KindBytes), 0, 1, 3, StorageInline, 'a', 'b', 'c'}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := parseChunk(c.entry, c.rows)
			if err != nil {
				t.Fatal(err)
			}
			if err := NewDecoder().Decode(&Vector{}, k, c.data, nil); !errors.Is(err, ErrCorrupt) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// TestEncodeAllocatesNothing holds what the recorder relies on.
func TestEncodeAllocatesNothing(t *testing.T) {
	enc := NewEncoder()
	for _, v := range []*Vector{
		sequence(20000, func(i int) int64 { return int64(i*i) % 70000 }),
		sequence(20000, func(i int) int64 { return int64((i / 5) * (i / 5)) }),
	} {
		entry, data, err := enc.AppendChunk(nil, nil, schema.KindInt, v, 20000, nil)
		if err != nil {
			t.Fatal(err)
		}
		if runs := v.Ints[1] == v.Ints[2]; runs != (entry[1] == EncodingRuns) {
			t.Errorf("encoding %d for runs: %v", entry[1]&15, runs)
		}
		if n := testing.AllocsPerRun(20, func() {
			entry, data, _ = enc.AppendChunk(entry[:0], data[:0], schema.KindInt, v, 20000, nil)
		}); n > 0 {
			t.Errorf("%v allocations a chunk", n)
		}
	}
}
