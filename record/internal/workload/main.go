// Command workload makes the sendmsg calls that the privileged tests and the
// benchmarks record: scripted cases whose every argument is known, and loaders
// that make an exact number of calls.
//
// It calls the kernel directly, with a msghdr laid out by hand in memory that
// the Go runtime does not know, so that pointers, lengths and malformed
// structures are exactly what the case says. Nothing else in the process calls
// sendmsg. Go's preemption signals are switched off, so that a blocked call is
// interrupted by nothing but the signals that a case sends.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// A command is one mode of the program.
type command struct {
	name, help string
	run        func(args []string) error
}

func commands() []command {
	return []command{
		{"cases", "run the scripted cases", runCases},
		{"related", "run the scripted cases of the calls beside sendmsg", runRelated},
		{"list", "name the scripted cases", listCases},
		{"child", "run one case's child process (used by the cases themselves)", runChild},
		{"load", "send N messages at full speed or paced", runLoad},
		{"mixed", "make all the calls that are recorded in turns", runMixed},
		{"block", "send from many threads that block, are signalled and migrate", runBlock},
		{"hammer", "update a BPF map on every CPU for a while", runHammer},
		{"race", "send through a descriptor that is replaced and closed meanwhile", runRace},
		{"uring", "send through io_uring in every way, and leave one request blocked", runURing},
		{"uring-load", "make N requests to io_uring, inline and in worker threads", runURingLoad},
		{"evade", "send some messages by sendmsg and some by write", runEvade},
		{"nbd", "make the kernel send: requests of a network block device", runNBD},
		{"getppid", "make N system calls that nobody traces", runGetppid},
		{"family", "send one message from a tree of processes and threads", runFamily},
	}
}

func main() {
	if err := withoutPreemption(); err != nil {
		fmt.Fprintln(os.Stderr, "workload:", err)
		os.Exit(1)
	}
	if len(os.Args) > 1 {
		for _, c := range commands() {
			if c.name != os.Args[1] {
				continue
			}
			if err := c.run(os.Args[2:]); err != nil {
				fmt.Fprintf(os.Stderr, "workload %s: %v\n", c.name, err)
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: workload COMMAND [FLAGS]")
	for _, c := range commands() {
		fmt.Fprintf(os.Stderr, "  %-8s %s\n", c.name, c.help)
	}
	os.Exit(2)
}

// withoutPreemption starts the program again with Go's preemption signals off;
// there is no way to switch them off while running.
func withoutPreemption() error {
	const setting = "asyncpreemptoff=1"
	debug := os.Getenv("GODEBUG")
	if strings.Contains(debug, setting) {
		return nil
	}
	// Not as /proc/self/exe: that would be the process's name.
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Set, not added: of a variable that stands there twice, the first counts.
	if err := os.Setenv("GODEBUG", strings.Trim(debug+","+setting, ",")); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}
