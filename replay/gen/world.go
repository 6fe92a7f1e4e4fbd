package gen

import (
	"encoding/binary"
	"fmt"
)

// kind is what a program sends.
type kind uint8

const (
	kindTCP     kind = iota // a proxy: connected IPv4, 1,750 addresses × 100 ports
	kindTCP6                // a service: connected IPv6, few peers
	kindDNS                 // a resolver: unconnected UDP, every call with a msg_name
	kindQUIC                // a server: connected UDP with UDP_SEGMENT in the control
	kindUnix                // a bus: Unix stream sockets, now and then passed descriptors
	kindNetlink             // a network manager: AF_NETLINK, msg_name of the kernel
	kindBroken              // a program that sends on descriptors that are not sockets
	numKinds
)

// program is one of the recorded host's programs.
type program struct {
	kind      kind
	comm      string
	pid       int64
	threads   int64
	uid       int64
	cgroup    int64
	netns     int64
	weightPct int // share of the sends
}

var programs = []program{
	{kindTCP, "envoy", 1200, 16, 101, 4001, 4026531840, 52},
	{kindTCP, "nginx", 1300, 4, 33, 4002, 4026531840, 12},
	{kindTCP6, "java", 2400, 32, 1000, 4003, 4026532455, 10},
	{kindDNS, "unbound", 900, 2, 110, 4004, 4026531840, 10},
	{kindQUIC, "quic-server", 3100, 8, 1001, 4005, 4026531840, 8},
	{kindUnix, "dbus-daemon", 700, 1, 100, 4006, 4026531840, 6},
	{kindNetlink, "NetworkManager", 650, 3, 0, 4007, 4026531840, 1},
	{kindBroken, "l\xc3\xb6schen\xff", 5100, 1, 1000, 4008, 4026531840, 1},
}

// Addresses and ports of the TCP peers; PEERS' offline comparison has the same.
const (
	tcpAddresses = 1750
	tcpPorts     = 100
	tcpSockets   = tcpAddresses * tcpPorts
)

// Socket ids, by kind. An id names the same socket in the whole recording.
const (
	socketTCP     = 0
	socketTCP6    = socketTCP + tcpSockets
	socketDNS     = socketTCP6 + 512
	socketQUIC    = socketDNS + 2
	socketUnix    = socketQUIC + 4096
	socketNetlink = socketUnix + 64
	numSockets    = socketNetlink + 3
)

// firstSocket and socketCount give the range of ids of a kind; kindBroken has
// none.
var (
	firstSocket = [numKinds]int{socketTCP, socketTCP6, socketDNS, socketQUIC, socketUnix, socketNetlink, -1}
	socketCount = [numKinds]int{tcpSockets, 512, 2, 4096, 64, 3, 0}
)

// peerIPv4 returns the i-th peer address, 10.1.0.1 and up.
func peerIPv4(i int) [4]byte {
	return [4]byte{10, byte(1 + i/62500), byte(i / 250 % 250), byte(1 + i%250)}
}

func peerIPv6(i int) [16]byte {
	a := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint32(a[12:], uint32(i+1))
	return a
}

// sockaddrIn returns a raw struct sockaddr_in as the sender's memory holds it
// on a little-endian host.
func sockaddrIn(address [4]byte, port uint16) []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint16(b, 2)
	binary.BigEndian.PutUint16(b[2:], port)
	copy(b[4:], address[:])
	return b
}

func sockaddrNetlink(groups uint32) []byte {
	b := make([]byte, 12)
	binary.LittleEndian.PutUint16(b, 16)
	binary.LittleEndian.PutUint32(b[8:], groups)
	return b
}

// cmsg returns one control message with its padding.
func cmsg(level, typ uint32, data []byte) []byte {
	n := 16 + len(data)
	b := make([]byte, (n+7)&^7)
	binary.LittleEndian.PutUint64(b, uint64(n))
	binary.LittleEndian.PutUint32(b[8:], level)
	binary.LittleEndian.PutUint32(b[12:], typ)
	copy(b[16:], data)
	return b
}

// names are the distinct msg_names: the resolver's upstreams and the kernel.
func makeNames() [][]byte {
	var names [][]byte
	for i := range nameCount - 1 {
		names = append(names, sockaddrIn(peerIPv4(i), 53))
	}
	return append(names, sockaddrNetlink(0))
}

// Name ids. nameNone is a null pointer.
const (
	nameNone    = -1
	nameCount   = 257
	nameNetlink = nameCount - 1
)

// Control ids. controlNone is a null pointer.
const (
	controlNone      = -1
	controlRights    = 0 // .. 31: 1 to 4 descriptors
	controlCreds     = 32
	controlSegment   = 33 // .. 35: UDP_SEGMENT of 1200, 1252, 1350
	controlMalformed = 36
	controlEmpty     = 37
	controlCount     = 38
)

func makeControls() [][]byte {
	var controls [][]byte
	for i := range 32 {
		var fds []byte
		for j := 0; j <= i%4; j++ {
			fds = binary.LittleEndian.AppendUint32(fds, uint32(3+i+j))
		}
		controls = append(controls, cmsg(1, 1, fds))
	}
	creds := binary.LittleEndian.AppendUint32(nil, 700)
	creds = binary.LittleEndian.AppendUint32(creds, 100)
	creds = binary.LittleEndian.AppendUint32(creds, 100)
	controls = append(controls, append(cmsg(1, 2, creds), cmsg(1, 1, []byte{5, 0, 0, 0})...))
	for _, size := range []uint16{1200, 1252, 1350} {
		controls = append(controls, cmsg(17, 103, binary.LittleEndian.AppendUint16(nil, size)))
	}
	malformed := cmsg(0, 1, []byte{16, 0, 0, 0})
	binary.LittleEndian.PutUint64(malformed, 9999)
	return append(controls, malformed, []byte{})
}

func unixPath(i int) []byte {
	if i%3 == 0 {
		return fmt.Appendf(nil, "\x00/tmp/dbus-%04d", i)
	}
	return fmt.Appendf(nil, "/run/user/%d/bus", 1000+i)
}
