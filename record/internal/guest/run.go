package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const hostArch = runtime.GOARCH

// The tests of record/e2e that a machine runs by default. They hold on every tier;
// the others need strace, or time, and run on the host. A recording costs a guest
// 5 to 20 seconds, in which the verifier is emulated.
const (
	// tableTests compare every scripted sendmsg with its event: for machines that
	// differ from others in ABI.
	tableTests = `^TestTable$`
	// archTests are for machines of another architecture, whose 32-bit callers are
	// programs of their own.
	archTests = `^(TestTable|TestTableOf32BitPrograms)$`
	// oldTests are for kernels without a tracepoint of all sends.
	oldTests = `^(TestTable|TestRelatedCalls|TestConservation|TestConservationOfRelatedCalls|TestSendsThroughIOURing|TestSendersInsideTheKernel)$`
	// quietTests make no more calls than one at a time, but for one test, which
	// records with the tier that the recorder chooses itself.
	quietTests = `^(TestTable|TestRelatedCalls|TestSendsThroughIOURing|TestSendersInsideTheKernel|TestTheTierThatIsChosenLosesNothing)$`
	allTests   = `^(TestTable|TestRelatedCalls|TestConservation|TestConservationOfRelatedCalls|TestSendsThroughIOURing|TestSendersInsideTheKernel|` +
		`TestConservationOfRequests|TestRequestsAndCallsShareTheirCPUs|TestSendsThatNoRecordedCallMadeAreCounted|TestRequestsExplainTheirSends)$`
)

func (j *job) encode() []byte {
	b, err := json.Marshal(j)
	if err != nil {
		panic(err) // it has only strings
	}
	return b
}

// commands returns what a guest runs: what the user asked for, or the tests,
// once for each tier, so that a tier that brings the guest down is named.
func (o *options) commands(m *machine) []command {
	env := []string{
		"SENDMSGREC_PROGRAM=" + path.Join(binDir, "sendmsgrec"),
		"SENDMSGREC_WORKLOAD=" + path.Join(binDir, "workload"),
		"SENDMSGREC_WORKLOAD32=" + path.Join(binDir, workload32),
	}
	if m.preempts {
		env = append(env, "SENDMSGREC_PREEMPTS=1")
	}
	if len(o.command) > 0 {
		return []command{{Name: strings.Join(o.command, " "), Args: o.command, Env: env}}
	}
	if o.instructions {
		args := []string{path.Join(binDir, benchProgram), "-programs", binDir, "-instructions", strings.Join(m.chosen(o.tiers), ",")}
		return []command{{Name: "instructions", Args: args, Env: env}}
	}
	var list []command
	tiers := m.chosen(o.tiers)
	for _, tier := range tiers {
		list = append(list, command{
			Name: tier,
			Args: []string{path.Join(binDir, testProgram), "-test.v", "-test.short", "-test.run", cmp.Or(o.run, m.testsOf(tier)),
				"-test.timeout", (o.timeout / time.Duration(len(tiers)+1)).String()},
			Env: append(slices.Clone(env), "SENDMSGREC_TIERS="+tier),
		})
	}
	return list
}

// runGuest boots the machine, lets it do its job and returns what it said.
func runGuest(o *options, m *machine, dir string, programs map[string]string) *report {
	if m.name == runningName {
		return runHost(o, m, programs)
	}
	r := &report{machine: m, single: len(o.command) > 0 || o.instructions}
	j := job{Commands: o.commands(m)}
	for _, c := range j.Commands {
		r.expected = append(r.expected, c.Name)
	}
	if len(j.Commands) == 0 {
		return r
	}
	initrd := filepath.Join(dir, m.name+".cpio")
	if r.err = makeInitrd(o, m, initrd, programs, &j); r.err != nil {
		return r
	}
	defer os.Remove(initrd)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	args := m.command(o.cache, initrd)
	if o.instructions {
		args = append(args, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1")
	} else {
		// Two processors, so that threads migrate; on one thread of the host,
		// since emulated on two of them one has run code that the other had
		// just changed (int3 where a tracepoint was attached, a panic).
		args = append(args, "-accel", "tcg,thread=single", "-smp", "2")
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	console, err := cmd.StdoutPipe()
	if err != nil {
		r.err = err
		return r
	}
	started := time.Now()
	if r.err = cmd.Start(); r.err != nil {
		return r
	}
	r.read(console, func(line string) {
		if o.verbose || r.single {
			printLine(m, line)
		}
	})
	r.err = cmd.Wait()
	if ctx.Err() != nil {
		r.err = fmt.Errorf("ended after %v: %w", o.timeout, ctx.Err())
	}
	r.took = time.Since(started)
	return r
}

var printing sync.Mutex

func printLine(m *machine, line string) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Printf("%s| %s\n", m.name, line)
}

// read takes in the console, line by line.
func (r *report) read(console io.Reader, each func(string)) {
	lines := bufio.NewReader(console)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" || err == nil {
			r.line(line)
			each(line)
		}
		if err != nil {
			return
		}
	}
}
