package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

func TestTheBestTierThatWorksIsChosen(t *testing.T) {
	var (
		forbidden = fmt.Errorf("load program: %w", unix.EPERM)
		missing   = fmt.Errorf("no such kfunc: %w", ebpf.ErrNotSupported)
		refused   = fmt.Errorf("load program: %w", &ebpf.VerifierError{Cause: unix.EACCES, Log: []string{"R2 unbounded"}})
		silent    = errors.New("self test: 0 of 2 calls were recorded")
	)
	all := func(err error) map[string]error {
		m := map[string]error{}
		for _, c := range candidates {
			m[c.tier+" "+c.build] = err
		}
		return m
	}
	for _, c := range []struct {
		name, tier string
		fails      map[string]error // by tier and build
		chosen     string
		tried      int
		kind       error
		reason     string // part of what is said of fentry
	}{
		{name: "everything works", tier: TierAuto, chosen: "fentry typed", tried: 1},
		{name: "no tier named is auto", chosen: "fentry typed", tried: 1},
		{name: "the typed build does not load", tier: TierAuto, fails: map[string]error{"fentry typed": missing},
			chosen: "fentry mixed", tried: 2, reason: "no such kfunc"},
		{name: "only the portable build loads", tier: TierAuto, fails: map[string]error{"fentry typed": missing, "fentry mixed": refused},
			chosen: "fentry portable", tried: 3, reason: "typed build: no such kfunc: not supported; mixed build: load program"},
		{name: "a hook that cannot be had is tried once", tier: TierAuto, fails: map[string]error{"fentry typed": hookError{missing}},
			chosen: "kprobe typed", tried: 2, reason: "no such kfunc"},
		{name: "what is forbidden is not tried in the other build", tier: TierAuto, fails: map[string]error{"fentry typed": forbidden},
			chosen: "kprobe typed", tried: 2, reason: "operation not permitted"},
		{name: "a refusal by the verifier is none of permission", tier: TierAuto, fails: map[string]error{"fentry typed": refused},
			chosen: "fentry mixed", tried: 2, reason: "R2 unbounded"},
		{name: "a hook that shows nothing is passed over", tier: TierAuto,
			fails:  map[string]error{"fentry typed": silent, "fentry mixed": silent, "fentry portable": silent},
			chosen: "kprobe typed", tried: 4, reason: "0 of 2 calls"},
		{name: "a tier whose programs are preempted is tried once", tier: TierAuto, fails: map[string]error{"fentry typed": fmt.Errorf("self test: %w", preemptedError{3, 900})},
			chosen: "kprobe typed", tried: 2, reason: "3 of 900 calls"},
		{name: "an asked tier is the only one tried", tier: TierKprobe, chosen: "kprobe typed", tried: 1},
		{name: "an asked tier that fails is an error", tier: TierKprobe,
			fails: map[string]error{"kprobe typed": missing, "kprobe mixed": missing, "kprobe portable": missing}, tried: 3, kind: ErrUnsupported},
		{name: "nothing is permitted", tier: TierAuto, fails: all(forbidden), tried: 3, kind: ErrPrivilege, reason: "not permitted"},
		{name: "nothing loads", tier: TierAuto, fails: all(missing), tried: 9, kind: ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tried []string
			chosen, failures, err := choose(c.tier, func(k candidate) (string, error) {
				name := k.tier + " " + k.build
				tried = append(tried, name)
				return name, c.fails[name]
			})
			if (err == nil) != (c.chosen != "") || err == nil && chosen != c.chosen || len(tried) != c.tried {
				t.Errorf("chose %q after %v: %v", chosen, tried, err)
			}
			if c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("error %v is not %v", err, c.kind)
			}
			if why := reasons(failures)["fentry"]; !strings.Contains(why, c.reason) || c.reason == "" && c.chosen != "" && why != "" {
				t.Errorf("fentry failed because of %q", why)
			}
		})
	}
}

func TestATierThatDoesNotExist(t *testing.T) {
	_, _, err := choose("uprobe", func(candidate) (int, error) { return 0, nil })
	if err == nil || !strings.Contains(err.Error(), "fentry, kprobe, tracepoint") {
		t.Errorf("error %v", err)
	}
}

func TestOnlyEventsOfDeadRecordersAreStale(t *testing.T) {
	lives := func(pid int) bool { return pid == 7 }
	var stale []string
	for _, line := range []string{
		"p:sendmsgrec_7/enter_sendmsg __sys_sendmsg\n",
		"r4096:sendmsgrec_8/exit_sendmsg __sys_sendmsg\n",
		"p:sendmsgrec_8/enter_sendmsg_1 __sys_sendmsg",
		"p:kprobes/mine __sys_sendmsg\n",
		"p:sendmsgrec_x/mine __sys_sendmsg\n",
		"\n",
	} {
		if name := staleEvent(line, lives); name != "" {
			stale = append(stale, name)
		}
	}
	if want := []string{"sendmsgrec_8/exit_sendmsg", "sendmsgrec_8/enter_sendmsg_1"}; !slices.Equal(stale, want) {
		t.Errorf("stale are %q, want %q", stale, want)
	}
}

func TestEveryCallCanBeTried(t *testing.T) {
	for _, name := range CallNames() {
		if trialCalls[name] == 0 {
			t.Errorf("%s: no number in trialCalls", name)
		}
	}
}
