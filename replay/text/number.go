package text

import "math/bits"

// appendInt appends v in decimal. It writes where the digits belong, which
// package strconv cannot: numbers are an eighth of the time of an event.
func appendInt(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	return appendUint(dst, u)
}

func appendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, '0'+byte(v))
	}
	const room = "00000000000000000000" // of the largest number
	dst = append(dst, room[:digitsOf(v)]...)
	i := len(dst)
	for v >= 100 {
		rest := v / 100
		pair := (v - rest*100) * 2
		v = rest
		i -= 2
		dst[i], dst[i+1] = pairs[pair], pairs[pair+1]
	}
	if v >= 10 {
		dst[i-2], dst[i-1] = pairs[v*2], pairs[v*2+1]
	} else {
		dst[i-1] = '0' + byte(v)
	}
	return dst
}

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

const pairs = "0001020304050607080910111213141516171819" +
	"2021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859" +
	"6061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"
