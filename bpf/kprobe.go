package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// maxActive is how many calls of one function can wait for their kretprobe at
// once: the most that the kernel allows. By default it is twice the number of
// CPUs, and blocked calls beyond it would return unseen.
const maxActive = 4096

// kprobeGroup begins the names of our groups of kprobe events; the process id
// follows.
const kprobeGroup = "sendmsgrec_"

var kprobeHooks = hooks{try: tryKprobe, attach: attachKprobe}

// tryKprobe makes a kprobe at the entry of the hook's function, and removes it.
func tryKprobe(h *hook, _ *btf.Cache) error {
	event, err := makeKprobeEvent("p", h.enterProgram(), h.place)
	if err != nil {
		return fmt.Errorf("kprobe:%s: %w", h.place, err)
	}
	return event.remove()
}

// attachKprobe attaches to the entry or the return of the hook's function. The
// probe is made by tracefs, since the perf event for kprobes has no maxactive.
func attachKprobe(h *hook, exit bool, program *ebpf.Program) (_ link.Link, name string, err error) {
	kind, name := "p", "kprobe:"+h.place
	if exit {
		kind, name = "r"+strconv.Itoa(maxActive), "kretprobe:"+h.place
	}
	event, err := makeKprobeEvent(kind, h.program(exit), h.place)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	l, err := attachTracepoint(event.group, event.name, program)
	if err != nil {
		return nil, "", errors.Join(err, event.remove())
	}
	return &kprobeLink{Link: l, event: event}, name, nil
}

// kprobeLink is a program attached to an event that goes with it.
type kprobeLink struct {
	link.Link
	event *kprobeEvent
}

func (l *kprobeLink) Close() error {
	return errors.Join(l.Link.Close(), l.event.remove())
}

// kprobeEvent is a kprobe that exists in tracefs until it is removed. That of a
// recorder that was killed stays, unused, until the next recorder removes it.
type kprobeEvent struct {
	group, name string
	control     int // kprobe_events, held open: the removal may come when privileges are gone
}

func makeKprobeEvent(kind, name, function string) (*kprobeEvent, error) {
	fs, err := openTracefs()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fs)
	control, err := unix.Openat(fs, "kprobe_events", unix.O_WRONLY|unix.O_APPEND|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open kprobe_events in tracefs: %w", err)
	}
	removeStaleEvents(fs, control)
	e := &kprobeEvent{kprobeGroup + strconv.Itoa(os.Getpid()), name, control}
	for n := 1; ; n++ {
		// A process can have more than one probe at a time.
		definition := fmt.Sprintf("%s:%s/%s %s", kind, e.group, e.name, function)
		_, err := unix.Write(control, []byte(definition))
		if err == nil {
			return e, nil
		}
		if !errors.Is(err, unix.EEXIST) || n == 100 {
			unix.Close(control)
			return nil, fmt.Errorf("make kprobe event %q: %w", definition, err)
		}
		e.name = fmt.Sprintf("%s_%d", name, n)
	}
}

func (e *kprobeEvent) remove() error {
	defer unix.Close(e.control)
	for n := 0; ; n++ {
		_, err := unix.Write(e.control, []byte("-:"+e.group+"/"+e.name))
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		// Just detached, the event can still count as used.
		if !errors.Is(err, unix.EBUSY) || n == 100 {
			return fmt.Errorf("remove kprobe event %s/%s: %w", e.group, e.name, err)
		}
		time.Sleep(time.Millisecond)
	}
}

// removeStaleEvents removes events of recorders that are no more. An event that
// is in use stays: the kernel refuses.
func removeStaleEvents(fs, control int) {
	text, err := readAt(fs, "kprobe_events")
	if err != nil {
		return
	}
	lives := func(pid int) bool { return !errors.Is(unix.Kill(pid, 0), unix.ESRCH) }
	for line := range bytes.Lines(text) {
		if name := staleEvent(string(line), lives); name != "" {
			_, _ = unix.Write(control, []byte("-:"+name))
		}
	}
}

// staleEvent returns the name, GROUP/EVENT, in a line of kprobe_events when it
// belongs to a recorder that does not live, else "".
func staleEvent(line string, lives func(pid int) bool) string {
	_, rest, _ := strings.Cut(line, ":")
	name, _, _ := strings.Cut(rest, " ")
	group, _, _ := strings.Cut(name, "/")
	digits, ours := strings.CutPrefix(group, kprobeGroup)
	pid, err := strconv.Atoi(digits)
	if !ours || err != nil || lives(pid) {
		return ""
	}
	return name
}
