package bpf

import (
	"fmt"
	"slices"
)

// call is one of the calls that can be recorded, and where the tiers find it.
type call struct {
	name     string
	number   int    // enum event_call
	syscall  string // its name in the tracepoints sys_enter_* and sys_exit_*
	function string // behind it, or its own entry, for the tiers that hook functions
	// compat are further functions that only callers of other ABIs enter.
	compat []hook
	// kprobe: it is seen by a kprobe on the function, whatever the tier.
	kprobe bool
}

// calls are all that can be recorded. The first is the default.
var calls = []call{
	{name: "sendmsg", number: 1, syscall: "sendmsg", function: "__sys_sendmsg"},
	{name: "sendmmsg", number: 2, syscall: "sendmmsg", function: "__sys_sendmmsg"},
	{name: "sendto", number: 3, syscall: "sendto", function: "__sys_sendto"},
	{name: "recvmsg", number: 4, syscall: "recvmsg", function: "__sys_recvmsg"},
	{name: "recvmmsg", number: 5, syscall: "recvmmsg", function: recvmmsgFunction, compat: recvmmsgCompat},
	{name: "recvfrom", number: 6, syscall: "recvfrom", function: "__sys_recvfrom"},
	{name: "sendfile", number: 7, syscall: "sendfile64", function: sendfileFunction, compat: sendfileCompat},
}

// hook is a place where the programs enter_NAME and exit_NAME see calls.
type hook struct {
	name  string // of the programs
	place string // the function, or the system call's name in the tracepoints
	// kprobe: attached as one, whatever the tier.
	kprobe bool
}

func (h *hook) enterProgram() string { return "enter_" + h.name }
func (h *hook) exitProgram() string  { return "exit_" + h.name }

// program returns the name of one of the two.
func (h *hook) program(exit bool) string {
	if exit {
		return h.exitProgram()
	}
	return h.enterProgram()
}

// hook returns where a tier sees the call of 64-bit callers.
func (c *call) hook(tier string) *hook {
	switch {
	case tier == TierTracepoint:
		return &hook{name: c.name, place: c.syscall}
	case c.kprobe:
		return &hook{name: c.name + kprobeSuffix, place: c.function, kprobe: true}
	}
	return &hook{name: c.name, place: c.function}
}

// kprobeSuffix ends the names of the fentry tier's programs for kprobes.
const kprobeSuffix = "_kprobe"

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
