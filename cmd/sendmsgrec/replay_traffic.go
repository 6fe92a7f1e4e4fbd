package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
)

// The values of --as.
const (
	asRecords = "records"
	asTraffic = "traffic"
)

// trafficOptions are the flags of --as traffic alone.
type trafficOptions struct {
	Map             []string
	ListMap         bool
	Seed            uint64
	PassDescriptors bool
}

// trafficFlags and sharedFlags are those that --as traffic takes.
var (
	trafficFlags = []string{"map", "list-map", "seed", "pass-descriptors"}
	sharedFlags  = []string{"as", "speed", "rate", "max", "max-gap", "loop", "filter", "from", "until", "json", "fail-on-loss"}
)

func (o *trafficOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.Map, "map", nil, "with --as traffic: `RECORDED=TARGET` sends to TARGET what was sent to RECORDED; may be repeated")
	f.BoolVar(&o.ListMap, "list-map", false, "with --as traffic: send nothing, list the recorded destinations and where they go")
	f.Uint64Var(&o.Seed, "seed", 0, "with --as traffic: selects the payload")
	f.BoolVar(&o.PassDescriptors, "pass-descriptors", false, "with --as traffic: pass descriptors of /dev/null where descriptors were passed")
}

// checkAs finds flags that do not go with --as.
func checkAs(f *pflag.FlagSet, as string) error {
	if as != asRecords && as != asTraffic {
		return usageErrorf("--as %q: want %s or %s", as, asRecords, asTraffic)
	}
	var wrong error
	f.Visit(func(flag *pflag.Flag) {
		ofTraffic := slices.Contains(trafficFlags, flag.Name)
		switch {
		case as == asRecords && ofTraffic:
			wrong = usageErrorf("--%s needs --as traffic", flag.Name)
		case as == asTraffic && !ofTraffic && !slices.Contains(sharedFlags, flag.Name):
			wrong = usageErrorf("--%s does not go with --as traffic", flag.Name)
		}
	})
	return wrong
}

// runTraffic makes the recorded sends again, or lists where they went.
func runTraffic(ctx context.Context, stdout, stderr io.Writer, o replayOptions, paths []string) error {
	if slices.Contains(paths, "-") {
		return usageErrorf("traffic needs files: a recording is read before anything is sent, and again for sending")
	}
	if o.Loops < 1 || o.Pace.MaxGap < 0 {
		return usageErrorf("--loop must be more than 0, --max-gap not less")
	}
	to := traffic.Options{Pace: o.Pace, Loops: o.Loops, Seed: o.Traffic.Seed, PassDescriptors: o.Traffic.PassDescriptors}
	for _, text := range o.Traffic.Map {
		if err := to.Map.Add(text); err != nil {
			return usageErrorf("--map %q: %w", text, err)
		}
	}
	r := &replaying{o: o, paths: paths, stderr: stderr, status: newStatusLine(stderr)}
	defer r.status.clear()
	defer r.close()
	if err := r.open(nil); err != nil {
		return err
	}
	var inputs []order.Input
	for _, in := range r.inputs {
		inputs = append(inputs, in.Input)
	}
	to.Inputs = inputs
	if r.status.w != nil {
		to.Progress = func(calls int64) { r.status.count("making sends again", calls) }
	}
	t, err := traffic.New(ctx, to)
	if err != nil {
		return err
	}
	if o.Traffic.ListMap {
		if err := listMap(stdout, t, o.JSON); err != nil {
			return err
		}
		return r.judgeInputs(t, nil)
	}
	var unmapped *traffic.UnmappedError
	if err := t.Check(); errors.As(err, &unmapped) {
		return usageErrorf("%w", err)
	}
	err = t.Run(ctx)
	r.status.clear()
	return r.reportTraffic(stdout, t, err)
}

// reportTraffic writes the report and returns the error to end with.
func (r *replaying) reportTraffic(stdout io.Writer, t *traffic.Replay, err error) error {
	report := newTrafficReport(t.Report())
	if r.o.JSON {
		report.Error = errorText(err)
		if werr := writeJSON(stdout, report); err == nil {
			err = werr
		}
	} else if err == nil || report.Sent+report.Failed > 0 {
		report.write(r.stderr)
	}
	if err != nil {
		return err
	}
	if n := report.Failed; n > 0 {
		err = withCode(exitLoss, fmt.Errorf("%s failed", sends(n)))
	}
	return r.judgeInputs(t, err)
}
