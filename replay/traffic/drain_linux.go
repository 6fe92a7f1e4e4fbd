package traffic

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// drainer owns the open sockets: it reads and throws away what the other sides
// send, so that they do not block, and closes what is retired.
type drainer struct {
	epoll int
	mu    sync.Mutex
	open  map[int]*socket
	// retired are connections that wait, for at most lingering, for the other
	// side to end too: closing with something unread would take back what the
	// other side has not read.
	retired []retirement
	ending  time.Time // not zero: end when nothing is open, and then at last
	done    chan struct{}
}

type retirement struct {
	socket *socket
	since  time.Time
}

const lingering = 2 * time.Second

func newDrainer() (*drainer, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	d := &drainer{epoll: epoll, open: map[int]*socket{}, done: make(chan struct{})}
	go d.loop()
	return d, nil
}

// add takes a socket over.
func (d *drainer) add(s *socket) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[s.fd] = s
	return unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)})
}

// retire ends a socket on which nothing will be sent any more.
func (d *drainer) retire(s *socket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open[s.fd] != s {
		return
	}
	if s.connection && !s.ended && unix.Shutdown(s.fd, unix.SHUT_WR) == nil {
		s.retired = true
		d.retired = append(d.retired, retirement{s, time.Now()})
		return
	}
	d.close(s)
}

// close closes a socket, unless that was done; mu is held.
func (d *drainer) close(s *socket) {
	if d.open[s.fd] != s {
		return
	}
	delete(d.open, s.fd)
	unix.Close(s.fd)
}

// interrupt makes calls that block on a connection return.
func (d *drainer) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for fd := range d.open {
		_ = unix.Shutdown(fd, unix.SHUT_RDWR)
	}
}

// end closes all sockets, those of which the other side has not ended after
// patience, and waits for that.
func (d *drainer) end(patience time.Duration) {
	d.mu.Lock()
	d.ending = time.Now().Add(patience)
	d.mu.Unlock()
	<-d.done
}

func (d *drainer) loop() {
	defer close(d.done)
	defer unix.Close(d.epoll)
	events := make([]unix.EpollEvent, 256)
	buf := make([]byte, 256<<10)
	for {
		// An error other than EINTR cannot be: the descriptor is ours.
		n, _ := unix.EpollWait(d.epoll, events, 20)
		d.mu.Lock()
		for i := range max(n, 0) {
			if s := d.open[int(events[i].Fd)]; s != nil {
				d.read(s, buf)
			}
		}
		for len(d.retired) > 0 && time.Since(d.retired[0].since) > lingering {
			d.close(d.retired[0].socket)
			d.retired = d.retired[1:]
		}
		over := !d.ending.IsZero() && (len(d.open) == 0 || time.Now().After(d.ending))
		if over {
			for _, s := range d.open {
				d.close(s)
			}
		}
		d.mu.Unlock()
		if over {
			return
		}
	}
}

// read reads what there is. At its end a connection is closed if it is retired,
// and else watched no more.
func (d *drainer) read(s *socket, buf []byte) {
	n, _, err := unix.Recvfrom(s.fd, buf, unix.MSG_DONTWAIT)
	if n > 0 || err == unix.EAGAIN || err == unix.EINTR || !s.connection {
		return
	}
	s.ended = true
	if s.retired {
		d.close(s)
		return
	}
	_ = unix.EpollCtl(d.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
}
