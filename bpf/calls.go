package bpf

import "fmt"

// call is one of the calls that can be recorded, and where the tiers find it.
// Each tier's object has the programs enter_NAME and exit_NAME for it.
type call struct {
	name string // of the system call; the tracepoints are sys_enter_NAME and sys_exit_NAME
}

// calls are all that can be recorded. The first is the default.
var calls = []call{
	{name: "sendmsg"},
}

func (c *call) enterProgram() string { return "enter_" + c.name }
func (c *call) exitProgram() string  { return "exit_" + c.name }

// chosenCalls returns the calls with these names; without names the default.
func chosenCalls(names []string) ([]call, error) {
	if len(names) == 0 {
		return calls[:1], nil
	}
	var chosen []call
	for _, c := range calls {
		for _, name := range names {
			if name == c.name {
				chosen = append(chosen, c)
				break
			}
		}
	}
	for _, name := range names {
		known := false
		for i := range calls {
			known = known || calls[i].name == name
		}
		if !known {
			return nil, fmt.Errorf("no call %q that can be recorded", name)
		}
	}
	return chosen, nil
}
