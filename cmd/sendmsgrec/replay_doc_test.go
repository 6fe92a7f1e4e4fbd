package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

// TestEveryCommandOfTheReplayPageRuns runs the blocks of docs/replay.md, in
// order and in one directory, against receivers of its own at the addresses
// that the page names, and compares what they print with the block behind them.
func TestEveryCommandOfTheReplayPageRuns(t *testing.T) {
	runPage(t, filepath.Join("..", "..", "docs", "replay.md"), "sh", 19)
}

// runPage runs the blocks of a page that are marked with the language, of which
// there are so many at least.
func runPage(t *testing.T, path, language string, least int) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "trace.smr"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gen.Write(f, gen.Options{Events: 1000, Seed: 1, SegmentEvents: 256, CPUs: 2, GapEvery: 3}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "sendmsgrec")); err != nil {
		t.Fatal(err)
	}
	addresses := startReceivers(t, dir)

	blocks := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```\n(?:```\n(.*?)^```\n)?").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < least {
		t.Fatalf("only %d blocks", len(blocks))
	}
	for _, block := range blocks {
		cmd := exec.Command("sh", "-e", "-c", addresses.Replace(block[1]))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("%s%v: %s", block[1], err, stderr.String())
		} else if block[2] != "" && stdout.String() != block[2] {
			t.Errorf("%sprints\n%s\nnot\n%s", block[1], stdout.String(), block[2])
		}
	}
}

// startReceivers starts what listens at the addresses of the page, and returns
// what turns these into the real ones.
func startReceivers(t *testing.T, dir string) *strings.Replacer {
	t.Helper()
	discard := func(l net.Listener, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(io.Discard, c)
					c.Close()
				}()
			}
		}()
		return l.Addr().String()
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	web := httptest.NewServer(pageServer())
	t.Cleanup(web.Close)
	secure := httptest.NewTLSServer(nil)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	config := secure.TLS.Clone()
	config.NextProtos = nil
	secure.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"localhost:9000", discard(net.Listen("tcp", "127.0.0.1:0")),
		"/run/collector.sock", discard(net.Listen("unix", filepath.Join(dir, "collector.sock"))),
		"localhost:9443", discard(tls.NewListener(plain, config), nil),
		"localhost:9001", udp.LocalAddr().String(),
		"localhost:8080", strings.TrimPrefix(web.URL, "http://"),
	)
}

// pageServer is the HTTP server of the page: /events takes all, /private wants
// the token, /picky refuses requests with one of three records in them.
func pageServer() http.Handler {
	mux := http.NewServeMux()
	take := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}
	mux.HandleFunc("POST /events", take)
	mux.HandleFunc("POST /private", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		take(w, r)
	})
	mux.HandleFunc("POST /picky", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || regexp.MustCompile(`"cpu":1,"seq":(7|8|400),`).Match(body) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}
