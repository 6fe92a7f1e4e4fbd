//go:build privileged

package bpf

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The tests send from a process of its own, since the recorder's own calls are
// not recorded: the test binary, run again with the name of a sender.
const senderVariable = "SENDMSGREC_TEST_SENDER"

func TestMain(m *testing.M) {
	if name := os.Getenv(senderVariable); name != "" {
		runtime.LockOSThread()
		senders[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runSender runs a sender and returns its pid.
func runSender(t *testing.T, name string) uint32 {
	t.Helper()
	pid, _ := runSenderFor(t, name)
	return pid
}

// runSenderFor returns what the sender printed too.
func runSenderFor(t *testing.T, name string) (pid uint32, printed string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), senderVariable+"="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sender %s: %v\n%s", name, err, out)
	}
	return uint32(cmd.Process.Pid), string(out)
}

type msghdr struct {
	name       uint64
	namelen    int32
	_          int32
	iov        uint64
	iovlen     uint64
	control    uint64
	controllen uint64
	_          [2]uint32 // msg_flags and the padding
}

type iovec struct{ base, len uint64 }

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func socketpair() int {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	must(err)
	// Room for all messages that a sender sends, so that none blocks.
	must(unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 16<<20))
	return pair[0]
}

// pages maps n anonymous pages.
func pages(n int) []byte {
	m, err := unix.Mmap(-1, 0, n*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	must(err)
	return m
}

func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

func put[T any](b []byte, v T) uint64 {
	*(*T)(unsafe.Pointer(unsafe.SliceData(b))) = v
	return address(b)
}

func sendmsg(fd int, msg uint64, flags int) int {
	r, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(msg), uintptr(flags))
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}

var senders = map[string]func(){
	"iovec beside the msghdr, then elsewhere": func() {
		fd, m := socketpair(), pages(2)
		payload := address(m[4096:])
		hdr := m[1024:]
		for _, at := range []int{1024 + 56, 1024 + 56, 1024 + 200, 1024 + 240, 1024 - 16, 1024 - 200, 1024 - 16, 3000, 0} {
			iov := put(m[at:], iovec{payload, uint64(at%97 + 1)})
			sendmsg(fd, put(hdr, msghdr{iov: iov, iovlen: 1}), 0)
		}
	},
	"the memory between msghdr and iovec goes away": func() {
		fd, m := socketpair(), pages(3)
		page := os.Getpagesize()
		payload := address(m[2*page:])
		hdr := m[page:]
		iov := put(m[page-32:], iovec{payload, 5})
		sendmsg(fd, put(hdr, msghdr{iov: iov, iovlen: 1}), 0)
		sendmsg(fd, put(hdr, msghdr{iov: iov, iovlen: 1}), 0)
		_, _, errno := unix.RawSyscall(unix.SYS_MUNMAP, uintptr(address(m)), uintptr(page), 0)
		if errno != 0 {
			must(errno)
		}
		iov = put(m[page+2000:], iovec{payload, 7})
		sendmsg(fd, put(hdr, msghdr{iov: iov, iovlen: 1}), 0)
		sendmsg(fd, put(hdr, msghdr{iov: iov, iovlen: 1}), 0)
	},
	"iovec counts": func() {
		fd, m := socketpair(), pages(10)
		payload := address(m[9*os.Getpagesize():])
		for i := range 2000 {
			put(m[4096+16*i:], iovec{payload, uint64(i % 3)})
		}
		for _, n := range []uint64{0, 1, 2, 8, 9, 40, 41, 1023, 1024, 1025, 2000} {
			sendmsg(fd, put(m, msghdr{iov: address(m[4096:]), iovlen: n}), 0)
		}
	},
	"memory that was never touched": func() {
		f, err := os.CreateTemp("", "cold")
		must(err)
		must(os.Remove(f.Name()))
		page := os.Getpagesize()
		content := make([]byte, 4*page)
		fd := socketpair()
		payload := pages(1)
		put(content, msghdr{})
		put(content[page:], iovec{address(payload), 11})
		_, err = f.Write(content)
		must(err)
		cold, err := unix.Mmap(int(f.Fd()), 0, 4*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
		must(err)
		warm := pages(1)
		sendmsg(fd, put(warm, msghdr{iov: address(cold[page:]), iovlen: 1}), 0)
	},
	"unreadable pointers": func() {
		fd, m := socketpair(), pages(1)
		sendmsg(fd, 8, 0)
		sendmsg(fd, put(m, msghdr{iov: 8, iovlen: 1}), 0)
		sendmsg(fd, put(m, msghdr{iov: 8, iovlen: 9}), 0)
		sendmsg(fd, put(m, msghdr{name: 8, namelen: 16}), 0)
		sendmsg(fd, put(m, msghdr{control: 8, controllen: 32}), 0)
		sendmsg(fd, put(m, msghdr{controllen: 4}), 0)
		sendmsg(-1, put(m, msghdr{}), 0)
	},
}
