//go:build interop

package sink_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// startClickHouse starts ClickHouse's engine behind HTTP and returns HOST:PORT.
func startClickHouse(t *testing.T) string {
	t.Helper()
	python := os.Getenv("SENDMSGREC_CHDB")
	if python == "" {
		t.Fatal("SENDMSGREC_CHDB names no Python with chdb; run make interop")
	}
	cmd := exec.Command(python, "testdata/clickhouse.py", t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the engine does not start: %v", err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// query returns the rows of a query.
func query(t *testing.T, address, statement string) [][]any {
	t.Helper()
	response, err := http.Get("http://" + address + "/?query=" + url.QueryEscape(statement))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", statement, body, err)
	}
	if len(body) == 0 {
		return nil // a statement
	}
	var result struct{ Data [][]any }
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&result); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return result.Data
}

// row returns a row's cells with blanks between. ClickHouse quotes 64-bit
// integers, which makes them equal to others here.
func row(t *testing.T, address, statement string) string {
	t.Helper()
	rows := query(t, address, statement)
	if len(rows) != 1 {
		t.Fatalf("%s: %d rows", statement, len(rows))
	}
	return strings.Trim(fmt.Sprint(rows[0]...), "[]")
}

// requireStatistics compares what the engine computes with stats.
func requireStatistics(t *testing.T, address, table string, recording []byte) {
	t.Helper()
	reader, err := segment.NewReader(bytes.NewReader(recording), int64(len(recording)))
	if err != nil {
		t.Fatal(err)
	}
	by, err := stats.ParseFields([]string{"pid"})
	if err != nil {
		t.Fatal(err)
	}
	counter := stats.New(stats.Options{By: by})
	if err := counter.Add(stats.Input{Reader: reader}); err != nil {
		t.Fatal(err)
	}
	s := counter.Result()
	groups := 0
	for g := range s.Groups() {
		groups++
		pid := s.By[0].Text(g.Key[0])
		where := fmt.Sprintf("FROM %s FINAL WHERE pid = %s", table, pid)
		got := query(t, address, "SELECT count(), count(duration_ns), countIf(ret < 0), ifNull(sum(requested_bytes), 0), ifNull(sumIf(ret, ret > 0), 0), min(duration_ns), max(duration_ns), arraySort(groupArray(duration_ns)) "+where)[0]
		durations := got[7].([]any)
		want := []any{g.Count, g.Timed, g.Failed, g.RequestedBytes, g.SentBytes, g.MinNS, g.MaxNS}
		for i := range want {
			if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
				t.Errorf("pid %s: value %d is %v, stats says %v", pid, i, got[i], want[i])
			}
		}
		for i, q := range g.Quantiles {
			v, _ := new(big.Int).SetString(fmt.Sprint(durations[stats.Quantiles[i].Q.Rank(g.Timed)-1]), 10)
			if off := float64(v.Int64()) - float64(q.NS); off > g.RelativeError*float64(q.NS)+1 || -off > g.RelativeError*float64(q.NS)+1 {
				t.Errorf("pid %s: %s is %v, stats says %d with a relative error of %v", pid, q.Name, v, q.NS, g.RelativeError)
			}
		}
	}
	if groups < 2 {
		t.Errorf("%d groups", groups)
	}
}

func TestClickHouse(t *testing.T) {
	address := startClickHouse(t)
	recording := generate(t, gen.Options{Events: 60_000, SegmentEvents: 7000, GapEvery: 3})
	want := expected(t, recording)
	notices := len(want) - 60_000

	t.Run("tables are made, and the engine gives the numbers of stats", func(t *testing.T) {
		report, err := replaying{to: "clickhouse://" + address + "/recordings/whole?create=yes"}.run(t, recording)
		if err != nil {
			t.Fatal(err)
		}
		if int(report.Delivery.Acknowledged) != len(want) {
			t.Errorf("%d acknowledged of %d", report.Delivery.Acknowledged, len(want))
		}
		requireStatistics(t, address, "recordings.whole", recording)
		if got := row(t, address, "SELECT count() FROM recordings.whole_notices"); got != fmt.Sprint(notices) {
			t.Errorf("%s notices, want %d", got, notices)
		}
		// Every event, by its id, with its time.
		for _, r := range query(t, address, "SELECT concat(recording_id, '-', toString(cpu), '-', toString(seq)), toString(time_boottime_ns), toString(time_ns) FROM recordings.whole") {
			line := want[r[0].(string)]
			if !strings.Contains(line, fmt.Sprintf(`"time_ns":%s,`, r[1])) {
				t.Fatalf("%v is no event of the recording: %s", r, line)
			}
			if wall := strings.TrimSuffix(strings.Replace(r[2].(string), " ", "T", 1), "000"); !strings.Contains(line, wall[:23]) {
				t.Fatalf("wall time %s, want that of %s", wall, line)
			}
		}
		// Gaps, as the recording has them.
		for _, r := range query(t, address, "SELECT concat(recording_id, '-', kind, '-', toString(number)), record FROM recordings.whole_notices") {
			id := r[0].(string)
			if want[id] != fmt.Sprintf(`{"id":"%s",%s`, id, strings.TrimPrefix(r[1].(string), "{")) {
				t.Errorf("%s: %s\nwant %s", id, r[1], want[id])
			}
		}
	})

	t.Run("a replay that is repeated changes nothing", func(t *testing.T) {
		for range 2 {
			if _, err := (replaying{to: "clickhouse://" + address + "/recordings/twice?create=yes"}).run(t, recording); err != nil {
				t.Fatal(err)
			}
		}
		if got := row(t, address, "SELECT count() FROM recordings.twice FINAL"); got != "60000" {
			t.Errorf("%s events", got)
		}
	})

	t.Run("a table with a part of the columns gets these", func(t *testing.T) {
		query(t, address, "CREATE TABLE recordings.part (comm String, duration_ns Nullable(Int64)) ENGINE = MergeTree ORDER BY comm")
		query(t, address, "CREATE TABLE recordings.part_notices (kind String, record String) ENGINE = MergeTree ORDER BY kind")
		if _, err := (replaying{to: "clickhouse://" + address + "/recordings/part"}).run(t, recording); err != nil {
			t.Fatal(err)
		}
		if got := row(t, address, "SELECT count() FROM recordings.part"); got != "60000" {
			t.Errorf("%s events", got)
		}
	})

	t.Run("a paced replay makes few inserts", func(t *testing.T) {
		few := generate(t, gen.Options{Events: 2000})
		o := paced(1000)
		report, err := replaying{to: "clickhouse://" + address + "/recordings/paced?create=yes&interval=500ms", options: o}.run(t, few)
		if err != nil {
			t.Fatal(err)
		}
		if got := row(t, address, "SELECT count() FROM recordings.paced"); got != "2000" || report.Delivery.Batches > 8 {
			t.Errorf("%s events by %d inserts", got, report.Delivery.Batches)
		}
	})

	for i, x := range []struct {
		name  string
		fault func(w http.ResponseWriter, r *http.Request, next http.Handler)
	}{
		{"the connection is reset after the server has stored the block", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			reset(w)
		}},
		{"the connection is reset before the server has read the block", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { reset(w) }},
		{"the server is slow", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			time.Sleep(500 * time.Millisecond)
			next.ServeHTTP(w, r)
		}},
		{"the server says that it is busy", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("X-ClickHouse-Exception-Code", "252")
			http.Error(w, "Code: 252. DB::Exception: Too many parts", http.StatusInternalServerError)
		}},
		{"a proxy finds no server", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "no upstream", http.StatusBadGateway)
		}},
		{"the server closes its half of the connection", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.(*net.TCPConn).CloseWrite()
				time.AfterFunc(time.Second, func() { _ = conn.Close() })
			}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
			var inserts, faults atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Query().Get("query"), "INSERT") && inserts.Add(1)%3 == 1 && faults.Add(1) <= 3 {
					x.fault(w, r, proxy)
					return
				}
				proxy.ServeHTTP(w, r)
			}))
			defer server.Close()
			table := fmt.Sprintf("recordings.fault%d", i)
			o := play.Options{Deliver: deliver.Options{MaxRecords: 9000}}
			_, err := replaying{to: "clickhouse://" + strings.TrimPrefix(server.URL, "http://") + "/" + strings.Replace(table, ".", "/", 1) + "?create=yes&interval=0s", options: o}.run(t, recording)
			if err != nil {
				t.Fatal(err)
			}
			// Without FINAL: the tokens alone keep blocks from being stored twice.
			if got := row(t, address, "SELECT count() FROM "+table); got != "60000" {
				t.Errorf("%s events are stored", got)
			}
			if got := row(t, address, "SELECT count() FROM "+table+"_notices"); got != fmt.Sprint(notices) {
				t.Errorf("%s notices are stored, want %d", got, notices)
			}
			if faults.Load() < 3 {
				t.Errorf("%d faults", faults.Load())
			}
		})
	}

	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	another := httptest.NewServer(http.NotFoundHandler())
	defer another.Close()
	stranger := filepath.Join(t.TempDir(), "user")
	if err := os.WriteFile(stranger, []byte("stranger:guess\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	query(t, address, "CREATE TABLE recordings.other (comm Array(Int8)) ENGINE = MergeTree ORDER BY comm")
	for _, x := range []struct {
		name, to string
		security sink.Security
		want     []string
	}{
		{name: "the table is not there", to: address + "/recordings/absent", want: []string{"UNKNOWN_TABLE", "create=yes"}},
		{name: "the database is not there", to: address + "/absent/t?create=yes", want: []string{"UNKNOWN_DATABASE", "made by hand"}},
		{name: "the table has other types", to: address + "/recordings/other", want: []string{"create=yes"}},
		{name: "a wrong login", to: address + "/recordings/whole", security: sink.Security{UserFile: stranger}, want: []string{"AUTHENTICATION_FAILED", "--user-file"}},
		{name: "nothing listens", to: "127.0.0.1:1/t", want: []string{"connection refused", "nothing listens there"}},
		{name: "TLS to a server without", to: address + "/t?tls=yes", want: []string{"does not speak TLS"}},
		{name: "an unknown authority", to: strings.TrimPrefix(secure.URL, "https://") + "/t?tls=yes", want: []string{"--tls-ca"}},
		{name: "no ClickHouse", to: strings.TrimPrefix(another.URL, "http://") + "/t", want: []string{"404 Not Found"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := play.Options{Deliver: deliver.Options{Retry: deliver.Retry{Attempts: 1}}}
			report, err := replaying{to: "clickhouse://" + x.to, security: x.security, options: o}.run(t, recording)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range x.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v\nwant %q in it", err, w)
				}
			}
			if strings.Contains(err.Error(), "guess") || report.Delivery.Acknowledged != 0 {
				t.Errorf("%d acknowledged, %v", report.Delivery.Acknowledged, err)
			}
			t.Log(err)
		})
	}
}

// reset ends a request's connection as a crash does.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}
