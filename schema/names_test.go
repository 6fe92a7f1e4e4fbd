package schema_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

func TestFlags(t *testing.T) {
	for v, want := range map[uint64]string{
		0:           "0",
		0x4040:      "MSG_DONTWAIT|MSG_NOSIGNAL",
		0x10:        "MSG_PROBE",
		0x100000:    "0x100000",
		0x100041:    "MSG_OOB|MSG_DONTWAIT|0x100000",
		0x80000000:  "MSG_CMSG_COMPAT",
		0x8000000:   "MSG_SPLICE_PAGES",
		1<<40 | 0x1: "MSG_OOB|0x10000000000",
	} {
		text := schema.FormatFlags(v)
		if text != want {
			t.Errorf("%#x: got %s, want %s", v, text, want)
		}
		if back, ok := schema.MsgFlags.Parse(text); !ok || back != v {
			t.Errorf("%s parses as %#x, %v", text, back, ok)
		}
	}
	if v, ok := schema.MsgFlags.Parse("DONTWAIT|NOSIGNAL"); !ok || v != 0x4040 {
		t.Errorf("names without prefix: %#x, %v", v, ok)
	}
	for _, bad := range []string{"", "MSG_NONE", "MSG_OOB|", "MSG_OOB||MSG_EOR", "-1"} {
		if v, ok := schema.MsgFlags.Parse(bad); ok {
			t.Errorf("%q parses as %#x", bad, v)
		}
	}
}

func TestResult(t *testing.T) {
	for ret, want := range map[int64]string{
		13:    "13",
		0:     "0",
		-14:   "-1 EFAULT (Bad address)",
		-11:   "-1 EAGAIN (Resource temporarily unavailable)",
		-95:   "-1 EOPNOTSUPP (Operation not supported)",
		-512:  "? ERESTARTSYS (To be restarted if SA_RESTART is set)",
		-513:  "? ERESTARTNOINTR (To be restarted)",
		-514:  "? ERESTARTNOHAND (To be restarted if no handler)",
		-516:  "? ERESTART_RESTARTBLOCK (Interrupted by signal)",
		-524:  "-1 ENOTSUPP (Operation is not supported)",
		-600:  "-1 (errno 600)",
		-4095: "-1 (errno 4095)",
		-4096: "-4096",
	} {
		if got := string(schema.AppendResult(nil, ret)); got != want {
			t.Errorf("%d: got %s, want %s", ret, got, want)
		}
	}
}

func TestEveryErrnoNameIsFoundAgain(t *testing.T) {
	names := 0
	for n := int64(1); n <= schema.MaxErrno; n++ {
		name := schema.ErrnoName(n)
		if (name == "") != (schema.ErrnoMessage(n) == "") {
			t.Errorf("errno %d has only one of name and message", n)
		}
		if name == "" {
			continue
		}
		names++
		if back, ok := schema.ErrnoByName(name); !ok || back != n {
			t.Errorf("%s is %d, want %d", name, back, n)
		}
	}
	if names != 131+18 {
		t.Errorf("%d names, want 131 that reach user space and 18 that do not", names)
	}
	for _, n := range []int64{-1, 41, 58, 134, 511, 520, 531, 1 << 40} {
		if name := schema.ErrnoName(n); name != "" {
			t.Errorf("%d is named %s", n, name)
		}
	}
	if n, ok := schema.ErrnoByName("EWOULDBLOCK"); !ok || n != 11 {
		t.Errorf("EWOULDBLOCK is %d, %v", n, ok)
	}
	if _, ok := schema.ErrnoByName(""); ok {
		t.Error("the empty name is found")
	}
}

func TestProtocolName(t *testing.T) {
	for _, c := range []struct {
		family, protocol int64
		want             string
	}{
		{schema.FamilyInet, 6, "IPPROTO_TCP"},
		{schema.FamilyInet6, 17, "IPPROTO_UDP"},
		{schema.FamilyInet, 262, "IPPROTO_MPTCP"},
		{schema.FamilyNetlink, 0, "NETLINK_ROUTE"},
		{schema.FamilyUnix, 0, "0"},
		{schema.FamilyInet, 200, "200"},
	} {
		if got := schema.ProtocolName(c.family, c.protocol); got != c.want {
			t.Errorf("%d of %d: got %s, want %s", c.protocol, c.family, got, c.want)
		}
	}
}

func TestJSONString(t *testing.T) {
	for in, want := range map[string]string{
		"nginx":            `"nginx"`,
		"a\"b\\c/d":        `"a\"b\\c/d"`,
		"\x00\n\r\t\x1b":   `"\u0000\n\r\t\u001b"`,
		"\x7f":             `"\u007f"`,
		"caf\u00e9 \u2713": `"café ✓"`,
		"\xff\xc3":         `"` + "\ufffd\ufffd" + `"`,
		"\u009b31m":        `"\u009b31m"`,
		"a\u202eb\u2069":   `"a\u202eb\u2069"`,
		"\ufffd":           `"` + "\ufffd" + `"`,
		"\U0001f600":       `"` + "\U0001f600" + `"`,
	} {
		if got := string(schema.AppendJSONString(nil, []byte(in))); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func FuzzStrings(f *testing.F) {
	for _, s := range []string{"", "nginx", "a\x00b7\x018", "\x1b[2J\"\\", "\xff\xfe\u009b\u202e", "päth"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out := schema.AppendJSONString(nil, b)
		var back string
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if utf8.Valid(b) && back != string(b) {
			t.Fatalf("%q came back as %q", b, back)
		}
		for _, r := range string(out) {
			if r < ' ' || r == 0x7f || schema.Unprintable(r) {
				t.Fatalf("%q has %U in it", out, r)
			}
		}
		quoted := schema.AppendQuoted(nil, b)
		if got := unquoteC(t, string(quoted)); got != string(b) {
			t.Fatalf("%q came back as %q from %s", b, got, quoted)
		}
		if hex := schema.AppendHexBytes(nil, b); string(hex) != fmt.Sprintf("%x", b) {
			t.Fatalf("%x is shown as %s", b, hex)
		}
	})
}

// unquoteC reads a C string literal as a C compiler does.
func unquoteC(t *testing.T, s string) string {
	var out []byte
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if j := strings.IndexByte("nrtvf\"\\", s[i]); j >= 0 {
			out = append(out, "\n\r\t\v\f\"\\"[j])
			continue
		}
		end := i
		for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
			end++
		}
		v, err := strconv.ParseUint(s[i:end], 8, 8)
		if err != nil {
			t.Fatalf("escape in %s: %v", s, err)
		}
		out = append(out, byte(v))
		i = end - 1
	}
	return string(out)
}
