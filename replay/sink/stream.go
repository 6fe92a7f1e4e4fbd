package sink

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// stream writes batches to a connection, which it makes when there is none.
//
// A batch is acknowledged when the other process has read it (Unix sockets) or
// the other host's kernel has it (TCP); where the own system does not tell,
// when it was handed to the own kernel. That a kernel has it does not mean that
// its process will read it: so the last batches on a TCP connection, as much
// as a receive buffer holds, are kept, and when the connection breaks they are
// sent again on the next one, before the batch that failed.
type stream struct {
	dial func(ctx context.Context) (net.Conn, error)
	// exact: acknowledgements come from the other process, not its kernel.
	exact bool
	conn  net.Conn
	heard chan error // what reading the connection ended with
	kept  keptBatches
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
		dial := func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unix", t.Rest) }
		return &stream{dial: dial, exact: true}, nil
	case "dgram":
		return &datagrams{dial: func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unixgram", t.Rest) }}, nil
	default:
		return nil, usageErrorf("type=%s: want stream or dgram", kind)
	}
}

func (s *stream) Traits() Traits { return Traits{Bytes: true, Reconnects: true} }

func (s *stream) Send(ctx context.Context, b *Batch, ack func(error)) {
	err := s.send(ctx, b)
	if err == nil {
		if !s.exact {
			s.kept.add(b)
		}
		ack(nil)
		return
	}
	again := 0
	if s.conn != nil {
		err = s.lastWord(err)
		_ = s.conn.Close()
		s.conn, again = nil, s.kept.records
	}
	e := broken(err, ctx)
	e.Repeats = again
	ack(e)
}

func (s *stream) send(ctx context.Context, b *Batch) error {
	if s.conn == nil {
		conn, err := s.dial(ctx)
		if err != nil {
			return err
		}
		s.conn, s.heard = conn, make(chan error, 1)
		if _, ok := conn.(*tls.Conn); ok {
			s.listen() // a TLS server may have a last word at any time
		}
		defer s.cancels(ctx)()
		if _, err := conn.Write(b.Header); err != nil {
			return err
		}
		for _, data := range s.kept.batches {
			if _, err := conn.Write(data.bytes); err != nil {
				return err
			}
		}
	} else {
		defer s.cancels(ctx)()
	}
	if _, err := s.conn.Write(b.Data); err != nil {
		return err
	}
	return s.drained(ctx)
}

// listen reads the connection to its end. It takes errors from the socket that
// drained would else see, so it is for what drained need not see: TLS, and the
// end of the stream.
func (s *stream) listen() {
	conn, heard := s.conn, s.heard
	go func() {
		_, err := io.Copy(io.Discard, conn)
		heard <- err
	}()
}

// cancels makes writes fail when ctx ends, until the function that it returns
// is called.
func (s *stream) cancels(ctx context.Context) func() bool {
	conn := s.conn
	_ = conn.SetWriteDeadline(time.Time{})
	return context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
}

// drained waits until nothing that was written is left in the own kernel.
func (s *stream) drained(ctx context.Context) error {
	wait := 20 * time.Microsecond
	for {
		left, err := unacknowledged(s.conn)
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

// lastWord returns why a TLS server has ended a connection, when it says so: a
// refused certificate is told only after the handshake. Else it returns err.
func (s *stream) lastWord(err error) error {
	if _, ok := s.conn.(*tls.Conn); !ok {
		return err
	}
	select {
	case heard := <-s.heard:
		s.heard <- heard
		if isAlert(heard) {
			return heard
		}
	case <-time.After(100 * time.Millisecond):
	}
	return err
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
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return s.unread(s.lastWord(err))
	}
	if _, ok := s.conn.(*tls.Conn); !ok {
		s.listen()
	}
	linger := time.NewTimer(lingerTime)
	defer linger.Stop()
	select {
	case err := <-s.heard:
		if err != nil {
			return s.unread(err)
		}
	case <-linger.C:
	case <-ctx.Done():
	}
	return nil
}

// unread is an error of Close: what is kept may not have been read.
func (s *stream) unread(err error) error {
	e := broken(err, context.Background())
	e.Repeats = s.kept.records
	return e
}

// keptBatches are the last bytes that were acknowledged by a kernel.
type keptBatches struct {
	batches []keptBatch
	bytes   int
	records int
}

type keptBatch struct {
	bytes   []byte
	records int
}

// keptBytes is more than a receive buffer holds unless somebody has raised its
// limit (net.ipv4.tcp_rmem: 6 MiB).
const keptBytes = 8 << 20

func (k *keptBatches) add(b *Batch) {
	var memory []byte
	for len(k.batches) > 0 && k.bytes+len(b.Data) > keptBytes {
		first := k.batches[0]
		k.bytes -= len(first.bytes)
		k.records -= first.records
		memory = first.bytes
		k.batches = append(k.batches[:0], k.batches[1:]...)
	}
	k.batches = append(k.batches, keptBatch{append(memory[:0], b.Data...), b.Count})
	k.bytes += len(b.Data)
	k.records += b.Count
}
