package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEveryCapabilityHasItsName(t *testing.T) {
	for c := range capability(unix.CAP_LAST_CAP + 1) {
		if !strings.HasPrefix(c.String(), "CAP_") || strings.ContainsAny(c.String(), "0123456789") {
			t.Errorf("capability %d is called %q", int(c), c)
		}
	}
	if got := capability(unix.CAP_LAST_CAP + 1).String(); got != "CAP_41" {
		t.Errorf("the first that is not known is called %q", got)
	}
}

// fakeHost needs these capabilities of a tier; a tier that is missing does not
// work.
type fakeHost map[string][]capability

func (h fakeHost) record(tier string, set []capability) error {
	needs, works := h[tier]
	if !works {
		return errors.New("no such hooks")
	}
	for _, c := range needs {
		if !slices.Contains(set, c) && !slices.Contains(set, unix.CAP_SYS_ADMIN) {
			return errors.New("no " + c.String())
		}
	}
	return nil
}

func TestWhatATierNeedsIsFound(t *testing.T) {
	all := append(slices.Clone(harmlessFirst), unix.CAP_SYS_NICE, unix.CAP_SYS_ADMIN)
	host := fakeHost{"kprobe": {unix.CAP_PERFMON, unix.CAP_DAC_OVERRIDE, unix.CAP_BPF}, "tracepoint": {}}
	p := findCaps(all, "/opt/it's/sendmsgrec", host.record)
	p.UID = 1000
	var out bytes.Buffer
	if err := p.writeText(&out, palette{}); err != nil {
		t.Fatal(err)
	}
	want := `the least capabilities with which uid 1000 records here, found by trying

fentry tier: does not work: no such hooks

kprobe tier, which record takes
  CAP_BPF              load programs and make maps
                       without it: no CAP_BPF
  CAP_PERFMON          attach to the kernel's hooks and read its memory
                       without it: no CAP_PERFMON
  CAP_DAC_OVERRIDE     write to tracefs, which belongs to root, to make kprobe events
                       without it: no CAP_DAC_OVERRIDE
  setcap cap_bpf,cap_perfmon,cap_dac_override=ep '/opt/it'\''s/sendmsgrec'

tracepoint tier
  none
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	if p.Probe != "kprobe" || len(p.Tiers) != 3 || p.Tiers[0].Works || p.Tiers[2].Grant != "" {
		t.Errorf("%+v", p)
	}
}

func TestTheReasonOfATrialIsTheKernels(t *testing.T) {
	for text, want := range map[string]string{
		"sendmsgrec: attach probes: not permitted: probe tier tracepoint: open tracefs: operation not permitted" + privilegeAdvice + "\n": "open tracefs: operation not permitted",
		"sendmsgrec: attach probes: not permitted: probe tier fentry: load program: operation not permitted" + forbiddenAdvice + "\n":     "load program: operation not permitted",
		"sendmsgrec: write segment: no space left on device\n":                                                                            "write segment: no space left on device",
		"": "",
	} {
		if got := trialFailure(text); got != want {
			t.Errorf("of %q remains %q", text, got)
		}
	}
}
