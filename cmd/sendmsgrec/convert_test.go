package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

func TestInterruptedConvertLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.smr")
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	if _, err := gen.Write(w, gen.Options{Events: 2000}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out.parquet", "out.jsonl", "out.csv"} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var stdout, stderr bytes.Buffer
		err := runConvert(ctx, nil, &stdout, &stderr, convertOptions{Output: filepath.Join(dir, name)}, in)
		if got := exitCode(err); got != exitInterrupted {
			t.Errorf("%s: exit code %d (%v), want %d", name, got, err, exitInterrupted)
		}
		if stdout.Len() > 0 || stderr.Len() > 0 {
			t.Errorf("%s: printed %q and %q", name, stdout.String(), stderr.String())
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the directory holds %v", entries)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 12345678: "12,345,678"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
}
