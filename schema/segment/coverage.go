package segment

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// Limits of a coverage record (docs/format.md, "Limits").
const (
	MaxCoverageBytes        = 1 << 18
	MaxWays                 = 1 << 10
	MaxUnexplainedProcesses = 1 << 10
	// MaxCoverages is how many coverages of different times a Summary keeps.
	MaxCoverages = 16
)

// Coverage says what was watched and what was not, over a time. A way that it
// does not name was not watched.
type Coverage struct {
	FromNS int64 `json:"from_ns"` // CLOCK_BOOTTIME
	// ToNS is 0 in a record that was written while the recording went on.
	ToNS        int64       `json:"to_ns"`
	Ways        []Way       `json:"ways"`
	Unexplained Unexplained `json:"unexplained"`
}

// Way is a way in which a message can leave a process. The names are those of
// the values of the columns entry_path, abi and call.
type Way struct {
	Path string `json:"path"`
	ABI  string `json:"abi"`
	Call string `json:"call"`
	// Hooks saw every call that went this way; empty when it was not watched.
	Hooks []string `json:"hooks,omitempty"`
	// Why it was not watched, or what limits it; may be empty when it was.
	Why string `json:"why,omitempty"`
}

// Watched reports whether calls that went this way are in the recording.
func (w *Way) Watched() bool { return len(w.Hooks) > 0 }

func (w *Way) name() string { return printable(w.Path + " " + w.ABI + " " + w.Call) }

// printable makes text of a file safe to show on a terminal.
func printable(text string) string { return string(schema.AppendEscaped(nil, []byte(text), `\`)) }

// String returns "syscall 64 sendmsg watched by a, b" or the like.
func (w *Way) String() string {
	text := w.name()
	if !w.Watched() {
		return text + " not watched: " + printable(w.Why)
	}
	text += " watched by " + printable(strings.Join(w.Hooks, ", "))
	if w.Why != "" {
		text += ": " + printable(w.Why)
	}
	return text
}

// Unexplained is the account of the sends that no recorded call made.
type Unexplained struct {
	Counted     bool   `json:"counted"`
	Why         string `json:"why,omitempty"` // why they were not counted
	Sends       int64  `json:"sends"`         // of all sockets, by whom the filters let through
	Unexplained int64  `json:"unexplained"`   // of them, by no recorded call
	// Processes that made unexplained sends, most first.
	Processes []UnexplainedProcess `json:"processes,omitempty"`
	// Others is the unexplained sends of processes that are not listed.
	Others int64 `json:"others"`
}

// UnexplainedProcess is a process that sent on a way that was not watched.
type UnexplainedProcess struct {
	PID   int64  `json:"pid"`
	Comm  string `json:"comm"` // of the thread that made the first such send
	Sends int64  `json:"sends"`
	Bytes int64  `json:"bytes"`
}

// String returns "24 by process 17 (evader), 4096 bytes".
func (p *UnexplainedProcess) String() string {
	return fmt.Sprintf("%d by process %d (%s), %d bytes", p.Sends, p.PID, printable(p.Comm), p.Bytes)
}

// String returns the account in one line.
func (u *Unexplained) String() string {
	if !u.Counted {
		return "not counted: " + printable(u.Why)
	}
	text := fmt.Sprintf("%d of %d", u.Unexplained, u.Sends)
	for _, p := range u.Processes {
		text += "; " + p.String()
	}
	if u.Others > 0 {
		text += fmt.Sprintf("; %d by others", u.Others)
	}
	return text
}

// String returns the coverage in one line for each way and one for the
// unexplained sends, each with its end.
func (c *Coverage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "coverage from %d to %d\n", c.FromNS, c.ToNS)
	for i := range c.Ways {
		fmt.Fprintf(&b, "  %v\n", &c.Ways[i])
	}
	fmt.Fprintf(&b, "  unexplained sends: %v\n", &c.Unexplained)
	return b.String()
}

// Check returns what is wrong with the account, nil when nothing is.
func (c *Coverage) Check() error {
	if c.FromNS < 0 || c.ToNS < 0 || c.ToNS != 0 && c.ToNS < c.FromNS {
		return fmt.Errorf("coverage from %d to %d", c.FromNS, c.ToNS)
	}
	for i := range c.Ways {
		if w := &c.Ways[i]; w.Path == "" || w.ABI == "" || w.Call == "" {
			return fmt.Errorf("coverage of a way without a name: %v", w)
		}
	}
	u, sum := &c.Unexplained, c.Unexplained.Others
	for i := range u.Processes {
		sum += u.Processes[i].Sends
	}
	if sum != u.Unexplained || u.Unexplained > u.Sends || u.Others < 0 {
		return fmt.Errorf("%d unexplained sends, of which processes made %d, of %d in all", u.Unexplained, sum, u.Sends)
	}
	return nil
}

func (c *Coverage) withinLimits() bool {
	return len(c.Ways) <= MaxWays && len(c.Unexplained.Processes) <= MaxUnexplainedProcesses
}

func appendCoverage(b []byte, c *Coverage) ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode coverage: %w", err)
	}
	if len(text) > MaxCoverageBytes || !c.withinLimits() {
		return nil, fmt.Errorf("coverage of %d bytes, %d ways and %d processes: %w",
			len(text), len(c.Ways), len(c.Unexplained.Processes), colblock.ErrLimit)
	}
	return append(b, text...), nil
}

var errCoverage = errors.New("coverage is out of range")

func parseCoverage(b []byte) (*Coverage, error) {
	if len(b) > MaxCoverageBytes {
		return nil, errCoverage
	}
	c := &Coverage{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("decode coverage: %w", err)
	}
	if !c.withinLimits() {
		return nil, errCoverage
	}
	return c, nil
}

// addCoverage adds a coverage to a list that ascends by FromNS: it replaces
// one that was of the same time, and the list keeps the last MaxCoverages.
func addCoverage(list []Coverage, c *Coverage) []Coverage {
	i, found := slices.BinarySearchFunc(list, c.FromNS, func(x Coverage, from int64) int { return cmp.Compare(x.FromNS, from) })
	if found {
		list[i] = *c
		return list
	}
	list = slices.Insert(list, i, *c)
	return list[max(0, len(list)-MaxCoverages):]
}

// Watched returns the ways that were watched in one line, "nothing" for none.
func (c *Coverage) Watched() string { return c.list(true) }

// NotWatched returns the ways that were not watched in one line, each reason
// once; "nothing that is known of" for none.
func (c *Coverage) NotWatched() string { return c.list(false) }

func (c *Coverage) list(watched bool) string {
	var reasons []string
	ways := map[string][]string{}
	for i := range c.Ways {
		w := &c.Ways[i]
		if w.Watched() != watched {
			continue
		}
		if _, known := ways[w.Why]; !known {
			reasons = append(reasons, w.Why)
		}
		ways[w.Why] = append(ways[w.Why], w.name())
	}
	var parts []string
	for _, why := range reasons {
		text := strings.Join(ways[why], ", ")
		if why != "" {
			text += " (" + printable(why) + ")"
		}
		parts = append(parts, text)
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case watched:
		return "nothing"
	}
	return "nothing that is known of"
}
