package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/record"
)

// newDoctorCommand returns `sendmsgrec doctor`.
func newDoctorCommand() *cobra.Command {
	var asJSON, caps bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what can be recorded on this machine, and why not",
		Long: `Try, one by one, what the recorder needs of this kernel and of these privileges,
by loading and attaching it, and say what works, what does not and why. Nothing
stays behind.

--caps finds, for each probe tier, the least capabilities with which a user who
is not root records all that root does: it makes a recording of a moment again
and again, each time with other capabilities, until none of them can be left
out. It says what fails without each, and the command that gives them to this
program's file. Whoever may execute that file then may record.`,
		Example: `  sudo sendmsgrec doctor
  sudo sendmsgrec doctor --caps
  sudo sendmsgrec doctor --json | jq '.checks[] | select(.state != "yes")'`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if caps {
				return runDoctorCaps(cmd.Context(), cmd.OutOrStdout(), asJSON)
			}
			return runDoctor(cmd.Context(), cmd.OutOrStdout(), asJSON, func() ([]bpf.Check, string) {
				checks, tier := bpf.Doctor()
				return append(checks, checkThreads(record.ChangesAllThreads())), tier
			})
		},
	}
	cmd.Flags().BoolVar(&caps, "caps", false, "find the least capabilities that suffice to record")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return document(cmd, exitFailedText, exitUsageText, exitUnsupportedText)
}

// doctorReport is the output of doctor --json.
type doctorReport struct {
	Kernel       string          `json:"kernel"`
	Machine      string          `json:"machine"`
	CPUs         int             `json:"cpus"`
	UID          int             `json:"uid"`
	Capabilities map[string]bool `json:"capabilities"` // those that matter here, whether effective
	CanRecord    bool            `json:"can_record"`
	Probe        string          `json:"probe,omitempty"` // the tier that record takes
	Checks       []bpf.Check     `json:"checks"`
}

// runDoctor prints what the checks found; without an error recording works.
func runDoctor(_ context.Context, stdout io.Writer, asJSON bool, doctor func() ([]bpf.Check, string)) error {
	p := doctorReport{
		Kernel:       firstLine("/proc/sys/kernel/osrelease"),
		Machine:      runtime.GOARCH,
		CPUs:         runtime.NumCPU(),
		UID:          os.Geteuid(),
		Capabilities: effectiveCapabilities(),
	}
	p.Checks, p.Probe = doctor()
	p.CanRecord = p.Probe != ""
	for _, c := range p.Checks {
		if c.Required && c.State == bpf.StateNo {
			p.CanRecord = false
		}
	}
	var err error
	if asJSON {
		err = writeJSON(stdout, p)
	} else {
		err = p.writeText(stdout, newPalette(stdout))
	}
	if err != nil {
		return err
	}
	if !p.CanRecord {
		return withCode(exitUnsupported, errors.New("recording is not possible here; the hints above say what would help"))
	}
	return nil
}

func (p *doctorReport) writeText(w io.Writer, c palette) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "kernel %s %s, %d CPUs, uid %d\n\n", p.Kernel, p.Machine, p.CPUs, p.UID)
	rows := p.capabilityChecks()
	rows = append(rows, p.Checks...)
	width := 0
	for _, check := range rows {
		width = max(width, len(check.Name))
	}
	for _, check := range rows {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%-7s  %-*s  %s", check.State, width, check.Name, doctorDetail(check)), " "))
	}
	fmt.Fprintln(&b)
	if p.CanRecord {
		fmt.Fprintln(&b, c.good("recording works here, with the "+p.Probe+" tier"))
	} else {
		fmt.Fprintln(&b, c.bad("recording does not work here"))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// capabilityChecks returns the capabilities in the form of the checks, for the
// text.
func (p *doctorReport) capabilityChecks() []bpf.Check {
	var checks []bpf.Check
	for _, name := range slices.Sorted(maps.Keys(p.Capabilities)) {
		state := bpf.StateNo
		if p.Capabilities[name] {
			state = bpf.StateYes
		}
		// CAP_SYS_ADMIN stands for the two others.
		required := name != "CAP_SYS_ADMIN" && !p.Capabilities["CAP_SYS_ADMIN"]
		checks = append(checks, bpf.Check{Name: name, State: state, Required: required})
	}
	return checks
}

// doctorDetail says why, what would help, and whether it matters.
func doctorDetail(check bpf.Check) string {
	parts := []string{}
	if check.State != bpf.StateYes {
		if check.Required {
			parts = append(parts, "required")
		} else {
			parts = append(parts, "not needed")
		}
	}
	if check.Detail != "" {
		parts = append(parts, check.Detail)
	}
	if check.Hint != "" && check.State != bpf.StateYes {
		parts = append(parts, "hint: "+check.Hint)
	}
	return strings.Join(parts, "; ")
}

// checkThreads is about this build: it is not the kernel's fault when a recorder
// keeps more than it needs.
func checkThreads(can bool) bpf.Check {
	check := bpf.Check{Name: "privileges given up after attaching", State: bpf.StateYes}
	if !can {
		check.State = bpf.StateNo
		check.Detail = "a build with cgo cannot change all its threads, keeps its capabilities and wakes up more often"
		check.Hint = "build with CGO_ENABLED=0, as make build does"
	}
	return check
}

// firstLine returns the first line of a file, "unknown" when it is unreadable.
func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// effectiveCapabilities says which of the capabilities that matter to the
// recorder this process has; nil where the kernel does not tell.
func effectiveCapabilities() map[string]bool {
	mask, _, err := bpf.Capabilities()
	if err != nil {
		return nil
	}
	has := map[string]bool{}
	for _, c := range []capability{unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_ADMIN} {
		has[c.String()] = mask>>c&1 == 1
	}
	return has
}
