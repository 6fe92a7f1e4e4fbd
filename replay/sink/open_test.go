package sink_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

func TestWhatIsWrongWithAURLIsSaid(t *testing.T) {
	dir := t.TempDir()
	path := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		name, url string
		security  sink.Security
		says      string
		usage     bool
	}{
		{"an unknown scheme", "htp://x/", sink.Security{}, `did you mean "http"?`, true},
		{"a path alone", "out.jsonl", sink.Security{}, "did you mean file:out.jsonl?", true},
		{"a password in the URL", "http://me:hunter2@localhost/", sink.Security{}, "credentials do not belong on the command line", true},
		{"a URL that is none, with a password", "http://me:hunter2@local host/", sink.Security{}, "not a URL", true},
		{"no host", "http:///x", sink.Security{}, "want http://HOST", true},
		{"no port", "tcp:localhost", sink.Security{}, "want tcp:HOST:PORT", true},
		{"an unknown parameter", "unix:/x?typ=dgram", sink.Security{}, `unknown parameter "typ"`, true},
		{"a wrong parameter", "unix:/x?type=seq", sink.Security{}, "want stream or dgram", true},
		{"null with a path", "null:x", sink.Security{}, "takes nothing behind it", true},
		{"a retention of a topic that is not created", "kafka://localhost:9092/t?retention=7d", sink.Security{}, "add create=yes", true},
		{"a retention that is no time", "kafka://localhost:9092/t?create=yes&retention=week", sink.Security{}, "want forever or a time such as 7d", true},
		{"a retention of no time", "kafka://localhost:9092/t?create=yes&retention=0d", sink.Security{}, "want forever or a time such as 7d", true},
		{"a retention that no clock has", "kafka://localhost:9092/t?create=yes&retention=999999999d", sink.Security{}, "want forever or a time such as 7d", true},
		{"a new topic whose old events would be deleted", "kafka://localhost:9092/t?create=yes&timestamp=event", sink.Security{}, "add retention=forever", true},
		{"partitions without end", "kafka://localhost:9092/t?create=yes&partitions=100001", sink.Security{}, "from 1 to 100000", true},
		{"an empty command", "exec:", sink.Security{}, "needs a command", true},
		{"a link", "file:" + filepath.Join(dir, "link"), sink.Security{}, "exists and is no regular file", false},
		{"no authority file", "https://localhost/", sink.Security{CAFile: filepath.Join(dir, "none")}, "read certificate authorities", false},
		{"an authority file without certificates", "https://localhost/", sink.Security{CAFile: path("junk", "hunter2")}, "no certificate in PEM form", false},
		{"a certificate without its key", "https://localhost/", sink.Security{CertFile: path("cert", "x")}, "--tls-cert and --tls-key belong together", true},
		{"an empty token file", "http://localhost/", sink.Security{TokenFile: path("empty", "\n")}, "holds no credentials", false},
		{"a user file without a password", "http://localhost/", sink.Security{UserFile: path("user", "hunter2\n")}, "want NAME:PASSWORD", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_ = os.Symlink(filepath.Join(dir, "junk"), filepath.Join(dir, "link"))
			target, err := sink.Parse(c.url)
			if err == nil {
				_, err = sink.Open(t.Context(), target, &sink.Options{Security: c.security})
			}
			var usage *sink.UsageError
			if err == nil || !strings.Contains(err.Error(), c.says) || errors.As(err, &usage) != c.usage {
				t.Errorf("error %v (wrong use: %v), want %q (%v)", err, errors.As(err, &usage), c.says, c.usage)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}
