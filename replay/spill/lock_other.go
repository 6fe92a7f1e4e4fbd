//go:build !unix

package spill

import (
	"io"
	"os"
)

// lock holds the directory open. Only Unix knows locks that end with their
// process; recording needs Linux anyway.
func lock(root *os.Root) (io.Closer, error) { return root.Open(".") }
