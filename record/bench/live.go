package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
)

// load runs the workload and returns its nanoseconds per call.
func (o *options) load(args ...string) (float64, error) {
	cmd := exec.Command(o.program("workload"), args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var l truth.Load
	return l.NSPerCall, json.Unmarshal(out, &l)
}

// sample is one traced run and the untraced one before it.
type sample struct {
	untraced, traced float64 // ns a call
	usage            usage
	fileBytes        int64
	events           int64 // calls in the file, -1 when not counted
}

// selected returns the tracers that the flags ask for and the host has.
func (o *options) selected() ([]tracer, error) {
	var list []tracer
	for _, t := range tracers() {
		if o.tracers != "" && !slices.Contains(strings.Split(o.tracers, ","), t.name) {
			continue
		}
		program := t.args(o, "")[0]
		if program == "stdbuf" {
			program = "trace-cmd"
		}
		if !filepath.IsAbs(program) {
			if _, err := exec.LookPath(program); err != nil {
				return nil, fmt.Errorf("%w (Debian: trace-cmd, linux-perf)", err)
			}
		}
		list = append(list, t)
	}
	return list, nil
}

// alternate measures every tracer of the list once a round, each run paired with an
// untraced one. count asks for the events in the file.
func (o *options) alternate(list []tracer, count bool, loadArgs ...string) (_ map[string][]sample, err error) {
	file := filepath.Join(o.dir, "recording")
	samples := map[string][]sample{}
	for round := range o.rounds {
		for _, t := range list {
			var s sample
			if s.untraced, err = o.load(loadArgs...); err != nil {
				return nil, err
			}
			for attempt := 1; ; attempt++ {
				s.usage, err = t.trace(o, file, func() (err error) {
					s.traced, err = o.load(loadArgs...)
					return err
				})
				if err == nil {
					break
				}
				if attempt >= t.attempts {
					return nil, err
				}
				fmt.Fprintf(os.Stderr, "%v; once more\n", err)
				os.Remove(file)
			}
			st, err := os.Stat(file)
			if err != nil {
				return nil, err
			}
			s.fileBytes = st.Size()
			s.events = -1
			if count && (!t.slow || round == o.rounds-1) {
				if s.events, err = t.events(o, file); err != nil {
					return nil, err
				}
			}
			os.Remove(file)
			samples[t.name] = append(samples[t.name], s)
			fmt.Fprintf(os.Stderr, "%s %s round %d: %.0f ns, traced %.0f ns\n", strings.Join(loadArgs, " "), t.name, round+1, s.untraced, s.traced)
			time.Sleep(100 * time.Millisecond)
		}
	}
	return samples, nil
}

func median[T ~int64 | ~float64](samples []sample, f func(sample) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = f(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (s sample) added() float64 { return s.traced - s.untraced }

// loadArgs is the load on so many threads.
func (o *options) loadArgs(threads int) []string {
	args := []string{"load", "-n", fmt.Sprint(o.calls), "-threads", fmt.Sprint(threads)}
	if o.pin {
		args = append(args, "-pin")
	}
	return args
}

// measureCost fills the tables of added time, bytes, CPU and memory.
func measureCost(o *options, tables map[string]string) error {
	list, err := o.selected()
	if err != nil {
		return err
	}
	for _, threads := range []int{1, 2} {
		samples, err := o.alternate(list, true, o.loadArgs(threads)...)
		if err != nil {
			return err
		}
		tables[fmt.Sprintf("cost-%d", threads)] = o.costTable(samples)
	}
	return nil
}

func (o *options) costTable(samples map[string][]sample) string {
	rows := [][]string{{"tracer", "untraced, ns a call", "added, ns a call", "lowest and highest", "of trace-cmd's", "of perf's",
		"lost", "bytes a call", "start, s of CPU", "then, s of CPU per million calls", "RSS, MiB"}}
	ratio := func(name string, of float64) string {
		base, ok := samples[name]
		if !ok {
			return "-"
		}
		return fmt.Sprintf("%.2f", of/median(base, sample.added))
	}
	for _, name := range tracerNames() {
		s, ok := samples[name]
		if !ok {
			continue
		}
		added := median(s, sample.added)
		all := make([]float64, len(s))
		for i := range s {
			all[i] = s[i].added()
		}
		lost := "0"
		if fewest := fewestEvents(s); fewest < int64(o.calls) {
			lost = fmt.Sprintf("%.2f%%", 100*(1-float64(fewest)/float64(o.calls)))
		}
		rows = append(rows, []string{name,
			fmt.Sprintf("%.0f", median(s, func(s sample) float64 { return s.untraced })),
			fmt.Sprintf("%.0f", added), fmt.Sprintf("%.0f to %.0f", slices.Min(all), slices.Max(all)),
			ratio("trace-cmd", added), ratio("perf", added), lost,
			fmt.Sprintf("%.1f", float64(median(s, func(s sample) int64 { return s.fileBytes }))/float64(o.calls)),
			fmt.Sprintf("%.2f", median(s, func(s sample) time.Duration { return s.usage.start }).Seconds()),
			fmt.Sprintf("%.3f", o.cpuPerMillion(s)),
			fmt.Sprintf("%.0f", float64(median(s, func(s sample) int64 { return s.usage.rss }))/1024),
		})
	}
	return markdown.Table(rows)
}

// cpuPerMillion is the median of the seconds of CPU that the tracer used for a
// million calls, without its start.
func (o *options) cpuPerMillion(samples []sample) float64 {
	return median(samples, func(s sample) time.Duration { return s.usage.cpu }).Seconds() / float64(o.calls) * 1e6
}

// fewestEvents is the count of the round that lost most. Calls of others are
// in it too: on a quiet machine there are none to speak of.
func fewestEvents(samples []sample) int64 {
	fewest := int64(math.MaxInt64)
	for _, s := range samples {
		if s.events >= 0 {
			fewest = min(fewest, s.events)
		}
	}
	return fewest
}

// measureTax fills the table of what tracing sendmsg costs another call, also
// where the callers of other ABIs are watched: on tracepoints they cost hooks of
// all system calls.
func measureTax(o *options, tables map[string]string) error {
	list, err := o.selected()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(t tracer) bool { return t.name == "sendmsgrec" }) {
		list = append(list, recorder("`sendmsgrec --paths compat`", ofThisTree, "--paths", "compat"))
	}
	samples, err := o.alternate(list, false, "getppid", "-n", fmt.Sprint(o.getppid))
	if err != nil {
		return err
	}
	rows := [][]string{{"tracer", "getppid untraced, ns", "added, ns", "of trace-cmd's"}}
	for _, t := range list {
		s := samples[t.name]
		of := "-"
		if base, ok := samples["trace-cmd"]; ok {
			of = fmt.Sprintf("%.2f", median(s, sample.added)/median(base, sample.added))
		}
		rows = append(rows, []string{t.name, fmt.Sprintf("%.0f", median(s, func(s sample) float64 { return s.untraced })),
			fmt.Sprintf("%.1f", median(s, sample.added)), of})
	}
	tables["tax"] = markdown.Table(rows)
	return nil
}
