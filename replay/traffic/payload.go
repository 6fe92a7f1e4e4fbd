package traffic

import (
	"encoding/binary"
	"math/rand/v2"
)

// maxMessage bounds a message, and the payload, which all messages share.
const maxMessage = 64 << 20

// newPayload returns the first n bytes of the stream that messages are made of:
// ChaCha8, keyed with the seed.
func newPayload(seed uint64, n int64) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
	return b
}
