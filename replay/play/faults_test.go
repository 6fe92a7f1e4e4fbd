package play_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// faultEvents is the size of the recording.
const faultEvents = 1000

// fault is a receiver that misbehaves, and what must come of it.
type fault struct {
	name string
	// serve starts the receiver and returns the URL.
	serve func(t *testing.T, got *ids) string
	// security are the files that the sink is given.
	security func(t *testing.T) sink.Security
	// fails is what the error must say; empty: everything arrives.
	fails []string
	// retried: the report says that something was sent again.
	retried bool
	// once: nothing arrives twice.
	once bool
}

func TestEverySinkSurvivesOrSaysWhatIsWrong(t *testing.T) {
	var all []fault
	for _, network := range []string{"tcp", "unix"} {
		all = append(all, connectionFaults(network)...)
	}
	all = append(all, tlsFaults()...)
	all = append(all, httpFaults()...)
	all = append(all, fault{name: "udp: nothing listens", fails: []string{"connection refused", "nothing listens there", "gave up after 4 attempts"},
		serve: func(t *testing.T, _ *ids) string {
			c, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			return "udp:" + c.LocalAddr().String()
		}})
	in := input(t, gen.Options{Events: faultEvents, Seed: 9, SegmentEvents: 300, CPUs: 2})
	whole, err := run(t, "null:", sink.Options{}, unpaced(in))
	if err != nil {
		t.Fatal(err)
	}
	faultRecords := whole.Delivery.Acknowledged
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			got := &ids{}
			so := sink.Options{}
			url := f.serve(t, got)
			if f.security != nil {
				so.Security = f.security(t)
			}
			report, err := run(t, url, so, unpaced(in))
			d := report.Delivery
			if len(f.fails) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				for end := time.Now().Add(10 * time.Second); got.len() < int(faultRecords) && time.Now().Before(end); {
					time.Sleep(time.Millisecond) // the receiver may lag behind its kernel
				}
				if n := got.len(); n != int(faultRecords) || d.Acknowledged != faultRecords {
					t.Errorf("%d records arrived, %d are acknowledged, want %d", n, d.Acknowledged, faultRecords)
				}
			} else if err == nil {
				t.Fatal("no error")
			}
			for _, words := range f.fails {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("error %q does not say %q", err, words)
				}
			}
			if f.retried != (d.Retries > 0) && len(f.fails) == 0 {
				t.Errorf("%d retries", d.Retries)
			}
			// What is not acknowledged is stated.
			if n := int64(got.len()); len(f.fails) > 0 && d.Acknowledged > n {
				t.Errorf("%d acknowledged, %d arrived", d.Acknowledged, n)
			}
			for id, n := range got.times {
				if n > 1 && (f.once || d.Resent == 0) {
					t.Fatalf("%s arrived %d times, and the report does not say so", id, n)
				}
			}
		})
	}
}

// serveConnections handles connections of a listener, the n-th with n from 0.
func serveConnections(t *testing.T, l net.Listener, handle func(n int, c net.Conn)) {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(n, c)
			}()
		}
	}()
}

// listen returns a listener and the URL that leads to it.
func listen(t *testing.T, network string) (net.Listener, string) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l, network + ":" + l.Addr().String()
}

// reset ends a connection as a crash does.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Close()
}

func connectionFaults(network string) []fault {
	serve := func(handle func(n int, c net.Conn, got *ids)) func(*testing.T, *ids) string {
		return func(t *testing.T, got *ids) string {
			l, url := listen(t, network)
			serveConnections(t, l, func(n int, c net.Conn) { handle(n, c, got) })
			return url
		}
	}
	return []fault{
		{name: network + ": nothing listens", fails: []string{"gave up after 4 attempts"}, serve: func(t *testing.T, _ *ids) string {
			l, url := listen(t, network)
			l.Close()
			return url
		}},
		{name: network + ": reset in the middle of a batch", retried: true, serve: serve(func(n int, c net.Conn, got *ids) {
			if n < 2 {
				_, _ = io.ReadFull(c, make([]byte, 100))
				reset(c)
				return
			}
			got.read(c)
		})},
		{name: network + ": closed in the middle of a batch, always", fails: []string{"the other side closed the connection", "had not read", "gave up after 4 attempts"},
			serve: serve(func(_ int, c net.Conn, _ *ids) {
				_, _ = io.ReadFull(c, make([]byte, 100))
				reset(c)
			})},
		{name: network + ": slow", once: true, serve: serve(func(_ int, c net.Conn, got *ids) {
			got.read(slowReader{c})
		})},
		{name: network + ": half closed", once: true, serve: serve(func(_ int, c net.Conn, got *ids) {
			_ = c.(interface{ CloseWrite() error }).CloseWrite()
			got.read(c)
		})},
	}
}

// slowReader reads little at a time.
type slowReader struct{ r io.Reader }

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Microsecond)
	return s.r.Read(p[:min(len(p), 777)])
}

// certificate is a server's of httptest, for 127.0.0.1 and example.com.
func certificate(t *testing.T) (tls.Certificate, sink.Security) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.TLS.Certificates[0], sink.Security{CAFile: path}
}

func tlsFaults() []fault {
	serve := func(config *tls.Config) func(*testing.T, *ids) string {
		return func(t *testing.T, got *ids) string {
			pair, _ := certificate(t)
			config.Certificates = []tls.Certificate{pair}
			l, url := listen(t, "tcp")
			serveConnections(t, tls.NewListener(l, config), func(_ int, c net.Conn) { got.read(c) })
			return "tls" + strings.TrimPrefix(url, "tcp")
		}
	}
	trusted := func(t *testing.T) sink.Security {
		_, s := certificate(t)
		return s
	}
	return []fault{
		{name: "tls: trusted", serve: serve(&tls.Config{}), security: trusted, once: true},
		{name: "tls: an authority that is not known", serve: serve(&tls.Config{}), fails: []string{"unknown authority", "--tls-ca FILE"}},
		{name: "tls: a certificate for another name", serve: serve(&tls.Config{}), fails: []string{"--tls-server-name"}, security: func(t *testing.T) sink.Security {
			s := trusted(t)
			s.ServerName = "another.example.org"
			return s
		}},
		{name: "tls: a client certificate is wanted", serve: serve(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}),
			security: trusted, fails: []string{"--tls-cert FILE"}},
		{name: "tls: the server does not speak it", security: trusted, fails: []string{"does not speak TLS on this port"}, serve: func(t *testing.T, _ *ids) string {
			l, url := listen(t, "tcp")
			serveConnections(t, l, func(_ int, c net.Conn) {
				_, _ = c.Write([]byte("220 hello\r\n"))
				_, _ = io.Copy(io.Discard, c)
			})
			return "tls" + strings.TrimPrefix(url, "tcp")
		}},
	}
}

func httpFaults() []fault {
	// serve answers the n-th request, from 0, by handle, which returns false to
	// take the request.
	serve := func(handle func(n int64, w http.ResponseWriter, r *http.Request) bool) func(*testing.T, *ids) string {
		return func(t *testing.T, got *ids) string {
			var requests atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if handle(requests.Add(1)-1, w, r) {
					return
				}
				got.read(r.Body)
				w.WriteHeader(http.StatusOK)
			}))
			t.Cleanup(s.Close)
			return s.URL + "/events?source=test"
		}
	}
	status := func(code int, until int64) func(n int64, w http.ResponseWriter, r *http.Request) bool {
		return func(n int64, w http.ResponseWriter, r *http.Request) bool {
			if n >= until {
				return false
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(code)
			fmt.Fprint(w, "because\x1b of the test")
			return true
		}
	}
	const always = 1 << 40
	hijack := func(n int64, w http.ResponseWriter, r *http.Request) bool {
		if n != 1 {
			return false
		}
		_, _ = io.ReadFull(r.Body, make([]byte, 100))
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		reset(c)
		return true
	}
	return []fault{
		{name: "http: nothing listens", fails: []string{"connection refused", "nothing listens there"}, serve: func(t *testing.T, _ *ids) string {
			s := httptest.NewServer(nil)
			s.Close()
			return s.URL
		}},
		{name: "http: 500 for a while", serve: serve(status(500, 3)), retried: true},
		{name: "http: 429 for a while", serve: serve(status(429, 2)), retried: true},
		{name: "http: 503 always", serve: serve(status(503, always)), fails: []string{"503", `because\33 of the test`, "gave up after 4 attempts"}},
		{name: "http: no credentials", serve: serve(status(401, always)), fails: []string{"401", "--token-file"}},
		{name: "http: a wrong path", serve: serve(status(404, always)), fails: []string{"404", "check the path"}},
		{name: "http: another format", serve: serve(status(415, always)), fails: []string{"415", "--format"}},
		{name: "http: elsewhere", serve: serve(status(307, always)), fails: []string{"307", "redirects are not followed"}},
		{name: "http: refused for good", serve: serve(status(400, always)), fails: []string{"the sink refuses", "400", "--dead-letter FILE"}},
		{name: "http: reset in the middle of a batch", serve: serve(hijack), retried: true},
		{name: "http: slow", once: true, serve: serve(func(_ int64, _ http.ResponseWriter, r *http.Request) bool {
			r.Body = io.NopCloser(slowReader{r.Body})
			return false
		})},
		{name: "https: an authority that is not known", fails: []string{"--tls-ca FILE"}, serve: func(t *testing.T, _ *ids) string {
			s := httptest.NewTLSServer(nil)
			t.Cleanup(s.Close)
			return s.URL
		}},
	}
}

func TestADatagramThatIsTooLargeGoesToTheDeadLetters(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	o := unpaced(input(t, gen.Options{Events: 20, Seed: 9, CPUs: 1}))
	if o.Deliver.DeadLetter, err = deliver.OpenDeadLetter(path); err != nil {
		t.Fatal(err)
	}
	k := &acknowledger{traits: sink.Traits{Bytes: true}}
	target, err := sink.Parse("udp:" + c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := sink.Open(t.Context(), target, &sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The fourth record is made larger than any datagram.
	k.send = func(b *sink.Batch) error {
		b.Data = append(b.Data, make([]byte, 1<<16)...)
		grow := func(from, by int) {
			copy(b.Data[from+by:], b.Data[from:len(b.Data)-by])
			for i := from; i < from+by; i++ {
				b.Data[i] = ' '
			}
		}
		grow(b.Records[2].End, 1<<16)
		for i := 3; i < len(b.Records); i++ {
			b.Records[i].End += 1 << 16
		}
		var result error
		s.Send(t.Context(), b, func(err error) { result = err })
		return result
	}
	p, err := play.New(k.traits, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if d := p.Report().Delivery; d.Refused != 1 || d.Acknowledged != d.Put-1 {
		t.Errorf("%+v", d)
	}
	if letters, err := os.ReadFile(path); err != nil || !strings.Contains(string(letters), "larger than a datagram can be") {
		t.Errorf("%v: %.200s", err, letters)
	}
}
