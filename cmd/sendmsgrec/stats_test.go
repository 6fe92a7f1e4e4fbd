package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/stats"
)

// The flags were bound to the recording that was looked at, and it alone was
// seen not to be there twice.
func TestARecordingThatAnotherReplacesMeanwhileIsNotCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.smr")
	write := func(seed uint64) {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := gen.Write(f, gen.Options{Events: 100, Seed: seed}); err != nil {
			t.Fatal(err)
		}
	}
	write(1)
	inputs, err := statsInputs(nil, &statsOptions{}, []string{path})
	if err != nil {
		t.Fatal(err)
	}
	counter := stats.New(stats.Options{})
	if err := inputs[0].count(counter); err != nil || counter.Result().Total().Count != 100 {
		t.Errorf("the same recording: %v", err)
	}
	write(2)
	if err := inputs[0].count(counter); err == nil || !strings.Contains(err.Error(), "another recording has taken its place") {
		t.Errorf("another recording: %v", err)
	}
}
