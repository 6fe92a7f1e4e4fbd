package traffic_test

import (
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// receiver is the user's own side: it keeps what came, by connection for
// streams, message by message for the others.
type receiver struct {
	target string

	mu       sync.Mutex
	streams  [][]byte
	messages [][]byte
	passed   int // descriptors
	working  sync.WaitGroup
	stop     func()
}

// stream receives connections of a listener.
func (r *receiver) stream(t *testing.T, l net.Listener) {
	r.stop = func() { l.Close() }
	t.Cleanup(r.stop)
	r.working.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.working.Go(func() {
				defer c.Close()
				var all []byte
				buf := make([]byte, 1<<20)
				for {
					n, err := c.Read(buf)
					all = append(all, buf[:n]...)
					if err != nil {
						r.mu.Lock()
						r.streams = append(r.streams, all)
						r.mu.Unlock()
						return
					}
				}
			})
		}
	})
}

// listen returns a receiver of tcp or unix streams.
func listen(t *testing.T, network string) *receiver {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{target: network + ":" + l.Addr().String()}
	r.stream(t, l)
	return r
}

// packets returns a receiver of udp or Unix datagrams.
func packets(t *testing.T, network string) *receiver {
	t.Helper()
	address := "127.0.0.1:0"
	r := &receiver{}
	if network == "unixgram" {
		address = filepath.Join(t.TempDir(), "d")
		r.target = "unix:" + address
	}
	c, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if network == "udp" {
		r.target = "udp:" + c.LocalAddr().String()
		if err := c.(*net.UDPConn).SetReadBuffer(8 << 20); err != nil {
			t.Fatal(err)
		}
	}
	r.stop = func() { c.Close() }
	t.Cleanup(r.stop)
	buf, oob := make([]byte, 1<<20), make([]byte, 4096)
	r.working.Go(func() {
		for {
			var n, control int
			var err error
			switch c := c.(type) {
			case *net.UDPConn:
				n, control, _, _, err = c.ReadMsgUDP(buf, oob)
			case *net.UnixConn:
				n, control, _, _, err = c.ReadMsgUnix(buf, oob)
			}
			if err != nil {
				return
			}
			r.keep(buf[:n], oob[:control])
		}
	})
	return r
}

// keep keeps a message, and closes the descriptors that it passed.
func (r *receiver) keep(message, control []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, append([]byte{}, message...))
	parsed, _ := unix.ParseSocketControlMessage(control)
	for i := range parsed {
		fds, _ := unix.ParseUnixRights(&parsed[i])
		r.passed += len(fds)
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
}

// seqpackets returns a receiver of SOCK_SEQPACKET connections.
func seqpackets(t *testing.T) *receiver {
	t.Helper()
	l, err := net.Listen("unixpacket", filepath.Join(t.TempDir(), "p"))
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{target: "unix:" + l.Addr().String()}
	r.stop = func() { l.Close() }
	t.Cleanup(r.stop)
	r.working.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.working.Go(func() {
				defer c.Close()
				buf, oob := make([]byte, 1<<20), make([]byte, 4096)
				for {
					n, control, _, _, err := c.(*net.UnixConn).ReadMsgUnix(buf, oob)
					if err != nil || n == 0 {
						return
					}
					r.keep(buf[:n], oob[:control])
				}
			})
		}
	})
	return r
}

// end stops the receiver, when its connections have ended.
func (r *receiver) end() {
	r.stop()
	r.working.Wait()
}

// payload returns what every message begins with.
func payload(seed byte, n int64) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}
