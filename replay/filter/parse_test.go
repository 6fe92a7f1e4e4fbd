package filter

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// wrongExpressions are what testdata/errors.txt shows the errors of.
var wrongExpressions = []struct{ name, text string }{
	{"nothing", ""},
	{"spaces", "  "},
	{"a mistyped field", "durtion > 1ms"},
	{"a field that is nothing like one", "colour == red"},
	{"a field alone", "pid == 1 and comm"},
	{"a mistyped enum name", "call == sendmgs"},
	{"a mistyped family", "family in (AF_INET, AF_INTE6)"},
	{"a mistyped flag", "flags has MSG_DONTWAIT|MSG_NOSIGNL"},
	{"a flag in the second place of two alike", "flags == MSG_OOB|MSG_OOBB"},
	{"a mistyped errno", "errno == EAGIAN"},
	{"a mistyped errno of ret", "ret == EPIP"},
	{"a mistyped protocol", "protocol == IPPROTO_TPC"},
	{"a size for a duration", "duration > 64KiB"},
	{"a duration for a size", "requested_bytes > 1ms"},
	{"a unit for a number without one", "pid == 1KiB"},
	{"a size that is no whole number", "requested_bytes > 0.3KiB"},
	{"a size beyond 63 bits", "requested_bytes > 9999999999GiB"},
	{"a number beyond 64 bits", "pid == 99999999999999999999"},
	{"octal is decimal, letters are not", "pid == 12ab"},
	{"no moment", "time > yesterday"},
	{"a moment without a zone", "time > 2026-01-31T10:00:00"},
	{"an address that is none", "remote_address in 10.0.0.0/33"},
	{"a text for an address", "remote_address prefix 10."},
	{"an order of names", "call < recvmsg"},
	{"an order of flags", "flags > 5"},
	{"an order of texts", "comm > nginx"},
	{"bits of a text", "comm & 4"},
	{"bits of a name", "call has 4"},
	{"a prefix of a number", "pid prefix 12"},
	{"bits that are a field", "pid & tid"},
	{"fields of different meaning", "ret < duration_ns"},
	{"a number against a text field", "pid == comm"},
	{"fields in a list", "pid in (1, tid)"},
	{"flags for another field", "pid == 1|2"},
	{"null by equality", "remote_port == null"},
	{"no value", "comm =="},
	{"no operator", "comm nginx"},
	{"no second side", "pid == 1 and"},
	{"and in the place of a value", "comm == and pid == 1"},
	{"two operators", "pid == == 1"},
	{"not in the wrong place", "comm not nginx"},
	{"is without null", "comm is nginx"},
	{"a parenthesis too few", "(pid == 1 or pid == 2"},
	{"a parenthesis too many", "pid == 1)"},
	{"an empty list", "pid in ()"},
	{"a list with a comma at its end", "pid in (1, 2,)"},
	{"and before a parenthesis", "(pid == 1 and )"},
	{"a comma outside of a list", "pid == 1, 2"},
	{"a list without commas", "pid in (1 2)"},
	{"a string without an end", `comm == "nginx and pid == 1`},
	{"an escape that is none", `comm == "a\qb"`},
	{"an escape that is cut", `comm == "a\x4"`},
	{"an operator that is none", "pid === 1"},
	{"a lone sign", "pid == 1 ; pid == 2"},
	{"behind the end", "pid == 1 pid == 2"},
	{"on a later line", "pid == 1\n\tand tdi == 2"},
	{"behind other letters", "comm == löschen and piid == 2"},
	{"a control character", "comm == a\x1b[31m and piid == 2"},
	{"far behind", strings.Repeat("pid == 1 or ", 20) + "pdi == 1" + strings.Repeat(" or pid == 1", 20)},
	{"too deep", strings.Repeat("(", 200) + "pid == 1" + strings.Repeat(")", 200)},
	{"too many nots", strings.Repeat("not ", 200) + "pid == 1"},
	{"too long", strings.Repeat("pid == 1 or ", 2000) + "pid == 1"},
}

func TestErrorsSayWhatWasMeant(t *testing.T) {
	var got strings.Builder
	for _, c := range wrongExpressions {
		_, err := Parse(c.text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %s: %v is a %T", c.name, c.text, err, err)
			continue
		}
		if e.Offset < 0 || e.Offset > len(e.Text) || strings.ContainsAny(e.Error(), "\x1b\t") {
			t.Errorf("%s: %q at %d", c.name, e.Error(), e.Offset)
		}
		fmt.Fprintf(&got, "# %s\n%s\n\n", c.name, e.Error())
	}
	golden(t, "testdata/errors.txt", got.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (-update rewrites it):\n%s", path, got)
	}
}

// TestDocumentedExamples runs every example of docs/filter.md on a generated
// recording: each selects some of its events, and not all unless all are alike.
func TestDocumentedExamples(t *testing.T) {
	doc, err := os.ReadFile("../../docs/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	file := generated(t, gen.Options{Events: 40_000, Seed: 3, SegmentEvents: 4000})
	blocks := regexp.MustCompile("(?s)```filter\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) == 0 {
		t.Fatal("there is no example")
	}
	for _, block := range blocks {
		for _, text := range strings.Split(strings.TrimSpace(block[1]), "\n") {
			if n := selectAll(t, file, text); n == 0 || n == 40_000 && !strings.HasPrefix(text, "call ==") {
				t.Errorf("%s selects %d events", text, n)
			}
		}
	}
	for _, m := range regexp.MustCompile("`([a-z_]+ [^`]*(?:[=<>&]| is | in | contains )[^`]*)`").FindAllStringSubmatch(string(doc), -1) {
		if _, err := Parse(strings.ReplaceAll(m[1], `\|`, "|")); err != nil {
			t.Errorf("in the text: %v", err)
		}
	}
}

// selectAll returns how many events of the recording an expression selects.
func selectAll(t testing.TB, file []byte, text string) int {
	t.Helper()
	p := bound(t, file, text)
	r := open(t, file)
	e := p.Evaluator(r.NewDecoder())
	var b segment.Block
	n := 0
	for _, s := range segments(t, r) {
		sel, err := e.Select(s, &b)
		if err != nil {
			t.Fatal(err)
		}
		n += sel.Len()
	}
	return n
}

func TestPrecedence(t *testing.T) {
	file := generated(t, gen.Options{Events: 5000, Seed: 1, SegmentEvents: 1000})
	for _, c := range []struct{ name, a, b string }{
		{"and binds closer than or", "pid == 1200 or pid == 1300 and ret < 0", "pid == 1200 or (pid == 1300 and ret < 0)"},
		{"not binds closest", "not pid == 1200 and ret < 0", "(not pid == 1200) and ret < 0"},
		{"!= is not ==", "remote_port != 443", "not remote_port == 443"},
		{"not in is not (in)", "comm not in (nginx, envoy)", "not (comm in (nginx, envoy))"},
		{"is not null is not (is null)", "remote_port is not null", "not remote_port is null"},
		{"a list of one", "comm in nginx", "comm == nginx"},
		{"upper case", "PID == 1", "pid == 1"},
		{"errno by number", "errno == 11", "errno == eagain"},
		{"ret by name", "ret in (EAGAIN, EPIPE)", "ret in (-11, -32)"},
		{"hexadecimal", "flags == 0x4000", "flags == MSG_NOSIGNAL"},
		{"units", "requested_bytes == 4KiB", "requested_bytes == 4096"},
		{"durations", "duration >= 20us", "duration_ns >= 20000"},
		{"enum by number", "socket_family == 2", "family == inet"},
		{"protocol by number", "family in (inet, inet6) and protocol == 6", "protocol == ipproto_tcp"},
		{"nothing", "pid == 1 and not pid == 1", "pid < -5"},
	} {
		if c.name == "upper case" { // fields are as they are written
			if _, err := Parse(c.a); err == nil {
				t.Error("a field in upper case was known")
			}
			continue
		}
		if a, b := selectAll(t, file, c.a), selectAll(t, file, c.b); a != b {
			t.Errorf("%s: %s selects %d, %s selects %d", c.name, c.a, a, c.b, b)
		}
	}
}
