package main

import (
	"slices"
	"testing"
)

func TestLeast(t *testing.T) {
	has := func(set []int, all ...int) bool {
		return !slices.ContainsFunc(all, func(n int) bool { return !slices.Contains(set, n) })
	}
	var hundred []int
	for n := range 100 {
		hundred = append(hundred, n)
	}
	for _, c := range []struct {
		name     string
		suffices func([]int) bool
		want     []int
		asked    int // at most so often
	}{
		{"nothing is needed", func([]int) bool { return true }, nil, 1},
		{"the first", func(s []int) bool { return has(s, 0) }, []int{0}, 5},
		{"the last", func(s []int) bool { return has(s, 99) }, []int{99}, 22},
		{"two that stand far apart", func(s []int) bool { return has(s, 3, 98) }, []int{3, 98}, 30},
		{"all of the first two", func(s []int) bool { return has(s, 0, 1) }, []int{0, 1}, 5},
		{"of two that do the same the earlier", func(s []int) bool { return has(s, 5) || has(s, 90) }, []int{5}, 16},
		{"two small ones rather than a great one behind", func(s []int) bool { return has(s, 0, 1) || has(s, 99) }, []int{0, 1}, 6},
		{"a great one that is needed makes others needless", func(s []int) bool { return has(s, 99) && (has(s, 0) || has(s, 99)) }, []int{99}, 22},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			got := least(hundred, func(set []int) bool { asked++; return c.suffices(set) })
			if !slices.Equal(got, c.want) || asked > c.asked {
				t.Errorf("%v after %d questions, want %v after at most %d", got, asked, c.want, c.asked)
			}
		})
	}
	if got := least(nil, func([]int) bool { return false }); len(got) > 0 {
		t.Errorf("%v of no candidates, which do not suffice", got)
	}
	if !slices.IsSorted(hundred) {
		t.Error("the candidates were changed")
	}
}

// What is found suffices, and nothing in it can be left out, whatever is
// needed.
func TestLeastLeavesNothingOver(t *testing.T) {
	candidates := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for needed := range 1 << len(candidates) {
		suffices := func(set []int) bool {
			have := 0
			for _, n := range set {
				have |= 1 << n
			}
			return have&needed == needed
		}
		got := least(candidates, suffices)
		if !suffices(got) {
			t.Fatalf("%010b is needed, %v does not suffice", needed, got)
		}
		for i := range got {
			if suffices(slices.Delete(slices.Clone(got), i, i+1)) {
				t.Fatalf("%010b is needed, %v has more", needed, got)
			}
		}
	}
}
