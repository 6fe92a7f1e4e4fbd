package traffic

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// study is what the first reading finds out.
type study struct {
	events       int64
	leftOut      [numReasons]int64
	destinations map[string]*Destination
	sockets      map[socketKey]*use
	threads      map[threadKey]*use
	largest      int64
	firstNS      int64
	lastNS       int64
	sends        int64
}

// use is what a socket or thread has to do.
type use struct {
	sends int64
	// first and last number its sends among all.
	first, last int64
	// nonblock: a send failed with EAGAIN or sent a part.
	nonblock bool
}

// Destination is a recorded endpoint that is sent to.
type Destination struct {
	// Endpoint is a pattern that matches it and nothing else.
	Endpoint string `json:"endpoint"`
	Sends    int64  `json:"sends"`
	Bytes    int64  `json:"bytes"`
	// Map is the mapping that applies, empty for none; Problem says why it
	// cannot.
	Map     string `json:"map,omitempty"`
	Problem string `json:"problem,omitempty"`
}

func newStudy() study {
	return study{destinations: map[string]*Destination{}, sockets: map[socketKey]*use{}, threads: map[threadKey]*use{}}
}

func (s *study) add(c *call, to *endpoint, why Reason, rule *rule) error {
	s.events++
	if why != made && why != Dropped {
		s.leftOut[why]++
		return nil
	}
	if err := s.destination(c, to, rule); err != nil {
		return err
	}
	if why == Dropped {
		s.leftOut[why]++
		return nil
	}
	if s.sends == 0 {
		s.firstNS = c.timeNS
	}
	s.lastNS = c.timeNS
	s.largest = max(s.largest, c.bytes)
	if len(s.sockets) == maxKnown || len(s.threads) == maxKnown {
		return tooMany("sockets or threads")
	}
	socket := useOf(s.sockets, c.socket, s.sends)
	socket.nonblock = socket.nonblock || c.ret == -errnoEAGAIN || c.ret < c.bytes
	useOf(s.threads, c.thread, s.sends)
	s.sends++
	return nil
}

func useOf[K comparable](uses map[K]*use, key K, number int64) *use {
	u := uses[key]
	if u == nil {
		u = &use{first: number}
		uses[key] = u
	}
	u.sends++
	u.last = number
	return u
}

// destination counts the send.
func (s *study) destination(c *call, to *endpoint, rule *rule) error {
	key := string(to.appendText(nil))
	d := s.destinations[key]
	if d == nil {
		if len(s.destinations) == maxKnown {
			return tooMany("destinations")
		}
		d = &Destination{Endpoint: key}
		if rule != nil {
			d.Map = rule.text
			if err := rule.target.takes(c.socket.socketType); err != nil {
				d.Problem = err.Error()
			}
		}
		s.destinations[key] = d
	}
	d.Sends++
	d.Bytes += c.bytes
	return nil
}

// Destinations returns where the recorded sends went, those with the most
// sends first.
func (r *Replay) Destinations() []Destination {
	var list []Destination
	for _, d := range r.study.destinations {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Destination) int {
		return cmp.Or(cmp.Compare(b.Sends, a.Sends), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return list
}

// LeftOut returns how many events of one pass are not made again, by reason.
func (r *Replay) LeftOut() map[Reason]int64 {
	m := map[Reason]int64{}
	for reason, n := range r.study.leftOut {
		if n > 0 {
			m[Reason(reason)] = n
		}
	}
	return m
}

// UnmappedError lists sends that have no target, or an impossible one.
type UnmappedError struct {
	Destinations []Destination
}

// maxListed is how many destinations an error names.
const maxListed = 10

func (e *UnmappedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "nothing was sent: %d recorded destinations have no target, or an impossible one:", len(e.Destinations))
	for _, d := range e.Destinations[:min(len(e.Destinations), maxListed)] {
		fmt.Fprintf(&b, "\n  %s (%d sends)", printable(d.Endpoint), d.Sends)
		if d.Problem != "" {
			fmt.Fprintf(&b, ": %s: %s", printable(d.Map), d.Problem)
		}
	}
	if n := len(e.Destinations) - maxListed; n > 0 {
		fmt.Fprintf(&b, "\n  and %d more", n)
	}
	b.WriteString("\ngive --map RECORDED=TARGET for each, or RECORDED=drop; --list-map tells all")
	return b.String()
}

// printable quotes what would act on a terminal: paths may have any byte in them.
func printable(s string) string {
	if quoted := strconv.QuoteToASCII(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// Check returns an *UnmappedError unless all sends have a target.
func (r *Replay) Check() error {
	list := slices.DeleteFunc(r.Destinations(), func(d Destination) bool { return d.Map != "" && d.Problem == "" })
	if len(list) == 0 {
		return nil
	}
	return &UnmappedError{list}
}

// peak returns how many of the uses overlap at most when each begins up to
// aheadCalls sends before its first. total is the number of sends; with again
// set, the same uses follow once more.
func peak[K comparable](uses map[K]*use, total int64, again bool) int {
	var first, last []int64
	for u := range maps.Values(uses) {
		first, last = append(first, u.first-aheadCalls), append(last, u.last)
		if again {
			first, last = append(first, u.first+total-aheadCalls), append(last, u.last+total)
		}
	}
	slices.Sort(first)
	slices.Sort(last)
	ended, most := 0, 0
	for begun, at := range first {
		for last[ended] < at {
			ended++
		}
		most = max(most, begun+1-ended)
	}
	return most
}
