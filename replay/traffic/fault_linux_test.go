package traffic_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

func TestNothingIsSentThatFindsNoPeer(t *testing.T) {
	tcp := listen(t, "tcp")
	in := recording(t, 1000, send(schema.FamilyInet, schema.SocketStream, 1, 1, 10), send(schema.FamilyUnix, schema.SocketStream, 1, 2, 10))
	r, err := traffic.New(context.Background(), options(t, in, "tcp:*="+tcp.target, "unix:*=unix:"+filepath.Join(t.TempDir(), "none")))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run(context.Background())
	if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "nothing was sent") {
		t.Errorf("%v", err)
	}
	if report := r.Report(); report.Unsent != 2 || report.All.Sent != 0 {
		t.Errorf("%d sent, %d unsent", report.All.Sent, report.Unsent)
	}
	tcp.end()
	for _, s := range tcp.streams {
		if len(s) > 0 {
			t.Errorf("%d bytes came", len(s))
		}
	}
}

// A peer that goes away makes the rest of its sends fail, and of no others.
func TestSendsThatFailAreCountedByTheirError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1000))
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	good := listen(t, "tcp")
	var events []event
	for i := range int64(50) {
		events = append(events, send(schema.FamilyInet, schema.SocketStream, 1, 1, 1000),
			send(schema.FamilyInet, schema.SocketStream, 1, 2, 1000).with(schema.ColRemotePort, int64(81)).with(schema.ColFlags, i%2*unix.MSG_DONTWAIT))
	}
	o := options(t, recording(t, 2_000_000, events...), "*:80=tcp:"+l.Addr().String(), "*:81="+good.target)
	o.Pace.Unpaced = false
	report := run(t, o)
	bad := report.Maps[0]
	if bad.Failed == 0 || bad.Errors[int(unix.EPIPE)]+bad.Errors[int(unix.ECONNRESET)] != bad.Failed || report.Maps[1].Failed != 0 || report.Maps[1].Sent != 50 {
		t.Errorf("%+v, %d failed to the other one", bad.Errors, report.Maps[1].Failed)
	}
}

// silent accepts connections and reads nothing until told to.
func silent(t *testing.T) (target string, read func()) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "silent"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	begin := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				<-begin
				buf := make([]byte, 1<<20)
				for {
					if _, err := c.Read(buf); err != nil {
						c.Close()
						return
					}
				}
			}()
		}
	}()
	return "unix:" + l.Addr().String(), func() { close(begin) }
}

// Thread 1 blocks on a peer that does not read; thread 2 goes on all the same.
func TestACallThatBlocksDelaysItsOwnThreadAlone(t *testing.T) {
	target, read := silent(t)
	good := packets(t, "udp")
	var events []event
	for range 30 {
		events = append(events, send(schema.FamilyUnix, schema.SocketStream, 1, 1, 100_000), send(schema.FamilyInet, schema.SocketDgram, 2, 2, 100))
	}
	r, err := traffic.New(context.Background(), options(t, recording(t, 1000, events...), "unix:*="+target, "udp:*="+good.target))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(context.Background()) }()
	waitFor(t, func() bool { good.mu.Lock(); defer good.mu.Unlock(); return len(good.messages) == 30 })
	select {
	case err := <-ended:
		t.Fatalf("3 MB went to a peer that read nothing: %v", err)
	default:
	}
	read()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	report := r.Report()
	if account(t, report); report.All.Sent != 60 {
		t.Errorf("%d sent", report.All.Sent)
	}
}

// A socket that was non-blocking is so again: its calls fail and do not hang.
func TestANonBlockingSocketDoesNotHang(t *testing.T) {
	target, _ := silent(t)
	events := sizes(schema.FamilyUnix, schema.SocketStream, 1, 1, slicesOf(30, 100_000))
	events[3] = events[3].with(schema.ColRet, -int64(unix.EAGAIN))
	report := run(t, options(t, recording(t, 1000, events...), "*="+target))
	if report.All.Sent == 0 || report.All.Failed == 0 || report.All.Errors[int(unix.EAGAIN)] != report.All.Failed {
		t.Errorf("%d sent, failed: %v", report.All.Sent, report.All.Errors)
	}
}

func slicesOf(n int, size int64) (list []int64) {
	for range n {
		list = append(list, size)
	}
	return list
}

// An interruption ends the replay soon, calls that hang or not, with an account.
func TestAnInterruptionEndsInOrder(t *testing.T) {
	target, _ := silent(t)
	events := sizes(schema.FamilyUnix, schema.SocketStream, 1, 1, slicesOf(30, 100_000))
	for range 10 { // due in an hour
		late := send(schema.FamilyUnix, schema.SocketStream, 2, 2, 10)
		events = append(events, late.with(schema.ColTimeNS, int64(2*3_600_000_000_000)))
	}
	o := options(t, recording(t, 1000, events...), "*="+target)
	o.Pace.Unpaced = false
	r, err := traffic.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	begun := time.Now()
	if err := r.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	report := r.Report()
	account(t, report)
	if report.Unsent < 10 || time.Since(begun) > 30*time.Second {
		t.Errorf("%d unsent after %v", report.Unsent, time.Since(begun))
	}
}

// What peers send back is read, so that they do not block.
func TestPeersMayTalkBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	echoed := make(chan int64, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var n int64
		buf := make([]byte, 1<<16)
		for {
			k, err := c.Read(buf)
			if k > 0 {
				// Ten times as much as came.
				for range 10 {
					if _, err := c.Write(buf[:k]); err != nil {
						break
					}
				}
			}
			if n += int64(k); err != nil {
				echoed <- n
				return
			}
		}
	}()
	report := run(t, options(t, recording(t, 1000, sizes(schema.FamilyInet, schema.SocketStream, 1, 1, slicesOf(200, 50_000))...), "*=tcp:"+l.Addr().String()))
	if n := <-echoed; n != 10_000_000 || report.All.Sent != 200 {
		t.Errorf("%d bytes came of %d sends", n, report.All.Sent)
	}
}

// Each call begins at or after its time, in the recorded gaps.
func TestCallsAreNotEarly(t *testing.T) {
	recv := packets(t, "udp")
	o := options(t, recording(t, 2_000_000, sizes(schema.FamilyInet, schema.SocketDgram, 1, 1, slicesOf(50, 10))...), "*="+recv.target)
	o.Pace.Unpaced, o.Pace.Speed = false, 2
	report := run(t, o)
	if want := 49 * time.Millisecond; report.Elapsed < want || report.Recorded != 2*want {
		t.Errorf("%v for a recording of %v at twice its pace", report.Elapsed, report.Recorded)
	}
}

// More sockets at once than descriptors may be open are refused before anything
// is sent.
func TestTheLimitOfOpenFiles(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	used, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = uint64(len(used)) + 400
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) }()
	recv := packets(t, "udp")
	var events []event
	for inode := range int64(500) {
		events = append(events, send(schema.FamilyInet, schema.SocketDgram, 1, inode, 10))
	}
	r, err := traffic.New(context.Background(), options(t, recording(t, 1000, events...), "*="+recv.target))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "ulimit -Hn 564") {
		t.Errorf("%v", err)
	}
}
