//go:build !amd64 && !386 && !arm

package main

// is64 says whether this is a 64-bit program.
const is64 = true

// foreignABIs are those that a 64-bit program can call by: on amd64 only.
func foreignABIs() []*callerABI { return nil }

func newLowArena(size int) (*arena, error) { return newArena(size) }

func otherABICases() []scripted { return nil }
