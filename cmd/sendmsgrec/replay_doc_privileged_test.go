//go:build privileged

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEveryCommandOfTheReplayPageThatRecordsRuns runs the blocks of
// docs/replay.md that need root.
func TestEveryCommandOfTheReplayPageThatRecordsRuns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("these commands record through the kernel: run them as root")
	}
	runPage(t, filepath.Join("..", "..", "docs", "replay.md"), "sh root", 3)
}
