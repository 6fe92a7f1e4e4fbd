//go:build 386 || arm

package main

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"golang.org/x/sys/unix"
)

// foreignABIs are, in a 32-bit program, its own.
func foreignABIs() []*callerABI {
	return []*callerABI{{name: "by a 32-bit program", abi: schema.ABICompat32, word: 4, blocks: unix.SYS_SENDMSG,
		call: native.call, time32: true, offset32: true, sendfile: true, alive: func() bool { return true }}}
}

func newLowArena(size int) (*arena, error) { return mapArena(size, 4, 0) }

func otherABICases() []scripted { return nil }
