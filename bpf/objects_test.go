package bpf

import (
	"slices"
	"testing"
)

// The maps that a program uses are known from its instructions. One that was
// dropped with the calls that are not recorded would be missed only when the
// kernel is asked to load the program, on a machine where the tier loads.
func TestProgramsUseOnlyMapsThatAreLoaded(t *testing.T) {
	for _, c := range candidates {
		t.Run(c.tier+" "+c.build, func(t *testing.T) {
			object, err := loadObject(c.tier, c.build)
			if err != nil {
				t.Fatal(err)
			}
			var hooked []call
			for _, k := range calls {
				if object.Programs[k.enterProgram()] != nil {
					hooked = append(hooked, k)
				}
			}
			for choice := 1; choice < 1<<len(hooked); choice++ {
				var names []string
				for i := range hooked {
					if choice>>i&1 == 1 {
						names = append(names, hooked[i].name)
					}
				}
				chosen, err := chosenCalls(names)
				if err != nil {
					t.Fatal(err)
				}
				spec := object.Copy()
				cfg := Config{RootPID: 1}
				if err := cfg.prepare(spec, chosen, 1, true, 1, MinRingBytes); err != nil {
					t.Fatalf("%v: %v", names, err)
				}
				for _, k := range hooked {
					recorded := slices.Contains(names, k.name)
					for _, name := range []string{k.enterProgram(), k.exitProgram()} {
						if (spec.Programs[name] != nil) != recorded {
							t.Errorf("%v: %s is loaded: %v", names, name, !recorded)
						}
					}
				}
				for name, program := range spec.Programs {
					for _, ins := range program.Instructions {
						if m := ins.Reference(); ins.IsLoadFromMap() && spec.Maps[m] == nil {
							t.Errorf("%v: %s uses %s, which is not loaded", names, name, m)
						}
					}
				}
			}
		})
	}
}
