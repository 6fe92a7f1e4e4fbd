package traffic

import (
	"net/netip"
	"strings"
	"testing"
)

// to returns the endpoint in a text such as udp:10.0.0.1:53.
func to(t *testing.T, s string) *endpoint {
	t.Helper()
	name, rest, _ := strings.Cut(s, ":")
	for number, known := range protocolNames {
		if name != known {
			continue
		}
		e := &endpoint{protocol: protocol(number)}
		if e.protocol.isUnix() {
			e.path = []byte(rest)
		} else {
			e.address = netip.MustParseAddrPort(rest)
		}
		if text := string(e.appendText(nil)); text != s {
			t.Fatalf("the endpoint %s shows as %s", s, text)
		}
		return e
	}
	t.Fatalf("no protocol in %s", s)
	return nil
}

func TestTheMostSpecificPatternCounts(t *testing.T) {
	var m Map
	for _, pattern := range []string{
		"*", "tcp:*", "*:443", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16:443", "tcp:10.1.0.0/16:443", "10.1.2.3", "10.1.2.3:53",
		"[2001:db8::]:443", "2001:db8::/32", "[2001:db8::/32]:443", "0.0.0.0/0",
		"/run/app.sock", "/run/*", "/run/app/*", "@name", "@na*", "unnamed", "unix:relative", "unix-dgram:unnamed", "unix-seqpacket:*",
	} {
		if err := m.Add(pattern + "=drop"); err != nil {
			t.Fatalf("%s: %v", pattern, err)
		}
	}
	for _, c := range []struct{ endpoint, want string }{
		{"tcp:10.1.2.3:53", "10.1.2.3:53"},
		{"tcp:10.1.2.3:54", "10.1.2.3"},
		{"tcp:10.1.9.9:443", "tcp:10.1.0.0/16:443"},
		{"udp:10.1.9.9:443", "10.1.0.0/16:443"},
		{"udp:10.1.9.9:80", "10.1.0.0/16"},
		{"udp:10.2.9.9:443", "10.0.0.0/8"},
		{"udp:192.0.2.1:443", "0.0.0.0/0"},
		{"tcp:[2001:db8::]:443", "[2001:db8::]:443"},
		{"tcp:[2001:db8::1]:443", "[2001:db8::/32]:443"},
		{"udp:[2001:db8::1]:53", "2001:db8::/32"},
		{"udp:[fd00::1]:443", "*:443"},
		{"tcp:[fd00::1]:80", "tcp:*"},
		{"udp:[fd00::1]:80", "*"},
		{"unix-stream:/run/app.sock", "/run/app.sock"},
		{"unix-dgram:/run/app.socket", "/run/*"},
		{"unix-seqpacket:/run/app/x", "/run/app/*"},
		{"unix-stream:@name", "@name"},
		{"unix-stream:@nam", "@na*"},
		{"unix-stream:unnamed", "unnamed"},
		{"unix-dgram:unnamed", "unix-dgram:unnamed"},
		{"unix-stream:relative", "unix:relative"},
		{"unix-stream:/else", "*"},
		{"unix-seqpacket:/else", "unix-seqpacket:*"},
	} {
		i := m.match(to(t, c.endpoint))
		if i == unmapped {
			t.Errorf("%s matches nothing", c.endpoint)
		} else if got := strings.TrimSuffix(m.rules[i].text, "=drop"); got != c.want {
			t.Errorf("%s matches %s, want %s", c.endpoint, got, c.want)
		}
	}
}

func TestWhatDoesNotMatch(t *testing.T) {
	for _, c := range []struct{ pattern, endpoint string }{
		{"tcp:10.0.0.1", "udp:10.0.0.1:1"},
		{"10.0.0.1:53", "tcp:10.0.0.1:54"},
		{"10.0.0.0/8", "tcp:11.0.0.1:1"},
		{"10.0.0.0/8", "tcp:[::1]:1"},
		{"*:53", "unix-stream:/x"},
		{"0.0.0.0/0", "unix-stream:/x"},
		{"/run", "unix-stream:/run/x"},
		{"@name", "unix-stream:@name2"},
		{"unix-dgram:*", "unix-stream:/x"},
		{"unix:*", "tcp:10.0.0.1:1"},
		{"unnamed", "tcp:10.0.0.1:1"},
	} {
		var m Map
		if err := m.Add(c.pattern + "=drop"); err != nil {
			t.Fatal(err)
		}
		if m.match(to(t, c.endpoint)) != unmapped {
			t.Errorf("%s matches %s", c.pattern, c.endpoint)
		}
	}
}

func TestWrongMappings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"10.0.0.1", "want RECORDED=TARGET"},
		{"=drop", "want RECORDED=TARGET"},
		{"10.0.0=drop", `"10.0.0" is no address, prefix, path or *`},
		{"10.0.0.0/40=drop", "is no address, prefix, path or *"},
		{"10.0.0.1:70000=drop", `"70000" is no port`},
		{"[::1=drop", "a bracket is missing"},
		{"[::1]443=drop", `"443" is no port`},
		{"tcp:/run/x=drop", "a path belongs to a Unix socket"},
		{"*=http://x", "want tcp:HOST:PORT, udp:HOST:PORT, unix:PATH or drop"},
		{"*=tcp:localhost", "want tcp:HOST:PORT"},
		{"*=tcp::80", "want tcp:HOST:PORT"},
		{"*=udp:localhost:0", "want udp:HOST:PORT"},
		{"*=unix:", "want unix:PATH"},
		{"*=unix:" + strings.Repeat("x", 108), "of at most 107 bytes"},
		{"tcp:*:80=unix:/x", ""},
		{"/a=b=unix:/x", ""},
		{"10.0.0.7/8=drop", ""},
		{"10.0.0.0/8=tcp://localhost:80", "maps the same addresses"},
	} {
		var m Map
		if strings.Contains(c.want, "same") {
			if err := m.Add("10.1.1.1/8=drop"); err != nil {
				t.Fatal(err)
			}
		}
		err := m.Add(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

// Sockets need as many descriptors as are open at a time, not as there are.
func TestThePeakOfOverlappingUses(t *testing.T) {
	uses := map[int]*use{
		1: {first: 0, last: 1},
		2: {first: 1, last: 3},
		3: {first: 2 + aheadCalls, last: 9 + aheadCalls},
		4: {first: 3 + aheadCalls, last: 3 + aheadCalls},
	}
	if got := peak(uses, 10+aheadCalls, false); got != 3 {
		t.Errorf("%d at a time, want 3: the third is opened %d calls ahead, while the second is used", got, aheadCalls)
	}
	if got := peak(uses, 10+aheadCalls, true); got != 4 {
		t.Errorf("%d at a time in two repetitions, want 4", got)
	}
	if got := peak(map[int]*use{}, 0, true); got != 0 {
		t.Errorf("%d of nothing", got)
	}
}
