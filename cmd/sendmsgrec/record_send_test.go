package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
)

func TestWhatTheSinksProgramSaysStaysOutOfTheRecording(t *testing.T) {
	for _, c := range []struct {
		name   string
		output string
		json   bool
		want   string // on standard output
	}{
		{"standard output is the recording's", "-", false, ""},
		{"standard output is the summary's", "x.smr", true, ""},
		{"standard output is free", "x.smr", false, "said\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := recordOptions{Output: c.output, JSON: c.json, Spill: filepath.Join(t.TempDir(), "spill"), SpillBytes: spill.MinLimitBytes,
				Send: sendOptions{To: "exec:echo said", MaxWait: time.Second}}
			var stdout, stderr bytes.Buffer
			s, err := o.openSending(&stdout, &stderr)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.abandon(); err != nil {
				t.Fatal(err)
			}
			if stdout.String() != c.want || !strings.Contains(stdout.String()+stderr.String(), "said") {
				t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
			}
		})
	}
}

func TestARecordingAndItsSinkAreTwoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for to, same := range map[string]bool{"file:./x.smr": true, "file:" + dir + "/x.smr": true, "file:y.smr": false, "null:": false} {
		o := recordOptions{Output: "x.smr", Force: true, Spill: "spill", SpillBytes: spill.MinLimitBytes, Send: sendOptions{To: to, MaxWait: time.Second}}
		s, err := o.openSending(nil, nil)
		if (err != nil) != same || same && exitCode(err) != exitUsage {
			t.Errorf("%s: error %v", to, err)
		}
		if err == nil {
			if err := s.abandon(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAReaderThatWantsNoMoreHasNotGotEverything(t *testing.T) {
	// Other than a command that only reads, one with a spill keeps what is left.
	err := (&liveReport{To: "-", err: fmt.Errorf("-: %w", syscall.EPIPE)}).judge()
	if exitCode(err) != exitFailed || !shown(err) {
		t.Errorf("exit code %d, shown %v", exitCode(err), shown(err))
	}
}

func TestExitStatusOfARecordingWithASink(t *testing.T) {
	full := errors.New("the disk is full")
	for _, c := range []struct {
		name     string
		sink     liveReport
		recorded error
		lost     int64
		want     int
	}{
		{"everything is sent", liveReport{}, nil, 0, exitDone},
		{"the spill had no room", liveReport{Dropped: 1}, nil, 1, exitLoss},
		{"the sink refused something", liveReport{Refused: 1}, nil, 0, exitLoss},
		{"the sink has failed", liveReport{err: errors.New("gone")}, nil, 0, exitFailed},
		{"the sending was interrupted", liveReport{err: fmt.Errorf("x: %w", context.Canceled)}, nil, 0, exitInterrupted},
		{"the file has failed", liveReport{}, full, 0, exitFailed},
		{"the file has failed, and the spill had no room", liveReport{Dropped: 1}, full, 0, exitFailed},
		{"the file has failed, and the sending was interrupted", liveReport{err: context.Canceled}, full, 0, exitFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			o := recordOptions{FailOnLoss: true, Quiet: true}
			err := o.report(&stdout, &stderr, &recordReport{Summary: &record.Summary{Lost: c.lost}, To: &c.sink}, c.recorded)
			if got := exitCode(err); got != c.want {
				t.Errorf("exit status %d, want %d: %v", got, c.want, err)
			}
			if err != nil && !shown(err) {
				t.Errorf("nobody is told of %v", err)
			}
		})
	}
}

func TestKeysOfASinkAreNotRecorded(t *testing.T) {
	for _, c := range []struct{ args, to, want string }{
		{"record --to https://host/in?key=secret -o x", "https://host/in?key=secret", "record --to https://host/in -o x"},
		{"record --to=https://host/in?key=secret", "https://host/in?key=secret", "record --to=https://host/in"},
		{"record --to file:a?b", "file:a?b", "record --to file:a?b"},
		{"record --to - -- cmd -", "-", "record --to - -- cmd -"},
		{"record -o x", "", "record -o x"},
	} {
		args := strings.Fields(c.args)
		if got := strings.Join(withoutQuery(args, c.to), " "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if strings.Join(args, " ") != c.args {
			t.Error("the arguments were changed")
		}
	}
}
