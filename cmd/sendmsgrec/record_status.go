package main

import (
	"fmt"
	"io"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record"
)

// recordStatus is the line that shows how a recording goes, on a terminal. A
// command being recorded has the terminal for itself.
type recordStatus struct {
	w     io.Writer // nil where there is no terminal
	style palette
	stop  chan struct{}
	ended chan struct{}
}

func newRecordStatus(stderr io.Writer, off bool) *recordStatus {
	s := &recordStatus{stop: make(chan struct{}), ended: make(chan struct{}), style: newPalette(stderr)}
	if !off && isTerminal(stderr) {
		s.w = stderr
	}
	return s
}

// run shows the line twice a second until end.
func (s *recordStatus) run(r *record.Recorder, l *sending) {
	defer close(s.ended)
	if s.w == nil {
		return
	}
	began := time.Now()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	var before record.Progress
	last := began
	for {
		select {
		case <-s.stop:
			fmt.Fprint(s.w, "\r\x1b[K")
			return
		case now := <-ticker.C:
			p := r.Progress()
			line := s.line(p, p.Events-before.Events, now.Sub(last), now.Sub(began))
			if l != nil {
				line += "  " + l.progress()
			}
			fmt.Fprintf(s.w, "\r\x1b[K%s  %s", line, s.style.faint("Ctrl-C ends"))
			before, last = p, now
		}
	}
}

// line renders the state: events came in the last interval.
func (s *recordStatus) line(p record.Progress, events int64, interval, since time.Duration) string {
	lost := "lost 0"
	if p.Lost > 0 {
		lost = s.style.bad("lost " + grouped(p.Lost))
	}
	ratio := ""
	if p.FileBytes > 0 && p.RawBytes > 0 {
		ratio = fmt.Sprintf("  1:%.0f", float64(p.RawBytes)/float64(p.FileBytes))
	}
	return fmt.Sprintf("%s  %s events  %s/s  %s  %.1f MB%s", since.Truncate(time.Second), grouped(p.Events),
		grouped(int64(float64(events)/interval.Seconds())), lost, float64(p.FileBytes)/1e6, ratio)
}

// end removes the line.
func (s *recordStatus) end() {
	close(s.stop)
	<-s.ended
}
