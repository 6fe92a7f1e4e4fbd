// Command guest runs tests, or any command, in guests that qemu emulates in
// software, under Debian's own kernels:
//
//	go run ./record/internal/guest                       # the shared table, every kernel and tier
//	go run ./record/internal/guest -kernel 6.1 -tier kprobe -run 'TestTable/.*/EPIPE'
//	go run ./record/internal/guest -kernel 5.10 -- sendmsgrec doctor
//	go run ./record/internal/guest -instructions         # what tracing costs
//
// A guest is a kernel (fetched by .ci/debian/kernel and kept outside the tree)
// and an initial RAM disk that is made here: this program as /init, and static
// builds of sendmsgrec, of the workload and of the tests. There is no root file
// system, no network but loopback, and no package of the guest's.
//
// What the guest says comes back on its serial console. /init marks where a
// command begins and how it ended, so that an exit status is the command's, and
// a guest that hangs, panics or says nothing more fails with the end of what it
// said. The kernel is told to keep its messages to itself, but for a panic's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
)

// options are the flags.
type options struct {
	cache    string
	kernels  string
	tiers    string
	pkg      string
	run      string
	parallel int
	timeout  time.Duration
	verbose  bool
	update   string
	command  []string
	// instructions: count the tracers' instructions instead of testing.
	instructions bool
}

func main() {
	if os.Args[0] == initPath {
		runInit()
	}
	var o options
	flag.StringVar(&o.cache, "cache", defaultCache(), "where kernels are kept")
	flag.StringVar(&o.kernels, "kernel", "all", "guests to run, comma-separated: "+strings.Join(machineNames(), ", ")+"; 6.1 is 6.1-amd64")
	flag.StringVar(&o.tiers, "tier", "all", "probe tiers, comma-separated, of those that load there: fentry, kprobe, tracepoint")
	flag.StringVar(&o.pkg, "pkg", "./record/e2e", "the package whose tests run")
	flag.StringVar(&o.run, "run", "", "the tests that run, as go test -run has it; by default what the machine is for")
	flag.IntVar(&o.parallel, "parallel", 2, "guests at the same time")
	flag.DurationVar(&o.timeout, "timeout", 60*time.Minute, "a guest that takes longer has failed")
	flag.BoolVar(&o.verbose, "v", false, "print all that the guests say")
	flag.StringVar(&o.update, "update", "", "put the matrix, or the table of instructions, into this document when nothing has failed")
	flag.BoolVar(&o.instructions, "instructions", false, "count what tracing costs in instructions, beside the host's perf and trace-cmd, on amd64")
	flag.Parse()
	o.command = flag.Args()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "sendmsgrec")
}

func run(o *options) error {
	list, err := selectMachines(o.kernels)
	if err != nil {
		return err
	}
	if o.instructions {
		// The tracers are the host's programs.
		list = slices.DeleteFunc(list, func(m *machine) bool { return m.arch != hostArch || m.name == runningName })
	}
	if len(o.command) > 0 {
		list = slices.DeleteFunc(list, func(m *machine) bool { return m.name == runningName })
	}
	dir, err := os.MkdirTemp("", "guest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := buildAll(o, dir, list)
	if err != nil {
		return err
	}
	reports := runAll(o, list, dir, programs)
	if len(o.command) == 0 {
		fmt.Printf("\n%s", o.table(reports))
	}
	var errs []error
	for _, r := range reports {
		if err := r.verdict(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.machine.name, err))
		}
	}
	// A run that was interrupted, or failed, is not what the document tells of.
	if o.update != "" && len(errs) == 0 {
		return o.updateDocument(reports)
	}
	return errors.Join(errs...)
}

// table is what the run is for.
func (o *options) table(reports []*report) string {
	if o.instructions {
		return instructionTable(reports)
	}
	return matrix(reports)
}

func (o *options) updateDocument(reports []*report) error {
	tables := map[string]string{"instructions": instructionTable(reports)}
	if !o.instructions {
		tables = map[string]string{"matrix": matrix(reports), "unavailable": reasons(reports)}
	}
	return markdown.Update(o.update, "guest", tables)
}

// runAll runs the guests, so many at a time and the longest first, so that it
// is not alone in the end. It returns their reports in the order of the list.
func runAll(o *options, list []*machine, dir string, programs map[string]map[string]string) []*report {
	reports := make([]*report, len(list))
	slots := make(chan struct{}, max(o.parallel, 1))
	done := make(chan int)
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return list[b].minutes - list[a].minutes })
	go func() {
		for _, i := range order {
			slots <- struct{}{}
			go func() {
				reports[i] = runGuest(o, list[i], dir, programs[list[i].arch])
				<-slots
				done <- i
			}()
		}
	}()
	for range list {
		reports[<-done].print(os.Stdout)
	}
	return reports
}

// selectMachines resolves names as the user writes them.
func selectMachines(names string) ([]*machine, error) {
	if names == "all" {
		return machines(), nil
	}
	var list []*machine
	for _, name := range strings.Split(names, ",") {
		all := machines()
		i := slices.IndexFunc(all, func(m *machine) bool { return m.name == name || m.name == name+"-amd64" })
		if i < 0 {
			return nil, fmt.Errorf("no guest %q: %s", name, strings.Join(machineNames(), ", "))
		}
		list = append(list, all[i])
	}
	return list, nil
}
