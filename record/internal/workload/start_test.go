package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The program starts itself again without preemption once, whatever GODEBUG it
// was given.
func TestStartsWithAnyGODEBUG(t *testing.T) {
	program := filepath.Join(t.TempDir(), "workload")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "load", "-n", "10")
	cmd.Env = append(os.Environ(), "GODEBUG=gctrace=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
