package main

import (
	"encoding/json"
	"flag"
	"os"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// runEvade sends -sendmsg messages in the way that is recorded by default and
// -write messages of 10 bytes by write(), which is not, and prints a truth.Load
// of the first.
func runEvade(args []string) error {
	flags := flag.NewFlagSet("evade", flag.ContinueOnError)
	watched := flags.Int64("sendmsg", 7, "number of sendmsg calls")
	unwatched := flags.Int64("write", 5, "number of write calls")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a, err := newArena(1 << 16)
	if err != nil {
		return err
	}
	t := newThread(a, "evade")
	fd, _ := t.pair(unix.SOCK_STREAM)
	p := t.prepare(&message{fd: uint64(fd), iov: t.one(64)})
	l := truth.Load{PID: os.Getpid(), Calls: *watched}
	for range *watched {
		if r := p.call(); r < 0 {
			return unix.Errno(-r)
		}
	}
	for range *unwatched {
		if _, err := unix.Write(fd, make([]byte, 10)); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(l)
}
