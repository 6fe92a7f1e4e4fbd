package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// requester sends through one io_uring and keeps what it has sent.
type requester struct {
	*uring
	t    *thread
	sent []truth.Request
}

// lay lays a message out and returns the request and what is to be recorded of it.
func (r *requester) lay(opcode, flags uint8, m message) (request, truth.Request) {
	p := r.t.prepare(&m)
	data := uint64(1000 + len(r.sent))
	want := truth.Request{UserData: data, Call: p.truth, Worker: flags&sqeAsync != 0, Poller: r.params.flags&setupSQPoll != 0}
	if !r.has(featureLinkedFile) {
		want.Call.Sockfd = -1 // nobody keeps its number
	}
	return request{opcode, flags, int32(m.fd), p.truth.MsgPtr, data}, want
}

// begin submits one and remembers it; end waits for it.
func (r *requester) begin(opcode, flags uint8, m message) (uint64, error) {
	q, want := r.lay(opcode, flags, m)
	r.sent = append(r.sent, want)
	return q.userData, r.submit(q)
}

func (r *requester) end(data uint64) (int32, error) {
	res, err := r.wait(data)
	r.sent[data-1000].Ret = int64(res)
	return res, err
}

// expect submits one and waits for this result.
func (r *requester) expect(opcode, flags uint8, m message, want int32) error {
	data, err := r.begin(opcode, flags, m)
	if err != nil {
		return err
	}
	switch res, err := r.end(data); {
	case err != nil:
		return err
	case res != want:
		return fmt.Errorf("request %d: result %d, expected %d", data, res, want)
	}
	return nil
}

// fixed sends by a registered file, which has no descriptor.
func (r *requester) fixed(fd int) error {
	if err := r.register(int32(fd)); err != nil {
		return err
	}
	q, want := r.lay(opSendmsg, sqeFixedFile, message{fd: uint64(fd), iov: r.t.one(13)})
	q.fd, want.Call.Sockfd = 0, -1
	r.sent = append(r.sent, want)
	if err := r.submit(q); err != nil {
		return err
	}
	_, err := r.end(q.userData)
	return err
}

// armed blocks until the socket has room again, which the request is polled for.
func (r *requester) armed(fd, peer int) error {
	fillUp(fd)
	data, err := r.begin(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(17)})
	if err != nil {
		return err
	}
	if err := drain(peer); err != nil {
		return err
	}
	_, err = r.end(data)
	return err
}

// cancelled blocks, and is cancelled.
func (r *requester) cancelled(fd, peer int) error {
	fillUp(fd)
	data, err := r.begin(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(19)})
	if err != nil {
		return err
	}
	cancel := request{opcode: opAsyncCancel, fd: -1, address: data, userData: 1}
	if err := r.submit(cancel); err != nil {
		return err
	}
	if _, err := r.wait(cancel.userData); err != nil {
		return err
	}
	if _, err := r.end(data); err != nil {
		return err
	}
	return drain(peer)
}

// linked sends one that fails, and another behind it, which is cancelled.
func (r *requester) linked(fd int) error {
	null, err := unix.Open("/dev/null", unix.O_RDWR, 0)
	if err != nil {
		return err
	}
	first, want := r.lay(opSendmsg, sqeLink, message{fd: uint64(null), iov: r.t.one(5)})
	r.sent = append(r.sent, want)
	second, want := r.lay(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(5)})
	r.sent = append(r.sent, want)
	if err := r.submit(first, second); err != nil {
		return err
	}
	for _, q := range []request{first, second} {
		if _, err := r.end(q.userData); err != nil {
			return err
		}
	}
	return nil
}

// silent sends one that posts no completion when it succeeds, and one that does
// because it fails.
func (r *requester) silent(fd, peer int) error {
	data, err := r.begin(opSendmsg, sqeSkipSuccess, message{fd: uint64(fd), iov: r.t.one(23)})
	if err != nil {
		return err
	}
	s := &r.sent[data-1000]
	s.Silent, s.Ret = true, 23
	for got := 0; got < 23; {
		n, err := unix.Read(peer, make([]byte, 64))
		if err != nil {
			return err
		}
		got += n
	}
	return r.expect(opSendmsg, sqeSkipSuccess, message{fd: 1 << 20, iov: r.t.one(3)}, -int32(unix.EBADF))
}

// all sends requests of all kinds; the last one stays blocked.
func (r *requester) all() error {
	fd, peer := r.t.pair(unix.SOCK_STREAM)
	udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(udp, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	rights := cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, ints(0))
	if err := r.expect(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(5)}, 5); err != nil {
		return err
	}
	if err := r.expect(opSendmsg, sqeAsync, message{fd: uint64(fd), iov: r.t.one(7), control: rights}, 7); err != nil {
		return err
	}
	if err := drain(peer); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return r.fixed(fd) },
		func() error { return r.armed(fd, peer) },
		func() error { return r.cancelled(fd, peer) },
		func() error { return r.linked(fd) },
		func() error { return drain(peer) },
	}
	// What a kernel without these refuses is no request.
	if r.has(featureLinkedFile) {
		steps = append(steps,
			func() error { return r.expect(opSendmsg, 0, message{fd: 1 << 20, iov: r.t.one(3)}, -int32(unix.EBADF)) },
			func() error { return r.expect(opSendmsgZC, 0, message{fd: uint64(udp), iov: r.t.one(100)}, 100) })
	}
	if r.has(featureSkipSuccess) {
		steps = append(steps, func() error { return r.silent(fd, peer) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// polled sends through a ring whose queue a thread of the kernel's polls.
func (r *requester) polled() error {
	ring, err := newURing(native, r.t.arena, setupSQPoll)
	if err != nil {
		return err
	}
	fd, _ := r.t.pair(unix.SOCK_STREAM)
	p := requester{uring: ring, t: r.t, sent: r.sent}
	err = p.expect(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(29)}, 29)
	r.sent = p.sent
	return err
}

// foreign sends through rings of programs of other ABIs, by each in turn.
func (r *requester) foreign() error {
	for _, abi := range foreignABIs() {
		if abi.uring == nil || !abi.alive() {
			continue
		}
		a, err := newLowArena(64 << 10)
		if err != nil {
			return err
		}
		ring, err := newURing(abi, a, 0)
		if err != nil {
			return err
		}
		f := requester{uring: ring, t: &thread{arena: a, abi: abi, name: r.t.name}, sent: r.sent}
		if err := f.few(); err != nil {
			return fmt.Errorf("%s: %w", abi.name, err)
		}
		r.sent = f.sent
	}
	return nil
}

// few sends two requests whose layouts differ from ABI to ABI.
func (r *requester) few() error {
	fd, peer := r.t.pair(unix.SOCK_STREAM)
	rights := r.t.abi.cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, -1, ints(0))
	if err := r.expect(opSendmsg, 0, message{fd: uint64(fd), iov: []iovec{r.t.bytes(5), r.t.bytes(26)}}, 31); err != nil {
		return err
	}
	if err := r.expect(opSendmsg, sqeAsync, message{fd: uint64(fd), iov: r.t.one(37), control: rights}, 37); err != nil {
		return err
	}
	return drain(peer)
}

// blocked leaves one request that cannot complete.
func (r *requester) blocked() error {
	fd, _ := r.t.pair(unix.SOCK_STREAM)
	fillUp(fd)
	_, err := r.begin(opSendmsg, 0, message{fd: uint64(fd), iov: r.t.one(11)})
	r.sent[len(r.sent)-1].Blocked = true
	return err
}

// runURing sends through io_uring, as soon as a byte comes on standard input,
// prints what it has sent and waits for another byte.
func runURing([]string) error {
	runtime.LockOSThread()
	a, err := newArena(1 << 20)
	if err != nil {
		return err
	}
	ring, err := newURing(native, a, 0)
	if err != nil {
		return err
	}
	r := &requester{uring: ring, t: newThread(a, "io_uring")}
	if _, err := syscall.Read(0, make([]byte, 1)); err != nil {
		return err
	}
	for _, step := range []func() error{r.all, r.polled, r.foreign, r.blocked} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(r.sent); err != nil {
		return err
	}
	_, err = syscall.Read(0, make([]byte, 1))
	return err
}
