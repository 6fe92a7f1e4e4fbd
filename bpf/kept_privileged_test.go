//go:build privileged

package bpf

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a call's record says of its task and socket, as the sender itself knows
// it: it prints a line after each call, the test makes one of each event.
type known struct {
	comm          string
	tid, uid, gid int
	cgroup, netns uint64
	family        int
	inode         uint64
	sndbuf        int
	local, remote string
}

func (k known) String() string {
	return fmt.Sprintf("%q %d %d:%d cgroup %d %d %d %d %d %q %q",
		k.comm, k.tid, k.uid, k.gid, k.cgroup, k.netns, k.family, k.inode, k.sndbuf, k.local, k.remote)
}

// said is the record's side.
func said(e *Event, g *Groups) known {
	k := known{
		comm: unix.ByteSliceToString(g.Task.Comm[:]), tid: int(g.Task.TID), uid: int(g.Task.UID), gid: int(g.Task.GID),
		cgroup: g.Task.CgroupID, netns: g.Task.Netns, family: int(g.Socket.Family), inode: g.Socket.Inode, sndbuf: int(g.Socket.SndbufLimit),
	}
	s := &g.Socket
	switch k.family {
	case unix.AF_UNIX:
		k.local, k.remote = string(e.LocalPath()), string(e.RemotePath())
	case unix.AF_INET:
		k.local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(s.LocalAddress[:])), s.LocalPort).String()
		k.remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte(s.RemoteAddress[:])), s.RemotePort).String()
	case unix.AF_INET6:
		k.local = netip.AddrPortFrom(netip.AddrFrom16(s.LocalAddress), s.LocalPort).String()
		k.remote = netip.AddrPortFrom(netip.AddrFrom16(s.RemoteAddress), s.RemotePort).String()
	}
	return k
}

// truth is the sender's side.
func truth(fd int) known {
	var st unix.Stat_t
	must(unix.Fstat(fd, &st))
	comm, err := os.ReadFile("/proc/thread-self/comm")
	must(err)
	uid, _, _ := unix.Getresuid()
	gid, _, _ := unix.Getresgid()
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	must(err)
	sndbuf, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	must(err)
	k := known{comm: strings.TrimSuffix(string(comm), "\n"), tid: unix.Gettid(), uid: uid, gid: gid, family: domain, inode: st.Ino, sndbuf: sndbuf}
	must(unix.Stat("/proc/thread-self/ns/net", &st))
	k.netns = st.Ino
	must(unix.Stat(filepath.Join(cgroups(), cgroup()), &st))
	k.cgroup = st.Ino
	local, err := unix.Getsockname(fd)
	must(err)
	remote, _ := unix.Getpeername(fd)
	k.local, k.remote = endpoint(local, domain), endpoint(remote, domain)
	return k
}

// cgroups is where the hierarchy of version 2 is mounted.
func cgroups() string {
	mounts, err := os.ReadFile("/proc/self/mounts")
	must(err)
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); f[2] == "cgroup2" {
			return f[1]
		}
	}
	panic("no cgroup2 is mounted")
}

// cgroup is the process's, from there.
func cgroup() string {
	list, err := os.ReadFile("/proc/self/cgroup")
	must(err)
	for line := range strings.Lines(string(list)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSpace(path)
		}
	}
	panic("the process is in no cgroup")
}

// moveTo moves the process to another cgroup.
func moveTo(dir string) {
	must(os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0))
}

func endpoint(a unix.Sockaddr, domain int) string {
	switch a := a.(type) {
	case *unix.SockaddrUnix:
		if name, abstract := strings.CutPrefix(a.Name, "@"); abstract && name != "" {
			return "\x00" + name
		}
		return "" // the senders bind to abstract names only
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String()
	}
	switch domain {
	case unix.AF_INET:
		return "0.0.0.0:0"
	case unix.AF_INET6:
		return "[::]:0"
	}
	return ""
}

// keptMessage is the one message of the senders below: nothing of the calls
// differs but what they change between them.
var keptMessage struct {
	header  unix.Msghdr
	iov     unix.Iovec
	payload [8]byte
}

// sendKnown sends twice, so that the second call finds what the first has kept.
func sendKnown(fd int) {
	m := &keptMessage
	m.iov.Base, m.iov.Len = &m.payload[0], 8
	m.header.Iov, m.header.Iovlen = &m.iov, 1
	for range 2 {
		sendmsg(fd, uint64(uintptr(unsafe.Pointer(&m.header))), unix.MSG_DONTWAIT)
		fmt.Println(truth(fd))
	}
}

func socket(family int) int {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
	must(err)
	return fd
}

func rawResuid(ruid int) {
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(ruid), 0, 0); errno != 0 {
		must(errno)
	}
}

func receiver(family int, at unix.Sockaddr) unix.Sockaddr {
	fd := socket(family)
	must(unix.Bind(fd, at))
	name, err := unix.Getsockname(fd)
	must(err)
	return name
}

func init() {
	senders["a task that changes"] = func() {
		fd := socketpair()
		sendKnown(fd)
		for _, name := range []string{"renamed", "renamed again"} {
			must(unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(unsafe.StringData(name+"\x00"))), 0, 0, 0))
			sendKnown(fd)
		}
		// Twice without a call between: the credentials that were freed can
		// come back at their address.
		for range 20 {
			rawResuid(1001)
			rawResuid(1002)
			sendKnown(fd)
			rawResuid(1003)
			rawResuid(0)
			sendKnown(fd)
		}
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, 1004, 0, 0); errno != 0 {
			must(errno)
		}
		sendKnown(fd)
		before := filepath.Join(cgroups(), cgroup())
		after := filepath.Join(before, fmt.Sprintf("sendmsgrec-test-%d", os.Getpid()))
		must(os.Mkdir(after, 0o755))
		moveTo(after)
		sendKnown(fd)
		moveTo(before)
		sendKnown(fd)
		must(os.Remove(after))
		must(unix.Unshare(unix.CLONE_NEWNET))
		sendKnown(fd)
	}
	senders["a socket that changes"] = func() {
		loopback := [4]byte{127, 0, 0, 1}
		fd := socket(unix.AF_INET)
		sendKnown(fd) // has no destination, and binds it all the same
		for range 3 {
			must(unix.Connect(fd, receiver(unix.AF_INET, &unix.SockaddrInet4{Addr: loopback})))
			sendKnown(fd)
		}
		must(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 50000))
		sendKnown(fd)
	}
	senders["a Unix socket that changes"] = func() {
		fd := socket(unix.AF_UNIX)
		sendKnown(fd)
		for i := range 3 {
			to := fmt.Sprintf("@sendmsgrec-test-%d-%d", os.Getpid(), i)
			must(unix.Connect(fd, receiver(unix.AF_UNIX, &unix.SockaddrUnix{Name: to})))
			sendKnown(fd)
		}
		must(unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@sendmsgrec-test-%d-own", os.Getpid())}))
		sendKnown(fd)
	}
	senders["a socket of IPv6 that becomes one of IPv4"] = func() {
		to := receiver(unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}).(*unix.SockaddrInet4)
		fd := socket(unix.AF_INET6)
		sendKnown(fd)
		mapped := netip.AddrFrom4(to.Addr).As16()
		must(unix.Connect(fd, &unix.SockaddrInet6{Port: to.Port, Addr: mapped}))
		sendKnown(fd)
		must(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_ADDRFORM, unix.AF_INET))
		sendKnown(fd)
	}
	senders["a descriptor that comes back as another socket"] = func() {
		for i := range 40 {
			fd := socket([]int{unix.AF_INET, unix.AF_INET, unix.AF_UNIX, unix.AF_INET6}[i%4])
			sendKnown(fd)
			must(unix.Close(fd))
		}
	}
	senders["a thread that calls exec"] = func() {
		fd := socketpair()
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread()
			sendKnown(fd)
			must(os.Setenv(senderVariable, "what a thread has executed"))
			must(syscall.Exec("/proc/self/exe", []string{"executed"}, os.Environ()))
		}()
		<-done
	}
	senders["what a thread has executed"] = func() { sendKnown(socketpair()) }
}

func TestWhatIsKeptOfATaskAndASocketDoesNotGoStale(t *testing.T) {
	for _, sender := range []string{
		"a task that changes", "a socket that changes", "a Unix socket that changes", "a socket of IPv6 that becomes one of IPv4",
		"a descriptor that comes back as another socket", "a thread that calls exec",
	} {
		t.Run(sender, func(t *testing.T) {
			p, err := Open(Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}()
			pid, out := runSenderFor(t, sender)
			want := strings.Split(strings.TrimSpace(out), "\n")
			got := knownEvents(p, pid)
			if len(got) != len(want) {
				t.Fatalf("%d events of %d calls", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("call %d was recorded as\n%s\nbut was\n%s", i, got[i], want[i])
				}
			}
		})
	}
}

// knownEvents returns the process's events in the order of their times.
func knownEvents(p *Probe, pid uint32) []string {
	byTime := map[uint64]string{}
	for cpu := range p.CPUs() {
		ring := p.Ring(cpu)
		var groups *Groups
		for e := ring.Next(); e != nil; e = ring.Next() {
			if e.Same == 0 {
				groups = e.Groups()
			}
			if groups.Task.PID == pid && e.IovCaptured == 1 && e.Iovecs()[0].Len == 8 {
				byTime[e.TimeNS] = said(e, groups).String()
			}
		}
		ring.Release()
	}
	var list []string
	for _, at := range slices.Sorted(maps.Keys(byTime)) {
		list = append(list, byTime[at])
	}
	return list
}
