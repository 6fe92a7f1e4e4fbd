//go:build privileged

package bpf

import "testing"

// maxVerified is how many instructions the verifier may walk in one program
// here. It is most of the time that a recorder takes to start; a loop that it
// walks turn by turn, in each program that has it, multiplies it.
const maxVerified = 80_000

func TestVerifierWork(t *testing.T) {
	tested := 0
	for _, tier := range Tiers() {
		for _, c := range []struct {
			name string
			cfg  Config
		}{
			{"as by default", Config{Tier: tier}},
			{"all that can be recorded", Config{Tier: tier, Calls: CallNames(), Paths: []string{PathsAll}}},
		} {
			p, err := Open(c.cfg)
			if err != nil {
				t.Log(err) // a tier that this kernel does not have
				continue
			}
			tested++
			t.Run(tier+"/"+c.name, func(t *testing.T) {
				defer p.Close()
				for _, f := range p.failures {
					if isVerifierError(f.Err) {
						t.Errorf("the %s build was refused, and a slower one took its place: %v", f.Build, f.Err)
					}
				}
				sum := uint32(0)
				for name, program := range p.programs.Programs {
					info, err := program.Info()
					if err != nil {
						t.Fatal(err)
					}
					n, ok := info.VerifiedInstructions()
					if !ok {
						t.Fatal("this kernel does not say what it verified")
					}
					if sum += n; n > maxVerified {
						t.Errorf("%s: %d instructions verified, at most %d are wanted", name, n, maxVerified)
					}
					if testing.Verbose() {
						t.Logf("%6d %s", n, name)
					}
				}
				t.Logf("%d instructions in all", sum)
			})
		}
	}
	if tested == 0 {
		t.Error("no tier could be opened")
	}
}
