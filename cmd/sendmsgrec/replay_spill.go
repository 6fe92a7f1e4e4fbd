package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
)

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// onlyForSpill finds flags that have no meaning for a spill: what is in it goes
// to the sink that it is for, as it is, from where that is.
func onlyForSpill(f *pflag.FlagSet, path string) error {
	names := sendFlagNames()
	for _, name := range []string{"max", "json", "force"} {
		names[name] = true
	}
	var err error
	f.Visit(func(flag *pflag.Flag) {
		if !names[flag.Name] && err == nil {
			err = usageErrorf("%s is the spill of `record --to`: --%s does not go with it", path, flag.Name)
		}
	})
	return err
}

// runReplaySpill sends what a recorder has left in its spill, and removes it.
func runReplaySpill(ctx context.Context, stdout, stderr io.Writer, o replayOptions, path string, again []string) error {
	if o.To == "" {
		return usageErrorf("where to? Give --to URL, the one of `record`")
	}
	target, err := o.target()
	if err != nil {
		return err
	}
	dir, err := spill.Open(path)
	if err != nil {
		return err
	}
	if bytes, _ := dir.Bytes(); bytes == 0 {
		return errors.Join(fmt.Errorf("%s holds nothing that a recording has left", path), dir.Close())
	}
	warn := func(format string, args ...any) {
		fmt.Fprintf(stderr, "sendmsgrec: warning: "+format+"\n", args...)
	}
	l, err := openLive(ctx, o.sendOptions, target, dir, &sink.Options{Stdout: stdout, Stderr: stderr, Force: o.Force}, warn)
	if err != nil {
		return err
	}
	dir.End()
	_ = l.run(ctx, nil) // close returns it too
	_ = l.close(ctx)
	report := l.report(spill.Stats{}, again)
	if o.JSON {
		where := stdout
		if target.Scheme == "-" {
			where = stderr
		}
		if err := writeJSON(where, report); err != nil {
			return err
		}
	} else {
		report.write(stderr)
	}
	return report.judge()
}
