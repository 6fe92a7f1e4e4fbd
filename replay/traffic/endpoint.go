package traffic

import (
	"net/netip"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// protocol is what a recorded socket speaks.
type protocol uint8

const (
	anyProtocol protocol = iota // in a pattern
	protocolTCP
	protocolUDP
	protocolUnix // in a pattern and of a target: any of the following
	protocolUnixStream
	protocolUnixDgram
	protocolUnixSeqpacket
)

var protocolNames = [...]string{
	protocolTCP: "tcp", protocolUDP: "udp", protocolUnix: "unix",
	protocolUnixStream: "unix-stream", protocolUnixDgram: "unix-dgram", protocolUnixSeqpacket: "unix-seqpacket",
}

func (p protocol) isUnix() bool { return p >= protocolUnix }

// Numbers of IP protocols (include/uapi/linux/in.h).
const (
	ipprotoTCP   = 6
	ipprotoUDP   = 17
	ipprotoMPTCP = 262
)

// protocolOf returns what a socket with these columns speaks; ok is false for
// what is not made again.
func protocolOf(family, socketType, number int64) (p protocol, ok bool) {
	switch {
	case family == schema.FamilyUnix:
		p, ok = unixProtocols[socketType]
		return p, ok
	case family != schema.FamilyInet && family != schema.FamilyInet6:
		return anyProtocol, false
	case socketType == schema.SocketStream && (number == ipprotoTCP || number == ipprotoMPTCP):
		return protocolTCP, true
	case socketType == schema.SocketDgram && number == ipprotoUDP:
		return protocolUDP, true
	}
	return anyProtocol, false
}

var unixProtocols = map[int64]protocol{
	schema.SocketStream: protocolUnixStream, schema.SocketDgram: protocolUnixDgram, schema.SocketSeqpacket: protocolUnixSeqpacket,
}

// keepsMessages reports whether what is sent at once is received at once.
func keepsMessages(socketType int64) bool {
	return socketType == schema.SocketDgram || socketType == schema.SocketSeqpacket
}

// unnamed is the path of a Unix socket without a name.
const unnamed = "unnamed"

// endpoint is where a recorded send went: an address for TCP and UDP, a path
// in its short form (@ begins an abstract name) or unnamed for Unix sockets. The
// path is the caller's memory.
type endpoint struct {
	protocol protocol
	address  netip.AddrPort
	path     []byte
}

// appendText appends the endpoint as a pattern that matches it and nothing else.
func (e *endpoint) appendText(dst []byte) []byte {
	dst = append(dst, protocolNames[e.protocol]...)
	dst = append(dst, ':')
	if e.protocol.isUnix() {
		return append(dst, e.path...)
	}
	return e.address.AppendTo(dst)
}

// inet returns an internet endpoint; IPv4 in IPv6 is IPv4. ok is false when ip
// is none, or address and port are all zeros: the socket was not connected.
func inet(p protocol, ip []byte, port int64) (e endpoint, ok bool) {
	address, ok := netip.AddrFromSlice(ip)
	if !ok || port == 0 && address.IsUnspecified() {
		return e, false
	}
	return endpoint{protocol: p, address: netip.AddrPortFrom(address.Unmap(), uint16(port))}, true
}
