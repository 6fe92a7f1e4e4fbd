package traffic

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// target is where sends go instead.
type target struct {
	text     string
	drop     bool
	protocol protocol
	hostPort string         // tcp, udp
	address  netip.AddrPort // of hostPort, once resolved
	path     string         // unix; @ begins an abstract name
	raw      []byte         // the address as the kernel reads it; of Run
}

// maxPath is how long a path may be: sun_path has 108 bytes, the last one NUL.
const maxPath = 107

// parseTarget parses the part of a mapping behind the "=".
func parseTarget(s string) (t target, err error) {
	t.text = s
	if s == "drop" {
		t.drop = true
		return t, nil
	}
	name, rest, _ := strings.Cut(s, ":")
	rest = strings.TrimPrefix(rest, "//")
	switch name {
	case "tcp", "udp":
		t.protocol, t.hostPort = protocolTCP, rest
		if name == "udp" {
			t.protocol = protocolUDP
		}
		host, port, err := net.SplitHostPort(rest)
		if err != nil || host == "" || port == "" || port == "0" {
			return t, fmt.Errorf("target %q: want %s:HOST:PORT", s, name)
		}
		return t, nil
	case "unix":
		t.protocol, t.path = protocolUnix, rest
		if rest == "" || len(rest) > maxPath {
			return t, fmt.Errorf("target %q: want unix:PATH, of at most %d bytes", s, maxPath)
		}
		return t, nil
	}
	return t, fmt.Errorf("target %q: want tcp:HOST:PORT, udp:HOST:PORT, unix:PATH or drop", s)
}

var (
	errNeedsStream   = errors.New("a stream needs a stream: tcp:HOST:PORT or unix:PATH")
	errNeedsMessages = errors.New("datagrams need udp:HOST:PORT or unix:PATH: tcp: would not keep them apart")
)

// takes returns why a socket of the type cannot be one to the target; nil when
// it can.
func (t *target) takes(socketType int64) error {
	switch {
	case t.drop:
	case socketType == schema.SocketStream && t.protocol == protocolUDP:
		return errNeedsStream
	case keepsMessages(socketType) && t.protocol == protocolTCP:
		return errNeedsMessages
	}
	return nil
}

// resolve looks up the target's host.
func (t *target) resolve() error {
	switch t.protocol {
	case protocolTCP:
		a, err := net.ResolveTCPAddr("tcp", t.hostPort)
		if err != nil {
			return fmt.Errorf("target %s: %w", t.text, err)
		}
		t.address = a.AddrPort()
	case protocolUDP:
		a, err := net.ResolveUDPAddr("udp", t.hostPort)
		if err != nil {
			return fmt.Errorf("target %s: %w", t.text, err)
		}
		t.address = a.AddrPort()
	default:
		return nil
	}
	t.address = netip.AddrPortFrom(t.address.Addr().Unmap(), t.address.Port())
	return nil
}

// family is the address family of sockets to the target.
func (t *target) family() int {
	switch {
	case t.protocol == protocolUnix:
		return schema.FamilyUnix
	case t.address.Addr().Is4():
		return schema.FamilyInet
	}
	return schema.FamilyInet6
}
