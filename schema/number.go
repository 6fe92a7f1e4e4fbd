package schema

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Raw bytes in a recording have the byte order of the recorded host, which is
// little-endian on every machine that the recorder runs on (amd64, arm64).
var host = binary.LittleEndian

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

func appendUint(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

// appendIPv4 appends the first 4 bytes of b as a dotted quad.
func appendIPv4(dst, b []byte) []byte {
	return netip.AddrFrom4([4]byte(b)).AppendTo(dst)
}

// appendIPv6 appends the first 16 bytes of b as inet_ntop(3) does.
func appendIPv6(dst, b []byte) []byte {
	a := [16]byte(b)
	// inet_ntop writes an IPv4 address into ::/96 too, but for :: and ::1 and
	// where only the last 16 bits are set; netip only into ::ffff:0:0/96.
	if [12]byte(a[:12]) == [12]byte{} && (a[12] != 0 || a[13] != 0) {
		dst = append(dst, "::"...)
		return appendIPv4(dst, a[12:])
	}
	return netip.AddrFrom16(a).AppendTo(dst)
}

// AppendIP appends an address of 4 or 16 bytes; any other length in
// hexadecimal.
func AppendIP(dst, b []byte) []byte {
	switch len(b) {
	case 4:
		return appendIPv4(dst, b)
	case 16:
		return appendIPv6(dst, b)
	}
	return AppendHexBytes(dst, b)
}
