package record

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// slowDetach is a script whose Detach takes until the drain has taken what is
// sent meanwhile, as that of a busy host whose rings are full sooner.
type slowDetach struct {
	*script
	sends int
}

func (s *slowDetach) Detach() error {
	deadline := time.Now().Add(10 * time.Second)
	for range s.sends {
		s.mu.Lock()
		send(0)(s.script)
		s.mu.Unlock()
		for !s.drained() {
			if time.Now().After(deadline) {
				return errors.New("nobody drains while the probes detach")
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	return s.script.Detach()
}

func (s *slowDetach) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rings[0].released == len(s.rings[0].events)
}

func TestTheRingsAreDrainedWhileTheProbesDetach(t *testing.T) {
	s := &slowDetach{newScript(1, send(0)), 20}
	out, err := CreateOutput(filepath.Join(t.TempDir(), "x.smr"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r, err := New(s, out, &segment.Header{}, Options{Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	s.ended = func() { r.Stop("script-end") }
	summary, err := r.Run()
	if err != nil || summary.Events != 21 {
		t.Errorf("%+v, %v", summary, err)
	}
}
