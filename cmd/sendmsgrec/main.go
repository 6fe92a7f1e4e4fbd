// Command sendmsgrec records the sendmsg() calls of a Linux host into a file
// and reads such files: what they hold, what was lost, how long calls took.
//
// There is one file per command. A command parses its flags with cobra and
// hands them to a function run…(ctx, stdout, …) error that tests call in
// process. The error carries the exit code (exit.go); nothing but main ends
// the process.
package main

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what the Go runtime is told to stay below, in bytes: the
// packages bound what they hold, and this bounds the garbage on top, so that no
// command takes 200 MiB, whatever the size of the recording. GOMEMLIMIT goes
// before it.
const memoryLimit = 170 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(exitCode(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)))
}
