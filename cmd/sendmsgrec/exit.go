package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// The exit codes, the same for all commands.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2   // wrong flags or arguments
	exitLoss        = 3   // finished, but data was lost or is corrupt
	exitUnsupported = 4   // this kernel or these privileges do not suffice
	exitInterrupted = 130 // ended by SIGINT or SIGTERM before the work was done
)

// exitError is an error that says with which code the process ends. A nil Err
// means that everything there is to say has been printed.
type exitError struct {
	Code int
	Err  error
}

func (e *exitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	return e.Err.Error()
}

func (e *exitError) Unwrap() error { return e.Err }

// withCode gives err an exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{Code: code, Err: err}
}

// usageErrorf is an error in what the user typed.
func usageErrorf(format string, args ...any) error {
	return &exitError{Code: exitUsage, Err: fmt.Errorf(format, args...)}
}

// exitCode maps the error of a command to the exit code of the process.
func exitCode(err error) int {
	var coded *exitError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		// The reader of a pipe that wants no more, as in `cat | head`, is done
		// and so are we.
		return exitDone
	case errors.As(err, &coded):
		return coded.Code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// shown reports whether the user has to be told of err.
func shown(err error) bool {
	var coded *exitError
	if errors.As(err, &coded) && coded.Err == nil {
		return false
	}
	return err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, context.Canceled)
}
