package record

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sinkBehaviour is what is wrong with a sink.
type sinkBehaviour struct {
	wait time.Duration // before each request or 4 KiB
	late time.Duration // after which it begins to listen
	// breakAt: an HTTP server hangs up without an answer at the requests of
	// these numbers; a TCP server at these bytes, over all connections.
	breakAt []int
}

// eventID is an event's id within its recording.
type eventID struct {
	cpu int
	seq int64
}

// received is what a sink has got.
type received struct {
	mu     sync.Mutex
	events map[eventID]int
	gaps   map[string]gapLine // by id
	// requests are the ids of each HTTP request, in order.
	requests [][]eventID
	stop     func() // waits until everything was read
}

// gapLine is a gap in JSON.
type gapLine struct {
	Kind     string
	ID       string
	CPU      int
	Seq      int64
	Cause    string
	FirstSeq *int64 `json:"first_seq"`
	Count    int64
}

// add notes a line, and returns the event's id.
func (r *received) add(line string) (id eventID, event bool) {
	var l gapLine
	if json.Unmarshal([]byte(line), &l) != nil {
		return id, false // cut off by a break
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch l.Kind {
	case "":
		id = eventID{l.CPU, l.Seq}
		r.events[id]++
		return id, true
	case "gap":
		if l.FirstSeq != nil && *l.FirstSeq < 0 {
			l.FirstSeq = nil
		}
		r.gaps[l.ID] = l
	}
	return id, false
}

// startSink starts a sink and returns its URL.
func startSink(t *testing.T, proto string, b sinkBehaviour) (url string, r *received) {
	t.Helper()
	r = &received{events: map[eventID]int{}, gaps: map[string]gapLine{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if b.late > 0 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open := func() net.Listener {
		if b.late == 0 {
			return l
		}
		time.Sleep(b.late)
		again, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return l
		}
		return again
	}
	if proto == "tcp" {
		r.serveTCP(open, b)
		return "tcp:" + address, r
	}
	r.serveHTTP(open, b)
	return "http://" + address + "/", r
}

func (r *received) serveTCP(open func() net.Listener, b sinkBehaviour) {
	ended, listener := make(chan struct{}), make(chan net.Listener, 1)
	go func() {
		defer close(ended)
		l := open()
		listener <- l
		total := 0
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			total = r.read(c, total, b)
			c.Close()
		}
	}()
	r.stop = func() {
		l := <-listener
		l.Close()
		<-ended
	}
}

// read reads a connection, and returns how many bytes there were in all.
func (r *received) read(c net.Conn, total int, b sinkBehaviour) int {
	lines := bufio.NewReaderSize(c, 4096)
	sinceWait := 0
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return total
		}
		r.add(line)
		before := total
		total += len(line)
		if slices.ContainsFunc(b.breakAt, func(at int) bool { return before < at && at <= total }) {
			// A reset: what the kernel has and we have not read is gone.
			_ = c.(*net.TCPConn).SetLinger(0)
			return total
		}
		if sinceWait += len(line); b.wait > 0 && sinceWait > 4096 {
			sinceWait = 0
			time.Sleep(b.wait)
		}
	}
}

func (r *received) serveHTTP(open func() net.Listener, b sinkBehaviour) {
	number := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		var ids []eventID
		for line := range strings.Lines(string(body)) {
			if id, ok := r.add(line); ok {
				ids = append(ids, id)
			}
		}
		r.mu.Lock()
		r.requests = append(r.requests, ids)
		number++
		hang := slices.Contains(b.breakAt, number)
		r.mu.Unlock()
		time.Sleep(b.wait)
		if hang {
			hangUp(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	server.Listener.Close()
	started := make(chan struct{})
	go func() {
		defer close(started)
		server.Listener = open()
		server.Start()
	}()
	r.stop = func() {
		<-started
		server.Close()
	}
}

// hangUp ends a request without an answer.
func hangUp(w http.ResponseWriter) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		c.Close()
	}
}
