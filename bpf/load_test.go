package bpf

import (
	"errors"
	"slices"
	"testing"
)

func TestOnlyWhatTheKernelRefusesIsLeftOut(t *testing.T) {
	refused, named := errors.New("the verifier's word"), errors.New("asked for by name")
	for _, c := range []struct {
		name    string
		refuses []string // the kernel, when one of them is loaded
		named   []string // not to be left out
		left    []string // in the end
		err     error
	}{
		{"nothing is refused", nil, nil, []string{"a", "b", "c"}, nil},
		{"the first", []string{"a"}, nil, []string{"b", "c"}, nil},
		{"the last", []string{"c"}, nil, []string{"a", "b"}, nil},
		{"two of them cost the third, too", []string{"a", "c"}, nil, nil, nil},
		{"what is always loaded", []string{"core"}, nil, nil, refused},
		{"what was asked for by name", []string{"b"}, []string{"b"}, nil, named},
		{"another one than what was asked for by name", []string{"b"}, []string{"a"}, []string{"a", "c"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded := []string{"core", "a", "b", "c"}
			var list []optional
			for _, name := range loaded[1:] {
				list = append(list, optional{
					leaveOut: func(why error) error {
						if slices.Contains(c.named, name) {
							return named
						}
						loaded = slices.DeleteFunc(loaded, func(l string) bool { return l == name })
						return nil
					},
					takeBack: func() {
						if !slices.Contains(loaded, name) {
							loaded = append(loaded, name)
						}
					},
				})
			}
			err := loadWithout(list, func() error {
				if slices.ContainsFunc(loaded, func(l string) bool { return slices.Contains(c.refuses, l) }) {
					return refused
				}
				return nil
			})
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			slices.Sort(loaded)
			if left := slices.DeleteFunc(loaded, func(l string) bool { return l == "core" }); err == nil && !slices.Equal(left, c.left) {
				t.Errorf("%q are left, want %q", left, c.left)
			}
		})
	}
}
