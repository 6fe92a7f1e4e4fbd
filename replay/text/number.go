package text

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendInt appends v in decimal. It writes where the digits belong, which
// package strconv cannot: of an event with all its fields, numbers are a third
// of the time.
func appendInt(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	return appendUint(dst, u)
}

// maxDigits is the length of the largest number.
const maxDigits = 20

func appendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, '0'+byte(v))
	}
	n := digitsOf(v)
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, maxDigits)
	}
	start := len(dst)
	dst = dst[:start+n]
	digits := dst[start:]
	for len(digits) > 8 {
		rest := v / 1e8
		put8(digits[len(digits)-8:], uint32(v-rest*1e8))
		v, digits = rest, digits[:len(digits)-8]
	}
	u := uint32(v)
	for len(digits) >= 2 {
		rest := u / 100
		putPair(digits[len(digits)-2:], u-rest*100)
		u, digits = rest, digits[:len(digits)-2]
	}
	if len(digits) > 0 {
		digits[0] = '0' + byte(u)
	}
	return dst
}

// put8 writes the eight digits of v, zeros in front: the divisions do not wait
// for one another.
func put8(dst []byte, v uint32) {
	high, low := v/10000, v%10000
	_ = dst[7]
	putPair(dst, high/100)
	putPair(dst[2:], high%100)
	putPair(dst[4:], low/100)
	putPair(dst[6:], low%100)
}

// append9 appends the nine digits of v, zeros in front: nanoseconds behind a
// second's point.
func append9(dst []byte, v uint32) []byte {
	dst = append(dst, "000000000"...)
	digits := dst[len(dst)-9:]
	first := v / 1e8
	digits[0] = '0' + byte(first)
	put8(digits[1:], v-first*1e8)
	return dst
}

func putPair(dst []byte, v uint32) { binary.LittleEndian.PutUint16(dst, pairs[v]) }

// pairs are the digits of 00 to 99.
var pairs = func() (p [100]uint16) {
	for i := range p {
		p[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8
	}
	return p
}()

// digitsOf returns the number of decimal digits of v, which is not 0.
func digitsOf(v uint64) int {
	n := bits.Len64(v) * 1233 >> 12 // log10 of 2 is 1233/4096; one too small or right
	if v >= powers[n] {
		n++
	}
	return n
}

var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()
