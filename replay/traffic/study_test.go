package traffic_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// leftOut are events that are not made again, each with the reason.
func leftOut() map[string]struct {
	event  event
	reason traffic.Reason
} {
	tcp := send(schema.FamilyInet, schema.SocketStream, 1, 1, 10)
	udp := send(schema.FamilyInet, schema.SocketDgram, 1, 2, 10)
	unix := send(schema.FamilyUnix, schema.SocketDgram, 1, 3, 10)
	type one = struct {
		event  event
		reason traffic.Reason
	}
	unconnected := udp.with(schema.ColRemoteAddress, []byte{0, 0, 0, 0}).with(schema.ColRemotePort, int64(0))
	addressed := unconnected.with(schema.ColMsgNamePtr, int64(1)).with(schema.ColMsgNamelen, int64(16))
	return map[string]one{
		"recvmsg":                            {tcp.with(schema.ColCall, int64(schema.CallRecvmsg)), traffic.Receive},
		"recvmmsg":                           {tcp.with(schema.ColCall, int64(schema.CallRecvmmsg)), traffic.Receive},
		"recvfrom":                           {tcp.with(schema.ColCall, int64(schema.CallRecvfrom)), traffic.Receive},
		"sendfile":                           {tcp.with(schema.ColCall, int64(schema.CallSendfile)), traffic.Sendfile},
		"a call in flight at the end":        {tcp.with(schema.ColRet, nil).with(schema.ColDurationNS, nil), traffic.NotReturned},
		"EPIPE":                              {tcp.with(schema.ColRet, int64(-32)), traffic.FailedThen},
		"ERESTARTSYS":                        {tcp.with(schema.ColRet, int64(-512)), traffic.FailedThen},
		"a sendmmsg of nothing":              {tcp.with(schema.ColCall, int64(schema.CallSendmmsg)), traffic.NoMessage},
		"a sendmmsg of no message":           {tcp.with(schema.ColCall, int64(schema.CallSendmmsg)), traffic.NoMessage},
		"no socket":                          {tcp.with(schema.ColSocketFamily, nil), traffic.NoSocket},
		"netlink":                            {tcp.with(schema.ColSocketFamily, int64(schema.FamilyNetlink)), traffic.OtherProtocol},
		"SCTP":                               {tcp.with(schema.ColSocketProtocol, int64(132)), traffic.OtherProtocol},
		"a raw socket":                       {udp.with(schema.ColSocketType, int64(schema.SocketRaw)), traffic.OtherProtocol},
		"an unconnected socket, no name":     {unconnected, traffic.NoDestination},
		"a Unix socket without a peer":       {unix.with(schema.ColRemotePath, nil), traffic.NoDestination},
		"a name of another family":           {addressed.with(schema.ColName, []byte{16, 0, 0, 0}), traffic.NoDestination},
		"an unreadable name":                 {addressed, traffic.Unreadable},
		"unreadable iovecs":                  {tcp.with(schema.ColRequestedBytes, nil).with(schema.ColIovLen, nil), traffic.Unreadable},
		"iovecs that changed between reads":  {tcp.with(schema.ColIovLen, []int64{20}), traffic.Unreadable},
		"more iovecs than msg_iovlen":        {tcp.with(schema.ColMsgIovlen, int64(0)), traffic.Unreadable},
		"more iovecs than any call can have": {tcp.with(schema.ColMsgIovlen, int64(1)<<40), traffic.Unreadable},
		"a negative size":                    {tcp.with(schema.ColCall, int64(schema.CallSendto)).with(schema.ColRequestedBytes, int64(-5)).with(schema.ColIovLen, []int64{}), traffic.Unreadable},
		"a negative number of iovecs":        {tcp.with(schema.ColMsgIovlen, int64(-1)).with(schema.ColIovLen, []int64{}).with(schema.ColRequestedBytes, int64(0)), traffic.Unreadable},
		"a larger message than is made":      {tcp.iovecs(64<<20 + 1), traffic.TooLarge},
		"what is mapped to drop":             {tcp.with(schema.ColRemotePort, int64(81)), traffic.Dropped},
	}
}

func TestWhatIsLeftOutAndWhy(t *testing.T) {
	for name, c := range leftOut() {
		t.Run(name, func(t *testing.T) {
			r, err := traffic.New(context.Background(), options(t, recording(t, 1000, c.event), "*:81=drop"))
			if err != nil {
				t.Fatal(err)
			}
			if got := r.LeftOut(); len(got) != 1 || got[c.reason] != 1 {
				t.Errorf("left out: %v, want %v", got, c.reason)
			}
			if err := r.Check(); err != nil {
				t.Errorf("what is left out needs no target: %v", err)
			}
		})
	}
}

func TestDestinationsAndTheirMappings(t *testing.T) {
	tcp := send(schema.FamilyInet, schema.SocketStream, 1, 1, 10)
	udp := send(schema.FamilyInet, schema.SocketDgram, 1, 2, 5)
	in := recording(t, 1000, tcp, tcp, tcp,
		tcp.with(schema.ColRemoteAddress, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7}).with(schema.ColSocketFamily, int64(schema.FamilyInet6)),
		udp.with(schema.ColMsgNamePtr, int64(1)).with(schema.ColMsgNamelen, int64(16)).with(schema.ColName, recordedName), udp,
		// A name on a connection is not where it goes.
		tcp.with(schema.ColMsgNamePtr, int64(1)).with(schema.ColMsgNamelen, int64(16)).with(schema.ColName, recordedName),
		send(schema.FamilyUnix, schema.SocketStream, 1, 3, 7).with(schema.ColRemotePath, []byte{}),
		send(schema.FamilyUnix, schema.SocketDgram, 1, 4, 7).with(schema.ColRemotePath, []byte{}),
		send(schema.FamilyUnix, schema.SocketSeqpacket, 1, 5, 7).with(schema.ColRemotePath, []byte("\x00bus\x1b[2J")),
	)
	r, err := traffic.New(context.Background(), options(t, in, "tcp:*=tcp:127.0.0.1:1", "udp:*:53=tcp:127.0.0.1:1", "unnamed=udp:127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range r.Destinations() {
		why := ""
		if d.Problem != "" {
			why = " problem"
		}
		got = append(got, strings.TrimSpace(d.Endpoint+" "+string('0'+rune(d.Sends))+" "+d.Map)+why)
	}
	want := []string{
		"tcp:192.0.2.7:80 5 tcp:*=tcp:127.0.0.1:1",
		"unix-dgram:unnamed 1 unnamed=udp:127.0.0.1:1",
		"unix-seqpacket:@bus\x1b[2J 1",
		"unix-stream:unnamed 1 unnamed=udp:127.0.0.1:1 problem",
		"udp:192.0.2.7:53 1 udp:*:53=tcp:127.0.0.1:1 problem",
		"udp:192.0.2.7:80 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	var unmapped *traffic.UnmappedError
	if err := r.Check(); !errors.As(err, &unmapped) || len(unmapped.Destinations) != 4 {
		t.Errorf("%v", err)
	} else if text := err.Error(); strings.ContainsRune(text, '\x1b') || !strings.Contains(text, "udp:192.0.2.7:80 (1 sends)") ||
		!strings.Contains(text, "a stream needs a stream") || !strings.Contains(text, "would not keep them apart") {
		t.Errorf("%q", text)
	}
}

func TestATargetThatCannotBeLookedUp(t *testing.T) {
	in := recording(t, 1000, send(schema.FamilyInet, schema.SocketStream, 1, 1, 10))
	if _, err := traffic.New(context.Background(), options(t, in, "*=tcp:host.invalid.:80")); err == nil || !strings.Contains(err.Error(), "target tcp:host.invalid.:80") {
		t.Errorf("%v", err)
	}
}

func TestAReadingThatIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := traffic.New(ctx, options(t, generated(t, 1000), "*=drop")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
