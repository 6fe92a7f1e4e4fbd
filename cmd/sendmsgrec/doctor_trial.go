package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// trialUID is the user of the trials where we are root: nobody, by custom.
const trialUID = 65534

// trials runs this program's record, briefly, as a user who has nothing but
// the capabilities that a trial gives it.
type trials struct {
	uid     int
	program *os.File
	whole   map[string]segment.Probe // by tier: what all capabilities give
}

// newTrials copies this program into memory: the original may lie where the
// trials' user may not go, and may have capabilities of its own, which the
// kernel would give to each trial.
func newTrials() (*trials, error) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("open this program: %w", err)
	}
	defer self.Close()
	fd, err := unix.MemfdCreate("sendmsgrec", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("copy this program: %w", err)
	}
	writable := os.NewFile(uintptr(fd), "copy of this program")
	defer writable.Close() // a file that is open for writing cannot be executed
	if _, err := io.Copy(writable, self); err != nil {
		return nil, fmt.Errorf("copy this program: %w", err)
	}
	program, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil, fmt.Errorf("open the copy of this program: %w", err)
	}
	uid := os.Geteuid()
	if uid == 0 {
		uid = trialUID
	}
	return &trials{uid: uid, program: program, whole: map[string]segment.Probe{}}, nil
}

func (t *trials) close() error { return t.program.Close() }

// errLess says that a trial recorded, but less than one with all capabilities.
var errLess = errors.New("records less")

// record reports why a tier cannot record with these capabilities as it does
// with all; nil when it can. The first trial of a tier is that with all.
func (t *trials) record(ctx context.Context, tier string, set []capability) error {
	probe, err := t.run(ctx, tier, set)
	if err != nil {
		return err
	}
	whole, known := t.whole[tier]
	if !known {
		t.whole[tier] = probe
		return nil
	}
	for _, what := range slices.Sorted(maps.Keys(probe.Unavailable)) {
		if _, always := whole.Unavailable[what]; !always {
			return fmt.Errorf("%w: %s is unavailable: %s", errLess, what, probe.Unavailable[what])
		}
	}
	if probe.Build != whole.Build || !slices.Equal(probe.Hooks, whole.Hooks) {
		return fmt.Errorf("%w: %s build with %s", errLess, probe.Build, strings.Join(probe.Hooks, ", "))
	}
	return nil
}

// run makes a recording of a moment, whose header says what was watched.
func (t *trials) run(ctx context.Context, tier string, set []capability) (segment.Probe, error) {
	// Descriptor 3 in the child.
	cmd := exec.CommandContext(ctx, "/proc/self/fd/3", "record", "--quiet", "--output", "-", "--probe", tier, "--duration", "1ms")
	cmd.ExtraFiles = []*os.File{t.program}
	var recording, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &recording, &failure
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	for _, c := range set {
		cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, uintptr(c))
	}
	if t.uid != os.Geteuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(t.uid), Gid: uint32(t.uid)}
	}
	if err := cmd.Run(); err != nil {
		if why := trialFailure(failure.String()); why != "" {
			return segment.Probe{}, errors.New(why)
		}
		return segment.Probe{}, fmt.Errorf("start a trial as uid %d: %w", t.uid, err)
	}
	r, err := segment.NewStreamReader(&recording)
	if err != nil {
		return segment.Probe{}, fmt.Errorf("read a trial's recording: %w", err)
	}
	defer r.Close()
	return r.Header().Probe, nil
}

// trialFailure is what a trial says on standard error, without what is the same
// in all of them.
func trialFailure(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimPrefix(line, "sendmsgrec: ")
	line = strings.TrimSuffix(strings.TrimSuffix(line, privilegeAdvice), forbiddenAdvice)
	if _, why, ok := strings.Cut(line, "probe tier "); ok {
		_, line, _ = strings.Cut(why, ": ")
	}
	return line
}
