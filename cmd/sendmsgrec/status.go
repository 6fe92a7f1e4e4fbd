package main

import (
	"fmt"
	"io"
	"time"
)

// statusLine shows progress on a terminal, at most five times a second, and
// nothing elsewhere.
type statusLine struct {
	w    io.Writer // nil when there is no terminal
	next time.Time
	used bool
}

func newStatusLine(stderr io.Writer) *statusLine {
	if !isTerminal(stderr) {
		return &statusLine{}
	}
	// What is done within the first moments needs no status.
	return &statusLine{w: stderr, next: time.Now().Add(400 * time.Millisecond)}
}

// progress shows what is being done and how far it is; total is not positive
// when unknown.
func (s *statusLine) progress(what string, done, total int64) {
	if s.w == nil || time.Now().Before(s.next) {
		return
	}
	s.next = time.Now().Add(200 * time.Millisecond)
	s.used = true
	text := fmt.Sprintf("%d MB", done/1_000_000)
	if total > 0 {
		text = fmt.Sprintf("%d %%", done*100/total)
	}
	fmt.Fprintf(s.w, "\r\x1b[K%s: %s", what, text)
}

// count shows what is being done and how many records are.
func (s *statusLine) count(what string, records int64) {
	if s.w == nil || time.Now().Before(s.next) {
		return
	}
	s.next = time.Now().Add(200 * time.Millisecond)
	s.used = true
	fmt.Fprintf(s.w, "\r\x1b[K%s: %s records", what, grouped(records))
}

// clear removes the line before something else is printed.
func (s *statusLine) clear() {
	if s.used {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.used = false
	}
}
