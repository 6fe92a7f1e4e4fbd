package spill

import "github.com/sendmsgrec/sendmsgrec/replay/deliver"

// itemBits is how much of a key is the record's number in its part: a part has
// at most 16 MiB, and the smallest record has more than one byte.
const itemBits = 24

// Key is the key of a position in the stream that the parts are: keys rise from
// record to record. Items count the records of a part that a reader returns,
// from 1.
func Key(part uint64, item int64) int64 { return int64(part)<<itemBits | item }

func partOf(key int64) uint64 { return uint64(key) >> itemBits }

// behind reports whether the position lies behind all rows of the item at key.
func behind(p deliver.Position, key, rows int64) bool {
	return p.Key > key || p.Key == key && p.AtKey >= rows
}
