package main

import (
	"fmt"
	"io"
	"strings"
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
			fmt.Fprintf(s.w, "\r\x1b[K%s", s.line(p, l.progress(), p.Events-before.Events, now.Sub(last), now.Sub(began)))
			before, last = p, now
		}
	}
}

// line renders the state: events came in the last interval, sink says how it is
// with the sink, if there is one.
func (s *recordStatus) line(p record.Progress, sink string, events int64, interval, since time.Duration) string {
	parts := []string{since.Truncate(time.Second).String(), grouped(p.Events) + " events",
		grouped(int64(float64(events)/interval.Seconds())) + "/s"}
	if p.Lost > 0 {
		parts = append(parts, s.style.bad("lost "+grouped(p.Lost)))
	} else {
		parts = append(parts, "lost 0")
	}
	if p.FileBytes > 0 {
		parts = append(parts, fmt.Sprintf("%.1f MB", float64(p.FileBytes)/1e6))
		if p.RawBytes > 0 {
			parts = append(parts, fmt.Sprintf("1:%.0f", float64(p.RawBytes)/float64(p.FileBytes)))
		}
	}
	if sink != "" {
		parts = append(parts, sink)
	}
	return strings.Join(append(parts, s.style.faint("Ctrl-C ends")), "  ")
}

// end removes the line.
func (s *recordStatus) end() {
	close(s.stop)
	<-s.ended
}
