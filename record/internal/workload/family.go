package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// runFamily sends one message from each of: itself, two threads, a child, a
// grandchild through a shell, and a daemon that forked twice. Each sends as
// soon as it runs, and logs its call; -name is the case that it logs.
func runFamily(args []string) error {
	flags := flag.NewFlagSet("family", flag.ContinueOnError)
	path := flags.String("log", "", "append what was called to this file")
	name := flags.String("name", "the command itself", "what to log")
	what := flags.String("then", "all", "all, nothing or daemon: what else to start")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *what == "daemon" {
		return daemon(*path)
	}
	log, err := openLog(*path)
	if err != nil {
		return err
	}
	send := func(name string) error {
		return inThread(name, log, func(t *thread) error { return t.stream(message{iov: t.one(5)}, 5) })
	}
	if err := send(*name); err != nil || *what == "nothing" {
		return err
	}
	for _, name := range []string{"a thread", "another thread"} {
		if err := send(name); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	leaf := func(name string) []string {
		return []string{self, "family", "-then", "nothing", "-log", *path, "-name", name}
	}
	child := leaf("a child")
	if err := exec.Command(child[0], child[1:]...).Run(); err != nil {
		return err
	}
	shell := append([]string{"-c", `"$@" & wait $!`, "sh"}, leaf("a child of a shell")...)
	if err := exec.Command("sh", shell...).Run(); err != nil {
		return err
	}
	if err := exec.Command(self, "family", "-then", "daemon", "-log", *path).Run(); err != nil {
		return err
	}
	return waitLogged(*path, "a daemon")
}

// daemon starts a process in a session of its own and leaves it behind.
func daemon(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "family", "-then", "nothing", "-log", path, "-name", "a daemon")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

// waitLogged waits until a call with the name has been logged.
func waitLogged(path, name string) error {
	for range 2500 {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte(name)) {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("nothing was logged by %s", name)
}
