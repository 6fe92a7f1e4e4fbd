package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// stream writes batches to a connection, which it makes when there is none. A
// batch is acknowledged when the other host's kernel has it (TCP), or the
// other process has read it (Unix sockets); where the operating system does not
// tell, when it was handed to the own kernel. A batch that fails is sent from
// its start on a new connection.
type stream struct {
	dial func(ctx context.Context) (net.Conn, error)
	conn net.Conn
}

// openTCP is for tcp:HOST:PORT and tls:HOST:PORT.
func openTCP(_ context.Context, t *Target, o *Options) (Sink, error) {
	host, port, err := net.SplitHostPort(t.Rest)
	if err != nil || port == "" {
		return nil, usageErrorf("want %s:HOST:PORT", t.Scheme)
	}
	var d net.Dialer
	dial := func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", t.Rest) }
	if t.Scheme == "tls" {
		config, err := o.Security.TLS(host)
		if err != nil {
			return nil, err
		}
		td := &tls.Dialer{NetDialer: &d, Config: config}
		dial = func(ctx context.Context) (net.Conn, error) { return td.DialContext(ctx, "tcp", t.Rest) }
	}
	return &stream{dial: dial}, nil
}

// openUnix is for unix:PATH, and unix:PATH?type=dgram.
func openUnix(_ context.Context, t *Target, _ *Options) (Sink, error) {
	if t.Rest == "" {
		return nil, usageErrorf("unix: needs a path behind it")
	}
	var d net.Dialer
	switch kind := t.Param("type"); kind {
	case "", "stream":
		return &stream{dial: func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unix", t.Rest) }}, nil
	case "dgram":
		return &datagrams{dial: func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unixgram", t.Rest) }}, nil
	default:
		return nil, usageErrorf("type=%s: want stream or dgram", kind)
	}
}

func (s *stream) Traits() Traits { return Traits{Bytes: true} }

func (s *stream) Send(ctx context.Context, b *Batch, ack func(error)) {
	err := s.send(ctx, b)
	if err == nil {
		ack(nil)
		return
	}
	if s.conn != nil {
		err = lastWord(s.conn, err)
		_ = s.conn.Close()
		s.conn = nil
	}
	ack(broken(err, ctx))
}

func (s *stream) send(ctx context.Context, b *Batch) error {
	if s.conn == nil {
		var err error
		if s.conn, err = s.dial(ctx); err != nil {
			return err
		}
		defer cancels(ctx, s.conn)()
		if _, err := s.conn.Write(b.Header); err != nil {
			return err
		}
	} else {
		defer cancels(ctx, s.conn)()
	}
	if _, err := s.conn.Write(b.Data); err != nil {
		return err
	}
	return drained(ctx, s.conn)
}

// lastWord returns why a TLS server has ended a connection, when it says so: a
// refused certificate is told only after the handshake. Else it returns err.
func lastWord(c net.Conn, err error) error {
	t, ok := c.(*tls.Conn)
	if !ok {
		return err
	}
	_ = t.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	var alert tls.AlertError
	if _, rerr := t.Read(make([]byte, 1)); errors.As(rerr, &alert) {
		return rerr
	}
	return err
}

// cancels makes reads and writes of the connection fail when ctx ends, until
// the function that it returns is called.
func cancels(ctx context.Context, c net.Conn) func() bool {
	_ = c.SetDeadline(time.Time{})
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}

// drained waits until nothing that was written is left in the own kernel.
func drained(ctx context.Context, c net.Conn) error {
	wait := 20 * time.Microsecond
	for {
		left, err := unacknowledged(c)
		if left == 0 || err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(wait)
		wait = min(2*wait, 5*time.Millisecond)
	}
}

// lingerTime is how long Close waits for the other side to close too. One that
// does not has all the same received everything.
const lingerTime = 5 * time.Second

// Close ends the stream, and waits for the other side to see that.
func (s *stream) Close(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	defer s.conn.Close()
	ctx, cancel := context.WithTimeout(ctx, lingerTime)
	defer cancel()
	defer cancels(ctx, s.conn)()
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return broken(err, context.Background())
	}
	_, err := io.Copy(io.Discard, s.conn)
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return broken(err, context.Background())
}
