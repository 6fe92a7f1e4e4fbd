package schema_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// sockaddrCase is an address as bytes, and how it must read. The same bytes go
// through strace in strace_linux_test.go.
type sockaddrCase struct {
	name    string
	raw     string // hexadecimal, spaces ignored
	namelen int64  // 0: the length of raw
	strace  string // AppendSockaddr
	short   string // AppendAddress
}

var sockaddrCases = []sockaddrCase{
	{name: "an IPv4 address", raw: "0200 14e9 7f000001 0000000000000000",
		strace: `{sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("127.0.0.1")}`, short: "127.0.0.1:5353"},
	{name: "an IPv4 address one byte too short", raw: "0200 14e9 7f000001 00000000000000",
		strace: `{sa_family=AF_INET, sa_data="\24\351\177\0\0\1\0\0\0\0\0\0\0"}`, short: "AF_INET:14e97f00000100000000000000"},
	{name: "an IPv4 address in a longer buffer", raw: "0200 0035 08080808 0000000000000000 ffffffff",
		strace: `{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("8.8.8.8")}`, short: "8.8.8.8:53"},
	{name: "an IPv6 address", raw: "0a00 0035 00000000 00000000000000000000000000000001 00000000",
		strace: `{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}`, short: "[::1]:53"},
	{name: "an IPv6 address with flow label and scope", raw: "0a00 01bb 00012345 20010db8000000000000000000000042 39300000",
		strace: `{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(74565), inet_pton(AF_INET6, "2001:db8::42", &sin6_addr), sin6_scope_id=12345}`, short: "[2001:db8::42%12345]:443"},
	{name: "an IPv6 address without scope, as long as RFC 2133 had it", raw: "0a00 0035 00000000 fe800000000000000000000000000001",
		strace: `{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::1", &sin6_addr)}`, short: "[fe80::1]:53"},
	{name: "an IPv6 address with a part of the scope", raw: "0a00 0035 00000000 20010db8000000000000000000000001 0102",
		strace: `{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=513}`, short: "[2001:db8::1%513]:53"},
	{name: "an IPv4-mapped IPv6 address", raw: "0a00 0050 00000000 00000000000000000000ffff7f000001 00000000",
		strace: `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}`, short: "[::ffff:127.0.0.1]:80"},
	{name: "an IPv4-compatible IPv6 address", raw: "0a00 0050 00000000 0000000000000000000000007f000001 00000000",
		strace: `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::127.0.0.1", &sin6_addr), sin6_scope_id=0}`, short: "[::127.0.0.1]:80"},
	{name: "an IPv6 address of 16 set bits", raw: "0a00 0050 00000000 0000000000000000000000000000abcd 00000000",
		strace: `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::abcd", &sin6_addr), sin6_scope_id=0}`, short: "[::abcd]:80"},
	{name: "a Unix path with its NUL", raw: "0100 2f72756e2f7800",
		strace: `{sa_family=AF_UNIX, sun_path="/run/x"}`, short: "/run/x"},
	{name: "a Unix path without NUL", raw: "0100 2f72756e2f78",
		strace: `{sa_family=AF_UNIX, sun_path="/run/x"}`, short: "/run/x"},
	{name: "a Unix path with bytes after its NUL", raw: "0100 2f780079797979",
		strace: `{sa_family=AF_UNIX, sun_path="/x"}`, short: "/x"},
	{name: "a Unix path that looks abstract", raw: "0100 406100",
		strace: `{sa_family=AF_UNIX, sun_path="@a"}`, short: "./@a"},
	{name: "a Unix path with bytes that a terminal would obey", raw: "0100 1b5b324a0a22 5c c3a4 07 39 00",
		strace: `{sa_family=AF_UNIX, sun_path="\33[2J\n\"\\\303\244\79"}`, short: "\x1b[2J\n\"\\ä\a9"},
	{name: "an abstract Unix name", raw: "0100 006162737472616374",
		strace: `{sa_family=AF_UNIX, sun_path=@"abstract"}`, short: "@abstract"},
	{name: "an abstract Unix name with NULs inside and at its end", raw: "0100 0061006200",
		strace: `{sa_family=AF_UNIX, sun_path=@"a\0b\0"}`, short: "@a\x00b\x00"},
	{name: "an abstract Unix name of no bytes", raw: "0100 00",
		strace: `{sa_family=AF_UNIX, sun_path=@""}`, short: "@"},
	{name: "an unnamed Unix address", raw: "0100",
		strace: `{sa_family=AF_UNIX}`, short: "(unnamed)"},
	{name: "a Unix path of all 108 bytes", raw: "0100 " + strings.Repeat("61", 108),
		strace: `{sa_family=AF_UNIX, sun_path="` + strings.Repeat("a", 108) + `"}`, short: strings.Repeat("a", 108)},
	{name: "a Unix path longer than sun_path", raw: "0100 " + strings.Repeat("61", 120),
		strace: `{sa_family=AF_UNIX, sun_path="` + strings.Repeat("a", 108) + `"}`, short: strings.Repeat("a", 108)},
	{name: "a netlink address", raw: "1000 0000 00000000 01000000",
		strace: `{sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000001}`, short: "netlink:pid=0 groups=0x1"},
	{name: "a netlink address with padding and no groups", raw: "1000 0500 d2040000 00000000",
		strace: `{sa_family=AF_NETLINK, nl_pad=0x5, nl_pid=1234, nl_groups=00000000}`, short: "netlink:pid=1234 groups=0"},
	{name: "a netlink address with a port id above the pids", raw: "1000 0000 feffffff 000000ff",
		strace: `{sa_family=AF_NETLINK, nl_pid=-2, nl_groups=0xff000000}`, short: "netlink:pid=-2 groups=0xff000000"},
	{name: "a packet address", raw: "1100 0800 f0ff0000 0100 00 06 ffffffffffff0000",
		strace: `{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=65520, sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]}`,
		short:  "packet:if=65520 proto=ETH_P_IP addr=ff:ff:ff:ff:ff:ff"},
	{name: "a packet address of unknown kinds", raw: "1100 1234 00000000 efbe 09 00 0000000000000000",
		strace: `{sa_family=AF_PACKET, sll_protocol=htons(0x1234 /* ETH_P_??? */), sll_ifindex=0, sll_hatype=0xbeef /* ARPHRD_??? */, sll_pkttype=0x9 /* PACKET_??? */, sll_halen=0}`,
		short:  "packet:if=0 proto=0x1234"},
	{name: "a packet address whose link-layer length exceeds the bytes", raw: "1100 0003 00000000 0403 04 0c 0001020304050607",
		strace: `{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=0, sll_hatype=ARPHRD_LOOPBACK, sll_pkttype=PACKET_OUTGOING, sll_halen=12, sll_addr=[00, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, ...]}`,
		short:  "packet:if=0 proto=ETH_P_ALL addr=00:01:02:03:04:05:06:07"},
	{name: "a vsock address", raw: "2800 0000 d2040000 02000000 00000000",
		strace: `{sa_family=AF_VSOCK, svm_cid=VMADDR_CID_HOST, svm_port=0x4d2, svm_flags=0}`, short: "vsock:2:1234"},
	{name: "a vsock address with any port, flags and reserved bits", raw: "2800 0100 ffffffff 2a000000 05000000",
		strace: `{sa_family=AF_VSOCK, svm_reserved1=0x1, svm_cid=0x2a, svm_port=VMADDR_PORT_ANY, svm_flags=VMADDR_FLAG_TO_HOST|0x4}`, short: "vsock:42:any"},
	{name: "an alg address", raw: "2600 68617368000000000000000000 00 00000000 00000000 73686132353600" + strings.Repeat("00", 57),
		strace: `{sa_family=AF_ALG, salg_type="hash", salg_feat=0, salg_mask=0, salg_name="sha256"}`, short: "alg:hash:sha256"},
	{name: "a family without decoder", raw: "0900 0102ff",
		strace: `{sa_family=AF_X25, sa_data="\1\2\377"}`, short: "AF_X25:0102ff"},
	{name: "a family that no kernel knows", raw: "ffff 01",
		strace: `{sa_family=0xffff /* AF_??? */, sa_data="\1"}`, short: "65535:01"},
	{name: "AF_UNSPEC, which UDP takes as IPv4", raw: "0000 0035 7f000001 0000000000000000",
		strace: `{sa_family=AF_UNSPEC, sa_data="\0005\177\0\0\1\0\0\0\0\0\0\0\0"}`, short: "AF_UNSPEC:00357f0000010000000000000000"},
	{name: "msg_namelen shorter than what was captured", raw: "0200 14e9 7f000001 0000000000000000", namelen: 6,
		strace: `{sa_family=AF_INET, sa_data="\24\351\177\0"}`, short: "AF_INET:14e97f00"},
	{name: "msg_namelen beyond 128, which the kernel clamps", raw: "0200 14e9 7f000001 " + strings.Repeat("00", 120), namelen: 300,
		strace: `{sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("127.0.0.1")}`, short: "127.0.0.1:5353"},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (c *sockaddrCase) bytes(t testing.TB) (raw []byte, namelen int64) {
	raw = unhex(t, c.raw)
	namelen = c.namelen
	if namelen == 0 {
		namelen = int64(len(raw))
	}
	return raw, namelen
}

func TestSockaddr(t *testing.T) {
	for _, c := range sockaddrCases {
		t.Run(c.name, func(t *testing.T) {
			raw, namelen := c.bytes(t)
			if got := schema.FormatSockaddr(raw, namelen); got != c.strace {
				t.Errorf("AppendSockaddr:\n got %s\nwant %s", got, c.strace)
			}
			if got := schema.FormatAddress(raw, namelen); got != c.short {
				t.Errorf("AppendAddress:\n got %q\nwant %q", got, c.short)
			}
		})
	}
}

func TestSockaddrTooShortForAFamily(t *testing.T) {
	for _, c := range []struct {
		raw           string
		namelen       int64
		strace, short string
	}{
		{"", 0, `{sa_data=""}`, ""},
		{"02", 1, `{sa_data="\x02"}`, "02"},
		{"0200", -1, `{sa_data=""}`, ""},
		{"0200", 1, `{sa_data="\x02"}`, "02"},
	} {
		raw := unhex(t, c.raw)
		if got := schema.FormatSockaddr(raw, c.namelen); got != c.strace {
			t.Errorf("%q, %d: got %s, want %s", c.raw, c.namelen, got, c.strace)
		}
		if got := schema.FormatAddress(raw, c.namelen); got != c.short {
			t.Errorf("%q, %d: got %s, want %s", c.raw, c.namelen, got, c.short)
		}
	}
}

func TestTheAddressInASockaddr(t *testing.T) {
	inet := []byte{2, 0, 0x1f, 0x90, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0}
	inet6 := append([]byte{10, 0, 1, 0xbb, 0, 0, 0, 0}, make([]byte, 20)...)
	for _, c := range []struct {
		name    string
		raw     []byte
		namelen int64
		port    int64
		path    string
		hasPath bool
	}{
		{"IPv4", inet, 16, 8080, "", false},
		{"IPv4, cut", inet, 8, 0, "", false},
		{"IPv6", inet6, 28, 443, "", false},
		{"a path", append([]byte{1, 0}, "/run/x\x00"...), 9, 0, "/run/x\x00", true},
		{"an abstract name, namelen shorter than what was captured", append([]byte{1, 0, 0}, "name"...), 5, 0, "\x00na", true},
		{"a Unix address without a path", []byte{1, 0}, 2, 0, "", false},
		{"nothing", nil, 0, 0, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, ok := schema.SockaddrPath(c.raw, c.namelen)
			if port := schema.SockaddrPort(c.raw, c.namelen); port != c.port || string(path) != c.path || ok != c.hasPath {
				t.Errorf("port %d, path %q (%v)", port, path, ok)
			}
		})
	}
}

func FuzzSockaddr(f *testing.F) {
	for _, c := range sockaddrCases {
		raw, namelen := c.bytes(f)
		f.Add(raw, namelen)
	}
	f.Fuzz(func(t *testing.T, raw []byte, namelen int64) {
		out := schema.AppendSockaddr(nil, raw, namelen)
		for _, c := range out {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has a byte that is not printable ASCII", out)
			}
		}
		// A byte takes the most room in the link-layer address, as "0xff, ".
		if len(out) > 6*schema.MaxSockaddr+200 {
			t.Fatalf("%d bytes for an address of %d", len(out), len(raw))
		}
		short := schema.AppendAddress(nil, raw, namelen)
		if len(short) > 3*schema.MaxSockaddr+50 {
			t.Fatalf("%d bytes for an address of %d", len(short), len(raw))
		}
	})
}
