package sink

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// datagrams sends each record as a datagram. Nobody acknowledges datagrams:
// what is acknowledged here was given to the kernel, and the other host has not
// said that nothing listens.
type datagrams struct {
	dial func(ctx context.Context) (net.Conn, error)
	conn net.Conn
}

// openUDP is for udp:HOST:PORT.
func openUDP(_ context.Context, t *Target, _ *Options) (Sink, error) {
	if _, port, err := net.SplitHostPort(t.Rest); err != nil || port == "" {
		return nil, usageErrorf("want udp:HOST:PORT")
	}
	var d net.Dialer
	return &datagrams{dial: func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "udp", t.Rest) }}, nil
}

func (s *datagrams) Traits() Traits {
	return Traits{Bytes: true, Formats: []string{"json", "text", "protobuf"}, WhyNoCheckpoint: "nobody acknowledges datagrams", Reconnects: true}
}

func (s *datagrams) Send(ctx context.Context, b *Batch, ack func(error)) {
	if s.conn == nil {
		var err error
		if s.conn, err = s.dial(ctx); err != nil {
			ack(broken(err, ctx))
			return
		}
	}
	_ = s.conn.SetWriteDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { _ = s.conn.SetWriteDeadline(time.Unix(1, 0)) })()
	var refused []Refusal
	for i := range b.Records {
		record := b.Bytes(i)
		if b.Framing == FramedByLength {
			record = b.Message(i) // a datagram has its length
		}
		if len(record) == 0 {
			continue
		}
		_, err := s.conn.Write(record)
		switch {
		case err == nil:
		case errors.Is(err, syscall.EMSGSIZE):
			refused = append(refused, Refusal{i, "larger than a datagram can be"})
		default:
			e := broken(err, ctx)
			e.Refused = nil
			// A refusal (ICMP) is about the datagram before this one.
			e.Acknowledged = max(0, i-1)
			if len(refused) > 0 {
				e.Acknowledged = min(e.Acknowledged, refused[0].Index)
			}
			ack(e)
			return
		}
	}
	if len(refused) > 0 {
		ack(&Error{Refused: refused, Hint: "--fields makes records smaller"})
		return
	}
	ack(nil)
}

func (s *datagrams) Close(context.Context) error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}
