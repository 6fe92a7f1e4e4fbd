//go:build interop

package sink_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// collector is the receiver of an OpenTelemetry collector (.ci/otlp).
type collector struct {
	grpc, http string
	mu         sync.Mutex
	lines      []string
	cmd        *exec.Cmd
	ended      chan struct{}
}

var buildCollector = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "otlp")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "collector")
	if out, err := exec.Command("go", "build", "-C", "../../.ci/otlp", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

func startCollector(t *testing.T, args ...string) *collector {
	t.Helper()
	program, err := buildCollector()
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.end() })
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 64<<20)
	if !scanner.Scan() {
		t.Fatalf("the collector does not start: %v", scanner.Err())
	}
	c.grpc, c.http, _ = strings.Cut(scanner.Text(), " ")
	go func() {
		defer close(c.ended)
		for scanner.Scan() {
			c.mu.Lock()
			c.lines = append(c.lines, scanner.Text())
			c.mu.Unlock()
		}
	}()
	return c
}

// end ends the collector and returns what it has received.
func (c *collector) end() []string {
	_ = c.cmd.Process.Kill()
	<-c.ended
	_ = c.cmd.Wait()
	return c.lines
}

type attributes []struct {
	Key   string
	Value map[string]any
}

// get returns an attribute as text; "" when it is not there.
func (a attributes) get(name string) string {
	for _, kv := range a {
		if kv.Key != name {
			continue
		}
		for _, v := range kv.Value {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// received is OTLP's JSON, as far as the tests look.
type received struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes attributes }
		ScopeSpans []struct {
			Spans []struct {
				TraceID, SpanID, Name              string
				StartTimeUnixNano, EndTimeUnixNano string
				Attributes                         attributes
				Status                             struct {
					Code    int
					Message string
				}
			}
		}
	}
	ResourceLogs []struct {
		Resource  struct{ Attributes attributes }
		ScopeLogs []struct {
			LogRecords []struct {
				TimeUnixNano, EventName, SeverityText string
				Body                                  struct{ StringValue string }
				Attributes                            attributes
			}
		}
	}
}

// requireSpans compares what a collector received with the lines that other
// sinks get, and returns how many records came twice.
func requireSpans(t *testing.T, want map[string]string, lines []string) (duplicates int) {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range lines {
		var r received
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for _, rs := range r.ResourceSpans {
			if rs.Resource.Attributes.get("host.name") == "" || rs.Resource.Attributes.get("sendmsgrec.recording.id") == "" {
				t.Fatalf("resource %v", rs.Resource.Attributes)
			}
			for _, span := range rs.ScopeSpans[0].Spans {
				id := span.Attributes.get("sendmsgrec.id")
				if seen[id] {
					duplicates++
				}
				seen[id] = true
				var event map[string]any
				decoder := json.NewDecoder(strings.NewReader(want[id]))
				decoder.UseNumber()
				if err := decoder.Decode(&event); err != nil {
					t.Fatalf("span %s is no event: %v", id, err)
				}
				start, err := strconv.ParseInt(span.StartTimeUnixNano, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				end, _ := strconv.ParseInt(span.EndTimeUnixNano, 10, 64)
				wall, err := time.Parse(time.RFC3339Nano, event["wall_time"].(string))
				if err != nil {
					t.Fatal(err)
				}
				if start != wall.UnixNano() {
					t.Fatalf("%s starts at %d, wall time %v", id, start, wall)
				}
				if d := event["duration_ns"]; d == nil && end != start || d != nil && fmt.Sprint(end-start) != fmt.Sprint(d) {
					t.Fatalf("%s lasts %d ns, want %v", id, end-start, d)
				}
				if span.Name != event["call_text"] || len(span.TraceID) != 32 || len(span.SpanID) != 16 {
					t.Fatalf("span %+v", span)
				}
				if failed := event["errno"] != nil; failed != (span.Status.Code == 2) || failed && span.Status.Message != event["error"] {
					t.Fatalf("status %+v, want %v", span.Status, event["error"])
				}
				for field, attribute := range map[string]string{
					"pid": "process.pid", "tid": "thread.id", "uid": "process.real_user.id", "cpu": "cpu.logical_number",
					"errno": "error.type", "remote_port": "network.peer.port", "remote_address_text": "network.peer.address",
					"ret": "sendmsgrec.ret", "requested_bytes": "sendmsgrec.requested_bytes", "sockfd": "sendmsgrec.sockfd",
					"flags_text": "sendmsgrec.flags_text", "toctou_text": "sendmsgrec.toctou", "seq": "sendmsgrec.seq",
				} {
					if v := event[field]; v != nil && fmt.Sprint(v) != span.Attributes.get(attribute) {
						t.Fatalf("%s: %s is %q, %s is %v", id, attribute, span.Attributes.get(attribute), field, v)
					}
				}
			}
		}
		for _, rl := range r.ResourceLogs {
			for _, l := range rl.ScopeLogs[0].LogRecords {
				id := l.Attributes.get("sendmsgrec.id")
				if seen[id] {
					duplicates++
				}
				seen[id] = true
				if want[id] != fmt.Sprintf(`{"id":"%s",%s`, id, strings.TrimPrefix(l.Body.StringValue, "{")) {
					t.Fatalf("%s: %s\nwant %s", id, l.Body.StringValue, want[id])
				}
				if gap := strings.Contains(id, "-gap-"); gap != (l.SeverityText == "WARN") || gap != (l.EventName == "sendmsgrec.gap") {
					t.Fatalf("log record %+v", l)
				}
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d records of %d have arrived", len(seen), len(want))
	}
	return duplicates
}

func TestOTLP(t *testing.T) {
	recording := generate(t, gen.Options{Events: 8000, SegmentEvents: 1500, GapEvery: 2})
	want := expected(t, recording)
	own := newCertificate(t, "127.0.0.1")
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca, key := file("ca.pem", own.cert), file("key.pem", own.key)

	for _, x := range []struct {
		name, query string
		args        []string
		twice       bool // some may come twice
	}{
		{name: "gRPC", query: "?"},
		{name: "gRPC without compression", query: "?compression=none"},
		{name: "HTTP", query: "?protocol=http"},
		{name: "HTTP without compression", query: "?protocol=http&compression=none"},
		{name: "gRPC with TLS", query: "?tls=yes", args: []string{"-certificate", ca, "-key", key}},
		{name: "HTTP with TLS", query: "?protocol=http&tls=yes", args: []string{"-certificate", ca, "-key", key}},
		{name: "gRPC, and the collector's exporter fails at times", query: "?", args: []string{"-fail", "3"}, twice: true},
		{name: "HTTP, and the collector's exporter fails at times", query: "?protocol=http", args: []string{"-fail", "3"}, twice: true},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := startCollector(t, x.args...)
			to := c.grpc
			if strings.Contains(x.query, "http") {
				to = c.http
			}
			report, err := replaying{to: "otlp://" + to + x.query, security: sink.Security{CAFile: ca}}.run(t, recording)
			if err != nil {
				t.Fatal(err)
			}
			duplicates := requireSpans(t, want, c.end())
			if duplicates > 0 && !x.twice {
				t.Errorf("%d records came twice", duplicates)
			}
			if x.twice && report.Delivery.Retries == 0 {
				t.Errorf("no retries: %+v", report.Delivery)
			}
		})
	}

	for _, query := range []string{"", "?protocol=http"} {
		t.Run("a span that the collector refuses goes to the dead-letter file, the others arrive"+query, func(t *testing.T) {
			var refused string
			for id := range want {
				if strings.Contains(id, "-0-17") {
					refused = id
				}
			}
			c := startCollector(t, "-refuse", refused)
			to := c.grpc
			if query != "" {
				to = c.http
			}
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			dead, err := deliver.OpenDeadLetter(path)
			if err != nil {
				t.Fatal(err)
			}
			report, err := replaying{to: "otlp://" + to + query, options: play.Options{Deliver: deliver.Options{DeadLetter: dead}}}.run(t, recording)
			if err != nil {
				t.Fatal(err)
			}
			left := map[string]string{}
			for id, line := range want {
				if id != refused {
					left[id] = line
				}
			}
			requireSpans(t, left, c.end())
			if letters := readFile(t, path); report.Delivery.Refused != 1 || !strings.Contains(letters, refused) || !strings.Contains(letters, "nobody wants") {
				t.Errorf("%+v: %s", report.Delivery, letters)
			}
		})
	}

	secure := startCollector(t, "-certificate", ca, "-key", key)
	partial := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte{0x0a, 0x06, 0x08, 0x05, 0x12, 0x02, 'n', 'o'}) // 5 rejected: "no"
	}))
	defer partial.Close()
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer right" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
		}
	}))
	defer login.Close()
	reset := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reset(w) }))
	defer reset.Close()
	for _, x := range []struct {
		name, to string
		security sink.Security
		want     []string
	}{
		{name: "nothing listens, gRPC", to: "127.0.0.1:1", want: []string{"connection refused", "nothing listens there"}},
		{name: "nothing listens, HTTP", to: "127.0.0.1:1?protocol=http", want: []string{"connection refused", "nothing listens there"}},
		{name: "an unknown authority, gRPC", to: secure.grpc + "?tls=yes", want: []string{"--tls-ca"}},
		{name: "an unknown authority, HTTP", to: secure.http + "?tls=yes&protocol=http", want: []string{"--tls-ca"}},
		{name: "plain text to a port with TLS, HTTP", to: secure.http + "?protocol=http", want: []string{"400 Bad Request"}},
		{name: "a server that rejects a part without a word which", to: partial.URL[len("http://"):] + "?protocol=http", want: []string{"rejects 5 records: no", "--dead-letter"}},
		{name: "a wrong token", to: login.URL[len("http://"):] + "?protocol=http", security: sink.Security{TokenFile: file("token", "guess\n")},
			want: []string{"401 Unauthorized", "--token-file"}},
		{name: "the connection is reset", to: reset.URL[len("http://"):] + "?protocol=http", want: []string{"closed the connection"}},
		{name: "no collector behind gRPC", to: login.URL[len("http://"):], want: []string{"the server answers Unavailable"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := play.Options{Deliver: deliver.Options{Retry: deliver.Retry{Attempts: 1}}}
			report, err := replaying{to: "otlp://" + x.to, security: x.security, options: o}.run(t, recording)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range x.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v\nwant %q in it", err, w)
				}
			}
			if bytes.Contains([]byte(err.Error()), []byte("guess")) || report.Delivery.Acknowledged != 0 {
				t.Errorf("%d acknowledged, %v", report.Delivery.Acknowledged, err)
			}
			t.Log(err)
		})
	}
	t.Run("a right token", func(t *testing.T) {
		_, err := replaying{to: "otlp://" + login.URL[len("http://"):] + "?protocol=http", security: sink.Security{TokenFile: file("token", "right\n")}}.run(t, recording)
		if err != nil {
			t.Error(err)
		}
	})
}
