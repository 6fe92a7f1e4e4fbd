package traffic_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
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

// run replays and returns the report, which must be balanced.
func run(t testing.TB, o traffic.Options) *traffic.Report {
	t.Helper()
	r, err := traffic.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	report := r.Report()
	account(t, report)
	if report.Unsent != 0 {
		t.Errorf("%d unsent", report.Unsent)
	}
	return report
}

// sizes returns events of one thread and socket with these sizes.
func sizes(family, socketType, tid, inode int64, sizes []int64) (events []event) {
	for _, n := range sizes {
		events = append(events, send(family, socketType, tid, inode, n))
	}
	return events
}

func randomSizes(n int, most int64) (list []int64) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		list = append(list, 1+r.Int64N(most))
	}
	return list
}

func TestAConnectionForEachRecordedSocket(t *testing.T) {
	for _, c := range []struct {
		name    string
		family  int64
		network string
	}{
		{"TCP to TCP", schema.FamilyInet, "tcp"},
		{"TCP to a Unix socket", schema.FamilyInet, "unix"},
		{"a Unix socket to TCP", schema.FamilyUnix, "tcp"},
		{"a Unix socket to a Unix socket", schema.FamilyUnix, "unix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			recv := listen(t, c.network)
			want := map[string]int{} // streams
			var events []event
			for socket := range int64(20) {
				list := randomSizes(30, 1000*(socket+1))
				var stream []byte
				for i, n := range list {
					// Two threads share each of the last sockets.
					tid := socket
					if socket >= 15 {
						tid += int64(i%2) * 100
					}
					events = append(events, send(c.family, schema.SocketStream, tid, socket, n))
					stream = append(stream, payload(7, n)...)
				}
				if socket < 15 {
					want[string(stream)]++
				}
			}
			o := options(t, recording(t, 1000, events...), "*="+recv.target)
			o.Seed = 7
			report := run(t, o)
			recv.end()
			if report.All.Sent != 600 || report.Sockets != 20 || report.Threads != 25 || len(recv.streams) != 20 {
				t.Errorf("%d sent by %d threads on %d sockets, %d connections", report.All.Sent, report.Threads, report.Sockets, len(recv.streams))
			}
			var total int64
			for _, s := range recv.streams {
				want[string(s)]--
				total += int64(len(s))
			}
			for s, n := range want {
				if n > 0 {
					t.Errorf("a stream of %d bytes did not come as it was recorded", len(s))
				}
			}
			if total != report.All.Bytes || total != report.All.RecordedBytes {
				t.Errorf("%d bytes came, %d were sent, %d recorded", total, report.All.Bytes, report.All.RecordedBytes)
			}
		})
	}
}

// Message boundaries, and the order of each thread, stay.
func TestMessagesStayApartAndInOrder(t *testing.T) {
	named := func(e event) event {
		return e.with(schema.ColMsgNamePtr, int64(1)).with(schema.ColMsgNamelen, int64(16)).with(schema.ColName, recordedName)
	}
	connected := func(e event) event { return e }
	sendto := func(e event) event {
		return e.with(schema.ColCall, int64(schema.CallSendto)).with(schema.ColMsgIovlen, nil)
	}
	for _, c := range []struct {
		name               string
		family, socketType int64
		receiver           func(t *testing.T) *receiver
		change             func(event) event
	}{
		{"UDP", schema.FamilyInet, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "udp") }, connected},
		{"UDP with an address", schema.FamilyInet, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "udp") }, named},
		{"UDP by sendto with an address", schema.FamilyInet, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "udp") }, func(e event) event { return sendto(named(e)) }},
		{"UDP to Unix datagrams with an address", schema.FamilyInet, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "unixgram") }, named},
		{"Unix datagrams", schema.FamilyUnix, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "unixgram") }, connected},
		{"Unix datagrams to UDP by sendto", schema.FamilyUnix, schema.SocketDgram, func(t *testing.T) *receiver { return packets(t, "udp") }, sendto},
		{"SOCK_SEQPACKET", schema.FamilyUnix, schema.SocketSeqpacket, seqpackets, connected},
		{"SOCK_SEQPACKET to UDP", schema.FamilyUnix, schema.SocketSeqpacket, func(t *testing.T) *receiver { return packets(t, "udp") }, connected},
	} {
		t.Run(c.name, func(t *testing.T) {
			recv := c.receiver(t)
			// So few that they fit into a receive buffer before any is read.
			list := randomSizes(60, 1400)
			var events []event
			for _, e := range sizes(c.family, c.socketType, 1, 1, list) {
				events = append(events, c.change(e))
			}
			report := run(t, options(t, recording(t, 1000, events...), "*="+recv.target))
			waitFor(t, func() bool { recv.mu.Lock(); defer recv.mu.Unlock(); return len(recv.messages) == len(list) })
			recv.end()
			for i, m := range recv.messages {
				if !bytes.Equal(m, payload(0, list[i])) {
					t.Fatalf("message %d has %d bytes, want %d", i, len(m), list[i])
				}
			}
			if report.All.Sent != int64(len(list)) || report.Sockets != 1 {
				t.Errorf("%d sent on %d sockets", report.All.Sent, report.Sockets)
			}
		})
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("waited in vain")
}

func TestIovecsEmptyMessagesAndManyMessagesOfACall(t *testing.T) {
	recv := packets(t, "udp")
	one := send(schema.FamilyInet, schema.SocketDgram, 1, 1, 0)
	many := func(i int, n int64) event {
		return one.iovecs(n).with(schema.ColCall, int64(schema.CallSendmmsg)).with(schema.ColVectorIndex, int64(i)).with(schema.ColTimeNS, int64(3_600_000_900_000))
	}
	in := recording(t, 1000,
		one.iovecs(), one.iovecs(0), one.iovecs(1, 0, 2), one.iovecs(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
		many(0, 10), many(1, 0), many(2, 20))
	report := run(t, options(t, in, "*="+recv.target))
	want := []int64{0, 0, 3, 66, 10, 0, 20}
	waitFor(t, func() bool { recv.mu.Lock(); defer recv.mu.Unlock(); return len(recv.messages) == len(want) })
	recv.end()
	for i, m := range recv.messages {
		if !bytes.Equal(m, payload(0, want[i])) {
			t.Errorf("message %d has %d bytes, want %d", i, len(m), want[i])
		}
	}
	if report.All.Sent != 7 {
		t.Errorf("%d sent", report.All.Sent)
	}
}

func TestControlMessages(t *testing.T) {
	segments := cmsg(unix.SOL_UDP, unix.UDP_SEGMENT, binary.NativeEndian.AppendUint16(nil, 1000))
	tos := cmsg(unix.SOL_IP, unix.IP_TOS, []byte{8})
	rights := cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, make([]byte, 12))
	credentials := cmsg(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, make([]byte, 12))
	mark := cmsg(unix.SOL_SOCKET, unix.SO_MARK, make([]byte, 4))
	nameless := cmsg(77, 78, nil)
	udp := send(schema.FamilyInet, schema.SocketDgram, 1, 1, 2500)
	gram := send(schema.FamilyUnix, schema.SocketDgram, 1, 1, 2500)
	t.Run("UDP", func(t *testing.T) {
		recv := packets(t, "udp")
		in := recording(t, 1000, udp.control(append(segments, tos...)), udp.control(mark), udp.control(nameless))
		report := run(t, options(t, in, "*="+recv.target))
		waitFor(t, func() bool { recv.mu.Lock(); defer recv.mu.Unlock(); return len(recv.messages) == 5 })
		recv.end()
		for i, n := range []int{1000, 1000, 500, 2500, 2500} {
			if len(recv.messages[i]) != n {
				t.Errorf("datagram %d has %d bytes, want %d", i, len(recv.messages[i]), n)
			}
		}
		if c := report.ControlsLeftOut; len(c) != 2 || c["SO_MARK"] != 1 || c["others"] != 1 {
			t.Errorf("left out: %v", c)
		}
	})
	for _, c := range []struct {
		name   string
		pass   bool
		passed int
	}{{"descriptors are not passed unasked", false, 0}, {"descriptors", true, 3}} {
		t.Run(c.name, func(t *testing.T) {
			recv := packets(t, "unixgram")
			o := options(t, recording(t, 1000, gram.control(append(rights, credentials...)), gram.control(segments)), "*="+recv.target)
			o.PassDescriptors = c.pass
			report := run(t, o)
			waitFor(t, func() bool { recv.mu.Lock(); defer recv.mu.Unlock(); return len(recv.messages) == 2 })
			recv.end()
			if recv.passed != c.passed || report.ControlsLeftOut["UDP_SEGMENT"] != 1 || (report.ControlsLeftOut["SCM_RIGHTS"] == 1) == c.pass {
				t.Errorf("%d descriptors came, left out: %v", recv.passed, report.ControlsLeftOut)
			}
		})
	}
}

// A recording of everything: each event is sent, failed or left out.
func TestEveryEventIsAccountedFor(t *testing.T) {
	tcp, udp, stream := listen(t, "tcp"), packets(t, "udp"), listen(t, "unix")
	for _, c := range []struct {
		name   string
		change func(o *traffic.Options)
		times  int64
	}{
		{"as fast as it goes", func(*traffic.Options) {}, 1},
		{"at a thousand times the pace", func(o *traffic.Options) { o.Pace.Unpaced, o.Pace.Speed = false, 1000 }, 1},
		{"at a rate, three times", func(o *traffic.Options) { o.Pace.Unpaced, o.Pace.RateHz, o.Loops = false, 50_000, 3 }, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t, generated(t, 2000), "tcp:*="+tcp.target, "udp:*="+udp.target, "unix:*="+stream.target, "tcp:10.1.0.0/22=drop")
			c.change(&o)
			report := run(t, o)
			if report.Events != 2000*c.times || report.All.Sent+report.All.Failed < 1000*c.times || report.LeftOut[traffic.FailedThen] == 0 || report.LeftOut[traffic.Dropped] == 0 {
				t.Errorf("%d events, %d sent, %d failed, left out: %v", report.Events, report.All.Sent, report.All.Failed, report.LeftOut)
			}
			if paced := report.Lateness != nil; paced == o.Pace.Unpaced || paced && report.Lateness.Count() != report.All.Sent+report.All.Failed {
				t.Errorf("lateness: %v", report.Lateness)
			}
			if n := report.All.Replayed.Count(); n != report.All.Sent || report.All.Recorded.Count() != n {
				t.Errorf("%d durations of %d sends", n, report.All.Sent)
			}
		})
	}
	for _, c := range leftOut() {
		run(t, options(t, recording(t, 1000, c.event), "*=drop"))
	}
}

func TestNothingIsSentThatFindsNoPeer(t *testing.T) {
	tcp := listen(t, "tcp")
	in := recording(t, 1000, send(schema.FamilyInet, schema.SocketStream, 1, 1, 10), send(schema.FamilyUnix, schema.SocketStream, 1, 2, 10))
	r, err := traffic.New(options(t, in, "tcp:*="+tcp.target, "unix:*=unix:"+filepath.Join(t.TempDir(), "none")))
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
	r, err := traffic.New(options(t, recording(t, 1000, events...), "unix:*="+target, "udp:*="+good.target))
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
	r, err := traffic.New(o)
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
	r, err := traffic.New(options(t, recording(t, 1000, events...), "*="+recv.target))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "ulimit -Hn 564") {
		t.Errorf("%v", err)
	}
}
