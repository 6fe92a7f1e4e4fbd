//go:build !amd64 && !386 && !arm

package main

// foreignABIs are those that a 64-bit program can call by: on amd64 only.
func foreignABIs() []*callerABI { return nil }

func newLowArena(size int) (*arena, error) { return newArena(size) }

func otherABICases() []scripted { return nil }
