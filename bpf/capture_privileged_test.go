//go:build privileged

package bpf

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// events runs a sender under a probe and describes each of its calls in a line.
func events(t *testing.T, sender string) []string {
	t.Helper()
	p, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	pid := runSender(t, sender)
	if err := p.Wait(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for cpu := range p.CPUs() {
		ring := p.Ring(cpu)
		var groups *Groups
		for e := ring.Next(); e != nil; e = ring.Next() {
			if e.Same == 0 {
				groups = e.Groups()
			}
			// The runtime's own calls have other sockets.
			if groups.Task.PID == pid && groups.Call.Call == 1 {
				lines = append(lines, describe(e, &groups.Call))
			}
		}
		ring.Release()
	}
	return lines
}

var sourceNames = [...]string{"unavailable", "entry", "kernel", "exit", "faulted", "truncated", "redacted", "raced", "null", "invalid"}

func describe(e *Event, c *Call) string {
	var lens []string
	for _, iov := range e.Iovecs() {
		lens = append(lens, fmt.Sprint(iov.Len))
	}
	return fmt.Sprintf("ret=%d requested=%d iovlen=%d iov=[%s] msghdr:%s name:%s iov:%s control:%s socket:%s",
		e.Ret, e.RequestedBytes, c.MsgIovlen, strings.Join(lens, " "),
		sourceNames[c.MsghdrSource], sourceNames[c.NameSource], sourceNames[c.IovSource],
		sourceNames[c.ControlSource], sourceNames[c.SocketSource])
}

func TestWhatTheProgramsReadOfUserMemory(t *testing.T) {
	const plain = " msghdr:entry name:null iov:entry control:null socket:entry"
	line := func(ret, requested, iovlen int, iov, rest string) string {
		return fmt.Sprintf("ret=%d requested=%d iovlen=%d iov=[%s]%s", ret, requested, iovlen, iov, rest)
	}
	one := func(n int) string { return line(n, n, 1, fmt.Sprint(n), plain) }
	truncated := func(n, sum int) string {
		return line(sum, sum, n, "0 1 2 0 1 2 0 1", strings.Replace(plain, "iov:entry", "iov:truncated", 1))
	}
	for _, c := range []struct {
		sender string
		want   []string
	}{
		{"iovec beside the msghdr, then elsewhere", []string{
			one(1080%97 + 1), one(1080%97 + 1), one(1224%97 + 1), one(1264%97 + 1), one(1008%97 + 1),
			one(824%97 + 1), one(1008%97 + 1), one(3000%97 + 1), one(1),
		}},
		{"the memory between msghdr and iovec goes away", []string{one(5), one(5), one(7), one(7)}},
		{"iovec counts", []string{
			line(0, 0, 0, "", strings.Replace(plain, "iov:entry", "iov:null", 1)),
			line(0, 0, 1, "0", plain),
			line(1, 1, 2, "0 1", plain),
			line(7, 7, 8, "0 1 2 0 1 2 0 1", plain),
			truncated(9, 9), truncated(40, 39), truncated(41, 40), truncated(1023, 1023), truncated(1024, 1023),
			line(-90, -1, 1025, "", strings.Replace(plain, "iov:entry", "iov:invalid", 1)),
			line(-90, -1, 2000, "", strings.Replace(plain, "iov:entry", "iov:invalid", 1)),
		}},
		{"memory that was never touched", []string{
			line(11, 11, 1, "11", strings.Replace(plain, "iov:entry", "iov:exit", 1)),
		}},
		{"unreadable pointers", []string{
			line(-14, -1, 0, "", " msghdr:faulted name:faulted iov:faulted control:faulted socket:entry"),
			line(-14, -1, 1, "", strings.Replace(plain, "iov:entry", "iov:faulted", 1)),
			line(-14, -1, 9, "", strings.Replace(plain, "iov:entry", "iov:faulted", 1)),
			line(-14, 0, 0, "", " msghdr:entry name:faulted iov:null control:null socket:entry"),
			line(-14, 0, 0, "", " msghdr:entry name:null iov:null control:faulted socket:entry"),
			line(-14, 0, 0, "", " msghdr:entry name:null iov:null control:faulted socket:entry"),
			line(-9, 0, 0, "", " msghdr:entry name:null iov:null control:null socket:null"),
		}},
	} {
		t.Run(c.sender, func(t *testing.T) {
			got := events(t, c.sender)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}
