package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fillUp writes to the socket until it would block. It does so with write, so
// that the filling is no event.
func fillUp(fd int) {
	unix.SetNonblock(fd, true)
	b := make([]byte, 4096)
	for n := len(b); n > 0; {
		if _, err := unix.Write(fd, b[:n]); err != nil {
			n /= 2
		}
	}
	unix.SetNonblock(fd, false)
}

// drain reads until nothing has come for a while.
func drain(fd int) error {
	unix.SetNonblock(fd, true)
	b := make([]byte, 1<<16)
	for idle := 0; idle < 50; {
		switch n, err := unix.Read(fd, b); {
		case err != nil:
			idle++
			time.Sleep(time.Millisecond)
		case n == 0:
			return nil
		default:
			idle = 0
		}
	}
	return nil
}

// interrupt sends the thread a signal whose handler the runtime installed with
// SA_RESTART, and returns when the handler has run.
func interrupt(tid int) error {
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, unix.SIGUSR1)
	defer signal.Stop(handled)
	if err := unix.Tgkill(os.Getpid(), tid, unix.SIGUSR1); err != nil {
		return err
	}
	<-handled
	return nil
}

// waitingCases wait for room in a full buffer, by any ABI.
func waitingCases() []scripted {
	return []scripted{
		{"blocked until the peer reads", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(5)}, 5, nil, func(int) error { return drain(peer) })
		}},
		{"blocked, interrupted by a signal and restarted", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(5)}, 5, []int64{erestartsys}, func(tid int) error {
				if err := interrupt(tid); err != nil {
					return err
				}
				if err := t.abi.waitBlocked(os.Getpid(), tid); err != nil {
					return err
				}
				return drain(peer)
			})
		}},
	}
}

// blockedCases are calls that block, by 64-bit callers.
func blockedCases() []scripted {
	cases := append(waitingCases(), []scripted{
		{"blocked, interrupted and restarted three times", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			before := []int64{erestartsys, erestartsys, erestartsys}
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(5)}, 5, before, func(tid int) error {
				for range before {
					if err := interrupt(tid); err != nil {
						return err
					}
					if err := waitBlocked(os.Getpid(), tid); err != nil {
						return err
					}
				}
				return drain(peer)
			})
		}},
		{"cut short by a signal after part was sent", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(1 << 20)}, partOfIt, nil, interrupt)
		}},
		{"EAGAIN after the send timeout", func(t *thread) error {
			fd, _ := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Usec: 20000})
			return t.send(message{fd: uint64(fd), iov: t.one(5)}, errno(unix.EAGAIN))
		}},
		{"the descriptor is replaced by dup2 while its call is blocked", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			other, _ := t.pair(unix.SOCK_DGRAM)
			fillUp(fd)
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(5)}, 5, nil, func(int) error {
				if err := unix.Dup3(other, fd, unix.O_CLOEXEC); err != nil {
					return err
				}
				return drain(peer)
			})
		}},
		{"the descriptor is closed while its call is blocked", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			return t.sendBlocked(message{fd: uint64(fd), iov: t.one(5)}, 5, nil, func(int) error {
				if err := unix.Close(fd); err != nil {
					return err
				}
				return drain(peer)
			})
		}},
		{"the peer is shut down while a call is blocked", func(t *thread) error {
			fd, peer := t.pair(unix.SOCK_STREAM)
			fillUp(fd)
			return t.sendBlocked(message{fd: uint64(fd), flags: unix.MSG_NOSIGNAL, iov: t.one(5)}, errno(unix.EPIPE), nil,
				func(int) error { return unix.Shutdown(peer, unix.SHUT_RDWR) })
		}},
	}...)
	for _, c := range []struct{ name, how string }{
		{"killed by SIGKILL while blocked", "kill"},
		{"another thread exits the process while a call is blocked", "exit"},
	} {
		cases = append(cases, scripted{c.name, func(t *thread) error { return parentOfBlocked(t.name, c.how) }})
	}
	return cases
}

// childLog is the log that child processes append to.
var childLog string

// parentOfBlocked starts a child that blocks and ends it.
func parentOfBlocked(name, how string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "child", name, childLog)
	stop, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("read the child's thread id: %w", err)
	}
	var tid int
	fmt.Sscan(line, &tid)
	if err := waitBlocked(cmd.Process.Pid, tid); err != nil {
		return err
	}
	if how == "kill" {
		if err := cmd.Process.Kill(); err != nil {
			return err
		}
	}
	stop.Close()
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() == (how == "kill") {
		return nil
	}
	return fmt.Errorf("the child ended otherwise: %w", err)
}

// runChild blocks in sendmsg for ever; it exits when its input ends.
func runChild(args []string) error {
	name, path := args[0], args[1]
	var log *logger
	var err error
	if path != "" {
		if log, err = openLog(path); err != nil {
			return err
		}
	}
	runtime.GOMAXPROCS(4)
	go inThread(name, log, func(t *thread) error {
		fd, _ := t.pair(unix.SOCK_STREAM)
		fillUp(fd)
		p := t.prepare(&message{fd: uint64(fd), iov: t.one(5)})
		p.truth.Rets = []int64{erestartsys}
		if err := t.log.write(&p.truth); err != nil {
			return err
		}
		fmt.Println(p.truth.TID)
		p.call()
		return nil
	})
	os.Stdin.Read(make([]byte, 1))
	return nil
}
