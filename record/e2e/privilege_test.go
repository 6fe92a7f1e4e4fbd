//go:build privileged

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// leastCaps is `doctor --caps --json`.
type leastCaps struct {
	UID   int
	Probe string
	Tiers []tierCaps
}

type tierCaps struct {
	Tier         string
	Works        bool
	Grant        string
	Capabilities []struct{ Name, Without string }
}

// capabilityNumbers are those that the tests have met.
var capabilityNumbers = map[string]uintptr{
	"CAP_BPF": unix.CAP_BPF, "CAP_PERFMON": unix.CAP_PERFMON, "CAP_SYS_ADMIN": unix.CAP_SYS_ADMIN,
	"CAP_DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH, "CAP_DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "CAP_SYS_RESOURCE": unix.CAP_SYS_RESOURCE,
}

// unprivileged is a user who is not root and has no group of ours.
const unprivileged = 65534

// asUser returns a command that runs as a user who has just these capabilities.
func asUser(caps []uintptr, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivileged, Gid: unprivileged}, AmbientCaps: caps}
	return cmd
}

// findLeast runs doctor --caps.
func findLeast(t *testing.T, cmd *exec.Cmd) leastCaps {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, &errs)
	}
	var l leastCaps
	if err := json.Unmarshal(out, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTheLeastCapabilitiesSuffice records as a user who is not root with what
// doctor --caps finds: it suffices, nothing of it can be left out, and all of it
// is given up as soon as the probes are attached.
func TestTheLeastCapabilitiesSuffice(t *testing.T) {
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, output := filepath.Join(dir, "sendmsgrec"), filepath.Join(dir, "out")
	b, err := os.ReadFile(sendmsgrec)
	if err == nil {
		err = os.WriteFile(program, b, 0o755)
	}
	if err == nil {
		err = os.Mkdir(output, 0o755)
	}
	if err == nil {
		err = os.Chown(output, unprivileged, unprivileged)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := findLeast(t, exec.Command(program, "doctor", "--caps", "--json"))
	if found.UID != unprivileged || found.Probe == "" {
		t.Fatalf("%+v", found)
	}
	for _, tier := range found.Tiers {
		if !tier.Works {
			continue
		}
		var caps []uintptr
		for _, c := range tier.Capabilities {
			n, ok := capabilityNumbers[c.Name]
			if !ok || c.Without == "" {
				t.Fatalf("%s needs %s; without it: %q", tier.Tier, c.Name, c.Without)
			}
			caps = append(caps, n)
		}
		t.Run(tier.Tier, func(t *testing.T) {
			path := filepath.Join(output, tier.Tier+".smr")
			args := append([]string{"record", "-q", "-o", path}, probe(tier.Tier)...)
			records := func(t *testing.T, cmd *exec.Cmd) {
				t.Helper()
				var out, errs bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &errs
				if err := cmd.Run(); err != nil {
					t.Fatalf("%v\n%s", err, &errs)
				}
				if l := decodeLoad(t, out.String()); l.Calls != 100 || countByPID(t, path)[l.PID] != 100 {
					t.Errorf("%d calls, recorded %v", l.Calls, countByPID(t, path))
				}
				readInfo(t, path)
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			command := slices.Concat(args, []string{"--", workload, "load", "-n", "100"})
			t.Run("it records with them", func(t *testing.T) { records(t, asUser(caps, program, command...)) })
			t.Run("it gives them up when it has attached", func(t *testing.T) {
				cmd := asUser(caps, program, args...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				waitFor(t, "the recorder to have no capabilities", func() bool { return capabilitySets(t, cmd.Process.Pid) == "" })
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Wait(); err != nil {
					t.Error(err)
				}
				readInfo(t, path)
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			})
			for i, c := range tier.Capabilities {
				t.Run("not without "+c.Name, func(t *testing.T) {
					cmd := asUser(slices.Delete(slices.Clone(caps), i, i+1), program, command...)
					out, err := cmd.CombinedOutput()
					if err == nil || cmd.ProcessState.ExitCode() != 4 || !strings.Contains(string(out), "doctor --caps") {
						t.Errorf("ended with %v\n%s", err, out)
					}
					if _, err := os.Stat(path); err == nil {
						t.Error("a file was left behind")
					}
				})
			}
			t.Run("the command that grants them does", func(t *testing.T) {
				must(t, 0, "sh", "-c", tier.Grant)
				records(t, asUser(nil, program, command...))
				again := findLeast(t, asUser(nil, program, "doctor", "--caps", "--json"))
				i := slices.IndexFunc(again.Tiers, func(o tierCaps) bool { return o.Tier == tier.Tier })
				if again.Tiers[i].Grant != tier.Grant {
					t.Errorf("the user finds %q, root %q", again.Tiers[i].Grant, tier.Grant)
				}
			})
		})
	}
}

// capabilitySets returns the sets of a process that are not empty, but for the
// bounding set, which gives nothing.
func capabilitySets(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var sets []string
	for line := range strings.Lines(string(text)) {
		if set, ok := strings.CutPrefix(line, "Cap"); ok && !strings.HasPrefix(set, "Bnd") && strings.Trim(set[4:], "\t 0\n") != "" {
			sets = append(sets, set)
		}
	}
	return strings.Join(sets, "")
}
