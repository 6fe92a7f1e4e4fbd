package main

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// nativeCases are cases as 64-bit programs make them.
func nativeCases(cases ...[]scripted) []scripted {
	if bits.UintSize == 32 {
		return nil
	}
	return slices.Concat(cases...)
}

// foreignCases are cases made by callers of every other ABI.
func foreignCases(cases []scripted) []scripted {
	var list []scripted
	for _, a := range foreignABIs() {
		for _, c := range cases {
			if a.takes(c.name) {
				list = append(list, scripted{c.name + ", " + a.name, a.run(c.run)})
			}
		}
	}
	return list
}

// takes reports whether the ABI can make a case's calls.
func (a *callerABI) takes(name string) bool {
	switch {
	case strings.Contains(name, "2^63"): // no number of 32 bits
		return false
	case strings.HasPrefix(name, "sendfile"):
		return a.sendfile
	}
	// The numbers that came later are those of two calls.
	return !a.later || strings.HasPrefix(name, "recvmmsg") || strings.HasPrefix(name, "sendfile")
}

// run makes a case's calls by this ABI, from memory that it can address.
func (a *callerABI) run(f func(*thread) error) func(*thread) error {
	return func(t *thread) error {
		if !a.alive() {
			return errAbsent
		}
		low, err := newLowArena(4 << 20)
		if err != nil {
			return err
		}
		defer low.free()
		high := t.arena
		t.arena, t.abi = low, a
		defer func() { t.arena, t.abi = high, native }()
		return f(t)
	}
}

// expectResult compares the result of a call that is to give no event.
func expectResult(ret, want int64) error {
	if ret != want {
		return fmt.Errorf("result %d, expected %d", ret, want)
	}
	return nil
}
