package main

import (
	"bufio"
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

// update rewrites goldens: go test ./cmd/sendmsgrec -update
var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sendmsgrec": main})
}

// TestScripts runs the scripts in testdata/script, one per topic. None needs
// privileges. Beside testscript's own commands they have:
//
//	gen FILE EVENTS GAP_EVERY [SEED]  write a generated recording with segments of 256 events
//	cut FILE BYTES                    shorten the file to BYTES, or by -BYTES
//	flip FILE OFFSET                  invert the byte at OFFSET, or OFFSET from the end when negative
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error { // what make race sets
			e.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gen":  scriptGen,
			"cut":  scriptCut,
			"flip": scriptFlip,
		},
	})
}

func scriptGen(ts *testscript.TestScript, _ bool, args []string) {
	events, gapEvery, seed := scriptNumber(ts, args[1]), scriptNumber(ts, args[2]), int64(1)
	if len(args) > 3 {
		seed = scriptNumber(ts, args[3])
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	w := bufio.NewWriter(f)
	_, err = gen.Write(w, gen.Options{Events: events, Seed: uint64(seed), SegmentEvents: 256, CPUs: 2, GapEvery: int(gapEvery)})
	ts.Check(err)
	ts.Check(w.Flush())
	ts.Check(f.Close())
}

func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	path, size := ts.MkAbs(args[0]), scriptNumber(ts, args[1])
	if size < 0 {
		info, err := os.Stat(path)
		ts.Check(err)
		size += info.Size()
	}
	ts.Check(os.Truncate(path, size))
}

func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	path, offset := ts.MkAbs(args[0]), scriptNumber(ts, args[1])
	content, err := os.ReadFile(path)
	ts.Check(err)
	if offset < 0 {
		offset += int64(len(content))
	}
	content[offset] ^= 0xff
	ts.Check(os.WriteFile(path, content, 0o600))
}

func scriptNumber(ts *testscript.TestScript, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	ts.Check(err)
	return n
}
