//go:build privileged

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPrivilegedScripts runs the scripts in testdata/privileged, which record
// through the kernel and need root.
func TestPrivilegedScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/privileged", UpdateScripts: *update})
}
