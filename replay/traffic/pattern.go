package traffic

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// pattern matches endpoints.
type pattern struct {
	protocol protocol // anyProtocol: all
	// One of: all of the protocol; a prefix of addresses; all addresses with a
	// port; a path, or what begins with it.
	kind    patternKind
	prefix  netip.Prefix
	hasPort bool
	port    uint16
	path    string
}

type patternKind uint8

const (
	everything patternKind = iota
	addresses
	anyAddress // with a port
	exactPath
	pathPrefix
)

// parsePattern parses the part of a mapping before the "=".
func parsePattern(s string) (p pattern, err error) {
	rest := s
	for number, name := range protocolNames {
		if after, ok := strings.CutPrefix(s, name+":"); ok && name != "" {
			p.protocol, rest = protocol(number), after
		}
	}
	switch {
	case rest == "*":
		return p, nil
	case rest == unnamed, strings.HasPrefix(rest, "/"), strings.HasPrefix(rest, "@"), p.protocol.isUnix() && rest != "":
		return p, p.parsePath(rest)
	}
	return p, p.parseAddress(rest)
}

func (p *pattern) parsePath(s string) error {
	if p.protocol == anyProtocol {
		p.protocol = protocolUnix
	}
	if !p.protocol.isUnix() {
		return errors.New("a path belongs to a Unix socket")
	}
	p.kind, p.path = exactPath, s
	if prefix, ok := strings.CutSuffix(s, "*"); ok {
		p.kind, p.path = pathPrefix, prefix
	}
	return nil
}

// parseAddress parses ADDRESS, PREFIX/BITS or *, with or without a port; those
// of IPv6 stand in brackets when a port follows.
func (p *pattern) parseAddress(s string) error {
	host, port := s, ""
	switch i := strings.LastIndexByte(s, ':'); {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return errors.New("a bracket is missing")
		}
		host, port = s[1:end], s[end+1:]
	case i >= 0 && strings.Count(s, ":") == 1:
		host, port = s[:i], s[i:]
	}
	if port != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
		if err != nil || port[0] != ':' {
			return fmt.Errorf("%q is no port", strings.TrimPrefix(port, ":"))
		}
		p.hasPort, p.port = true, uint16(n)
	}
	if host == "*" {
		p.kind = anyAddress
		return nil
	}
	p.kind = addresses
	if prefix, err := netip.ParsePrefix(host); err == nil {
		p.prefix = prefix.Masked()
		return nil
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%q is no address, prefix, path or *", host)
	}
	address = address.Unmap()
	p.prefix = netip.PrefixFrom(address, address.BitLen())
	return nil
}

func (p *pattern) matches(e *endpoint) bool {
	if p.protocol != anyProtocol && p.protocol != e.protocol && (p.protocol != protocolUnix || !e.protocol.isUnix()) {
		return false
	}
	inet := !e.protocol.isUnix() && (!p.hasPort || p.port == e.address.Port())
	switch p.kind {
	case everything:
		return true
	case addresses:
		// A zone, which no recorded address has, would never be contained.
		return inet && p.prefix.Contains(e.address.Addr())
	case anyAddress:
		return inet
	case exactPath:
		return e.protocol.isUnix() && string(e.path) == p.path
	}
	return e.protocol.isUnix() && strings.HasPrefix(string(e.path), p.path)
}

// specificity orders patterns that match the same endpoint.
func (p *pattern) specificity() int {
	n := 0
	switch p.kind {
	case addresses:
		n = p.prefix.Bits() + 1
	case exactPath:
		n = 2*len(p.path) + 2
	case pathPrefix:
		n = 2*len(p.path) + 1
	}
	n *= 8
	if p.hasPort {
		n += 4
	}
	switch p.protocol {
	case anyProtocol:
	case protocolUnix:
		n++
	default:
		n += 2
	}
	return n
}
