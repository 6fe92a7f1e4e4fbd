package bpf

import (
	"fmt"
	"slices"
)

// call is one of the calls that can be recorded, and where the tiers find it.
// Each tier's object has the programs enter_NAME and exit_NAME for it.
type call struct {
	name     string
	syscall  string // its name in the tracepoints sys_enter_* and sys_exit_*
	function string // behind it, for the tiers that hook functions; "" is none
}

// calls are all that can be recorded. The first is the default.
var calls = []call{
	{name: "sendmsg", syscall: "sendmsg", function: "__sys_sendmsg"},
	{name: "sendmmsg", syscall: "sendmmsg", function: "__sys_sendmmsg"},
	{name: "sendto", syscall: "sendto", function: "__sys_sendto"},
	{name: "recvmsg", syscall: "recvmsg", function: "__sys_recvmsg"},
	{name: "recvmmsg", syscall: "recvmmsg", function: "__sys_recvmmsg"},
	{name: "recvfrom", syscall: "recvfrom", function: "__sys_recvfrom"},
	{name: "sendfile", syscall: "sendfile64"},
}

// CallNames returns the names of all calls that can be recorded, the default
// first.
func CallNames() []string { return namesOf(calls) }

func namesOf(list []call) []string {
	var names []string
	for i := range list {
		names = append(names, list[i].name)
	}
	return names
}

func (c *call) enterProgram() string { return "enter_" + c.name }
func (c *call) exitProgram() string  { return "exit_" + c.name }

// chosenCalls returns the calls with these names, in the order of the table;
// without names the default.
func chosenCalls(names []string) ([]call, error) {
	if len(names) == 0 {
		return calls[:1], nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(calls, func(c call) bool { return c.name == name }) {
			return nil, fmt.Errorf("no call %q that can be recorded", name)
		}
	}
	var chosen []call
	for _, c := range calls {
		if slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}
