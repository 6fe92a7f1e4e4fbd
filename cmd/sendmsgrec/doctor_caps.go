package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/bpf"
)

// capsReport is the output of doctor --caps --json.
type capsReport struct {
	UID   int        `json:"uid"`             // of those who tried
	Probe string     `json:"probe,omitempty"` // the tier that record takes
	Tiers []tierCaps `json:"tiers"`
}

// tierCaps says what a tier needs.
type tierCaps struct {
	Tier         string             `json:"tier"`
	Works        bool               `json:"works"` // with all capabilities
	Reason       string             `json:"reason,omitempty"`
	Capabilities []neededCapability `json:"capabilities,omitempty"`
	Grant        string             `json:"grant,omitempty"` // the command that gives them to this program
}

// neededCapability is one that cannot be left out.
type neededCapability struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose,omitempty"`
	Without string `json:"without"` // what fails when it is left out
}

// runDoctorCaps prints the least capabilities of each tier.
func runDoctorCaps(ctx context.Context, stdout io.Writer, asJSON bool) (err error) {
	t, err := newTrials()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	p := findCaps(permittedCapabilities(), program, func(tier string, set []capability) error { return t.record(ctx, tier, set) })
	if err := ctx.Err(); err != nil {
		return err
	}
	p.UID = t.uid
	if asJSON {
		err = writeJSON(stdout, p)
	} else {
		err = p.writeText(stdout, newPalette(stdout))
	}
	if err == nil && p.Probe == "" {
		err = withCode(exitUnsupported, errors.New("no tier records here with the capabilities of this process (hint: run this as root)"))
	}
	return err
}

// findCaps finds for each tier the least of the capabilities with which it
// records. record says why it does not.
func findCaps(all []capability, program string, record func(tier string, set []capability) error) *capsReport {
	p := &capsReport{}
	for _, tier := range bpf.Tiers() {
		c := tierCaps{Tier: tier}
		if err := record(tier, all); err != nil {
			c.Reason = err.Error()
			p.Tiers = append(p.Tiers, c)
			continue
		}
		c.Works = true
		if p.Probe == "" {
			p.Probe = tier
		}
		set := least(all, func(set []capability) bool { return record(tier, set) == nil })
		for _, needed := range set {
			c.Capabilities = append(c.Capabilities, neededCapability{
				Name: needed.String(), Purpose: capabilityPurposes[needed],
				Without: failureWithout(needed, all, set, func(set []capability) error { return record(tier, set) }),
			})
		}
		c.Grant = grantCommand(set, program)
		p.Tiers = append(p.Tiers, c)
	}
	return p
}

// failureWithout says what fails without a capability. That is best seen with
// all others; where another stands for it, with the others of the least set.
func failureWithout(needed capability, all, set []capability, record func([]capability) error) string {
	for _, others := range [][]capability{all, set} {
		others = slices.DeleteFunc(slices.Clone(others), func(c capability) bool { return c == needed })
		if err := record(others); err != nil {
			return err.Error()
		}
	}
	return ""
}

// grantCommand gives the capabilities to whoever runs the program; "" when there
// are none to give.
func grantCommand(set []capability, program string) string {
	if len(set) == 0 {
		return ""
	}
	var names []string
	for _, c := range set {
		names = append(names, strings.ToLower(c.String()))
	}
	return "setcap " + strings.Join(names, ",") + "=ep " + shellQuote(program)
}

func (p *capsReport) writeText(w io.Writer, c palette) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "the least capabilities with which uid %d records here, found by trying\n", p.UID)
	for _, t := range p.Tiers {
		title := t.Tier + " tier"
		if t.Tier == p.Probe {
			title += ", which record takes"
		}
		if !t.Works {
			fmt.Fprintf(&b, "\n%s: %s: %s\n", title, c.bad("does not work"), t.Reason)
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", c.good(title))
		if len(t.Capabilities) == 0 {
			fmt.Fprintln(&b, "  none")
		}
		for _, n := range t.Capabilities {
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %-20s %s", n.Name, n.Purpose), " "))
			fmt.Fprintf(&b, "  %-20s %s\n", "", c.faint("without it: "+n.Without))
		}
		if t.Grant != "" {
			fmt.Fprintf(&b, "  %s\n", t.Grant)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
