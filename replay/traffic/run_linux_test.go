package traffic_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// run replays and returns the report, which must be balanced.
func run(t testing.TB, o traffic.Options) *traffic.Report {
	t.Helper()
	r, err := traffic.New(context.Background(), o)
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
