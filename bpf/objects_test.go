package bpf

import "testing"

// What a probe asks its object for is known without a kernel. A program that a
// tier lacks, or that uses a map which is not there, would be missed only on a
// machine where that tier loads.
func TestObjectsHaveWhatAnyChoiceOfCallsAsksFor(t *testing.T) {
	for _, c := range candidates {
		t.Run(c.tier+" "+c.build, func(t *testing.T) {
			object, err := loadObject(c.tier, c.build)
			if err != nil {
				t.Fatal(err)
			}
			if c.tier == TierFentry && object.Programs["enter_recvmmsg"+kprobeSuffix] == nil {
				t.Error("no kprobe for recvmmsg where it cannot be attached to by name")
			}
			for choice := 1; choice < 1<<len(calls); choice++ {
				p := &Probe{candidate: c, abis: abis{compat32: true, x32: true}, sends: errNotCounted}
				for i := range calls {
					if choice>>i&1 == 1 {
						p.calls = append(p.calls, calls[i])
					}
				}
				if err := p.choosePaths([]string{PathCompat}); err != nil {
					t.Fatal(err)
				}
				wanted := p.wanted(true)
				for _, h := range p.callHooks() {
					for _, name := range []string{h.enterProgram(), h.exitProgram()} {
						if object.Programs[name] == nil || !wanted[name] {
							t.Errorf("%v: no program %s, or it is not wanted", namesOf(p.calls), name)
						}
					}
				}
				for name := range wanted {
					program := object.Programs[name]
					if program == nil {
						continue
					}
					for _, ins := range program.Instructions {
						if m := ins.Reference(); ins.IsLoadFromMap() && object.Maps[m] == nil {
							t.Errorf("%v: %s uses %s, which is not there", namesOf(p.calls), name, m)
						}
					}
				}
			}
		})
	}
}
