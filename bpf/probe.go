// Package bpf is the kernel side: programs that see each sendmsg() and write
// one record per call into a ring per CPU, and the loader that attaches them
// and maps the rings.
//
// Records are read in place: an *Event points into memory shared with the
// kernel until Ring.Release. Each ring has one consumer; different rings may be
// read concurrently. The package imports nothing else of this module.
package bpf

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// ErrUnsupported says that this kernel lacks what the probe needs.
var ErrUnsupported = errors.New("not supported by this kernel")

// ErrPrivilege says that the caller may not load or attach the probe.
var ErrPrivilege = errors.New("not permitted")

// The bounds of Config.RingBytes.
const (
	MinRingBytes     = 4 << 10
	MaxRingBytes     = 256 << 20
	DefaultRingBytes = 16 << 20
)

// watermarks is how many watermarks a ring has; a power of two. Each costs the
// recorder a wake-up, and waking a Go program that sleeps costs as much as
// reading a thousand events.
const watermarks = 4

// FilterMax is the number of values that each kind of filter can hold.
const FilterMax = 16

// Config says what is recorded. Kinds of filter that are set are joined by
// AND, the values of one kind by OR; the kernel drops all other calls.
type Config struct {
	RingBytes  int      // per CPU, rounded up to a power of two, or less where the kernel allows no more; 0 is DefaultRingBytes
	PIDs       []uint32 // processes (thread groups), in the caller's PID namespace
	UIDs       []uint32 // real user ids
	Comms      []string // thread names, compared whole, at most 15 bytes each
	RootPID    uint32   // this process and all descendants made from now on; 0 is off
	Calls      []string // names of the calls that are recorded; none is sendmsg
	Paths      []string // into the kernel, on which they are watched: PathNames, PathsDefault, PathsAll; none is PathsDefault
	CountSends bool     // that no recorded call makes are counted, by process, where the kernel can
	Tier       string   // how calls are hooked: TierAuto, also "", or one of Tiers
	lossless   bool     // a tier that may lose calls by itself is refused even when Tier names it
}

// Probe is a loaded and attached set of programs. Methods may be called from
// one goroutine at a time, but for Ring, whose results are independent.
type Probe struct {
	candidate     candidate
	failures      []Failure // of better tiers
	programs      *ebpf.Collection
	calls         []call
	links         []link.Link
	hooks         []string
	countsSkips   bool    // the kernel counts the entries that it skips
	skippedBefore Skipped // before the recording began
	doorbell      *ringbuf.Reader
	memory        []byte
	rings         []*Ring
	bell          ringbuf.Record
	inFlight      *inFlight
	addressed     *inFlight  // calls kept by an address; nil when none are watched
	visitor       string     // the program that visits them
	uring         *uringForm // nil when requests are not watched
	kernelLinks   []link.Link
	kernelEntry   string // the function by which senders inside the kernel are seen
	sends         error  // why sends are not counted
	account       Sends  // from Detach on
	paths         map[string]*watch
	abis          abis
}

// Open loads the programs of the tier, or of the best that works here, attaches
// them, and sends itself messages to see that they record what they should;
// from its return on every call that passes the filter is recorded. Errors wrap
// ErrPrivilege or ErrUnsupported where that is the reason.
func Open(cfg Config) (*Probe, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p, _, err := openAny(cfg)
	return p, err
}

// openAny is Open that says what has failed on the way.
func openAny(cfg Config) (*Probe, []Failure, error) {
	types := btf.NewCache()
	p, failures, err := choose(cfg.Tier, func(c candidate) (*Probe, error) {
		return open(cfg, c, types, uint32(os.Getpid()), true)
	})
	if err != nil && !cfg.lossless && slices.ContainsFunc(failures, func(f Failure) bool { return errors.As(f.Err, new(preemptedError)) }) {
		cfg.Tier = TierFentry // it works, and all that it loses is counted
		return openAny(cfg)
	}
	if err != nil {
		return nil, failures, err
	}
	p.failures = failures
	return p, failures, nil
}

func (cfg *Config) validate() error {
	_, sizeErr := cfg.ringSize()
	_, callsErr := chosenCalls(cfg.Calls)
	_, pathsErr := demands(cfg.Paths, cfg.Tier)
	return errors.Join(sizeErr, callsErr, pathsErr, cfg.validateFilters())
}

func classify(err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: %w", ErrPrivilege, plainError{err})
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return err
}

// open opens one set of programs for a recorder whose process is self, and
// tests it. Reading the kernel's types takes as long as loading the programs, so
// it happens once for all sets that are tried.
func open(cfg Config, c candidate, types *btf.Cache, self uint32, test bool) (_ *Probe, err error) {
	// Before 5.11 maps are charged to the limit of locked memory. Where it
	// cannot be raised, loading says so.
	_ = rlimit.RemoveMemlock()
	size, err := cfg.ringSize()
	if err != nil {
		return nil, err
	}
	chosen, err := chosenCalls(cfg.Calls)
	if err != nil {
		return nil, err
	}
	kernel, err := types.Kernel()
	if err != nil {
		return nil, fmt.Errorf("read kernel BTF: %w", err)
	}
	spec, err := loadObject(c.tier, c.build)
	if err != nil {
		return nil, fmt.Errorf("read BPF object: %w", err)
	}
	if c.tier == TierFentry {
		byKprobe(chosen, spec, kernel)
	}
	// What this kernel refuses costs no memory for rings, and no programs.
	first := chosen[0].hook(c.tier)
	if try := c.hooks.of(first).try; try != nil {
		if err := try(first, types); err != nil {
			return nil, hookError{err}
		}
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, fmt.Errorf("count CPUs: %w", err)
	}
	if size, err = allowedRing(size); err != nil {
		return nil, err
	}
	p := &Probe{candidate: c, calls: chosen}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if err := p.choosePaths(cfg.Paths); err != nil {
		return nil, err
	}
	if err := p.prepareCompat(spec, kernel); err != nil {
		return nil, err
	}
	if err := cfg.prepare(spec, self, test, cpus, size); err != nil {
		return nil, err
	}
	if err := p.choosePoints(spec, kernel, cfg.CountSends); err != nil {
		return nil, err
	}
	if err = p.load(spec, types, cfg.RootPID != 0); err != nil {
		return nil, fmt.Errorf("load BPF programs: %w", err)
	}
	if err := p.mapRings(cpus, size); err != nil {
		return nil, err
	}
	if p.doorbell, err = ringbuf.NewReader(p.programs.Maps["doorbell"]); err != nil {
		return nil, fmt.Errorf("open doorbell: %w", err)
	}
	if p.inFlight, err = openInFlight(link.IterOptions{Program: p.programs.Programs["in_flight"]}); err != nil {
		return nil, err
	}
	if err := p.attach(cfg.RootPID != 0); err != nil {
		return nil, err
	}
	if test {
		if err := p.testSelf(); err != nil {
			return nil, err
		}
		if c.tier == TierFentry && (cfg.Tier != TierFentry || cfg.lossless) {
			if err := p.testPreemption(); err != nil {
				return nil, err
			}
		}
		if p.watches(PathKernel) {
			if err := p.settleKernel(); err != nil {
				return nil, err
			}
		}
		if err := p.arm(kernel); err != nil {
			return nil, err
		}
	}
	p.attachSends()
	return p, nil
}

func (cfg *Config) ringSize() (int, error) {
	n := cfg.RingBytes
	if n == 0 {
		n = DefaultRingBytes
	}
	if n < MinRingBytes || n > MaxRingBytes {
		return 0, fmt.Errorf("ring of %d bytes per CPU: want %d to %d", n, MinRingBytes, MaxRingBytes)
	}
	return 1 << bits.Len(uint(n-1)), nil
}

// allowedRing returns the largest ring up to size bytes that the kernel allows:
// an element of an array had at most 4 MiB in older ones (5.10).
func allowedRing(size int) (int, error) {
	for ; ; size /= 2 {
		m, err := ebpf.NewMap(&ebpf.MapSpec{
			Type: ebpf.Array, Flags: unix.BPF_F_MMAPABLE, KeySize: 4,
			ValueSize: uint32(ringHeaderSize + size + ringSlack), MaxEntries: 1,
		})
		if err == nil {
			return size, m.Close()
		}
		if !errors.Is(err, unix.E2BIG) || size == MinRingBytes {
			return 0, fmt.Errorf("ring of %d bytes: %w", size, err)
		}
	}
}

func (p *Probe) mapRings(cpus, size int) error {
	stride := ringHeaderSize + size + ringSlack
	memory, err := unix.Mmap(p.programs.Maps["rings"].FD(), 0, cpus*stride, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map rings: %w", err)
	}
	p.memory = memory
	// x86 keeps the order of stores, and the typed build has a barrier.
	fenced := runtime.GOARCH == "amd64" || p.candidate.build == buildTyped
	if !fenced {
		if err := membarrier(); err != nil {
			return err
		}
	}
	for cpu := range cpus {
		p.rings = append(p.rings, newRing(memory[cpu*stride:(cpu+1)*stride], uint64(size), fenced))
	}
	return nil
}

// attach attaches exits before entries, so that every entry seen has its exit
// seen too.
func (p *Probe) attach(followForks bool) error {
	if err := p.attachCalls(true); err != nil {
		return err
	}
	if err := p.attachCompat(true); err != nil {
		return err
	}
	if followForks {
		if err := p.attachTask(forkProgram); err != nil {
			return err
		}
	}
	if err := p.attachTask("sched_process_exit"); err != nil {
		return err
	}
	if err := p.attachAddressed(); err != nil {
		return err
	}
	if err := p.attachCompat(false); err != nil {
		return err
	}
	return p.attachCalls(false)
}

// attachCalls attaches to what sees the calls of 64-bit callers. Functions are
// entered by callers of other ABIs too.
func (p *Probe) attachCalls(exit bool) error {
	for i := range p.calls {
		c := &p.calls[i]
		if err := p.attachHook(PathSyscall, c.name, c.hook(p.candidate.tier), exit); err != nil {
			return err
		}
	}
	return nil
}

func (p *Probe) attachHook(path, call string, h *hook, exit bool) error {
	l, name, err := p.candidate.hooks.of(h).attach(h, exit, p.programs.Programs[h.program(exit)])
	if err != nil {
		return err
	}
	p.links = append(p.links, l)
	p.attached(path, call, name)
	if path == PathSyscall && p.candidate.tier != TierTracepoint {
		p.sees(PathCompat, call, name)
	}
	return nil
}

func (p *Probe) attachTask(name string) error {
	links, names, err := p.attachPoints([]hookPoint{tracepointHook(name, name)})
	p.links, p.hooks = append(p.links, links...), append(p.hooks, names...)
	return err
}

// callHooks returns the hooks of all calls that are recorded.
func (p *Probe) callHooks() []hook {
	hooks := p.compatHooks()
	for i := range p.calls {
		hooks = append(hooks, *p.calls[i].hook(p.candidate.tier))
	}
	return hooks
}

// RingBytes returns the size of each ring. It is less than what was asked for
// where the kernel allows no more.
func (p *Probe) RingBytes() int { return int(p.rings[0].size) }

// CPUs returns the number of rings, one per possible CPU.
func (p *Probe) CPUs() int { return len(p.rings) }

// Ring returns a CPU's ring; valid until Close.
func (p *Probe) Ring(cpu int) *Ring { return p.rings[cpu] }

// Skipped is how often the kernel did not run an entry program: calls that no
// program saw. It does so while a bpf() call holds bpf_prog_active on that CPU, and
// while a task is preempted there in the same program (preemption.go). It counts the
// whole host, whatever the filter.
type Skipped struct {
	Calls uint64
	// Requests are those submitted to io_uring, of which some may have been no sends.
	Requests uint64
}

// SkippedEntry returns what was skipped since the recording began. Before 5.12
// kernels do not count it, and it is 0.
func (p *Probe) SkippedEntry() (Skipped, error) {
	if !p.countsSkips {
		return Skipped{}, nil
	}
	s, err := p.skippedEntry()
	s.Calls -= p.skippedBefore.Calls
	s.Requests -= p.skippedBefore.Requests
	return s, err
}

func (p *Probe) skippedEntry() (s Skipped, err error) {
	for _, h := range p.callHooks() {
		n, err := p.skips(h.enterProgram())
		if err != nil {
			return s, err
		}
		s.Calls += n
	}
	if p.watches(PathURing) {
		s.Requests, err = p.skips(p.uring.submission())
	}
	return s, err
}

// skips returns how often the kernel has skipped a program.
func (p *Probe) skips(program string) (uint64, error) {
	stats, err := p.programs.Programs[program].Stats()
	if err != nil {
		return 0, fmt.Errorf("read statistics of %s: %w", program, err)
	}
	return stats.RecursionMisses, nil
}

// Wait returns when a ring has crossed a watermark (a quarter of its size), or
// after the timeout; the caller then reads all rings.
func (p *Probe) Wait(timeout time.Duration) error {
	p.doorbell.SetDeadline(time.Now().Add(timeout))
	err := p.doorbell.ReadInto(&p.bell)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("wait for the doorbell: %w", err)
	}
	// What rang more than once meanwhile is the same news.
	p.doorbell.SetDeadline(time.Unix(1, 0))
	for err == nil {
		err = p.doorbell.ReadInto(&p.bell)
	}
	return nil
}

// Detach ends the recording: entries first, so that calls under way can still
// return. Those that have not returned get an event without a result. From its
// return on nothing is added to the rings, which stay readable.
func (p *Probe) Detach() error {
	if p.links == nil {
		return nil
	}
	errs := []error{closeLinks(p.kernelLinks), closeLinks(p.links)}
	p.kernelLinks, p.links = nil, nil
	// A program that began before may still be writing its record on another
	// CPU; programs are readers of RCU, so one grace period ends them.
	return errors.Join(append(errs, membarrier(), p.inFlight.record(), p.addressed.record(), p.countSends())...)
}

// Close detaches and frees everything; rings and events become invalid.
func (p *Probe) Close() error {
	errs := []error{p.Detach(), p.inFlight.close(), p.addressed.close()}
	p.inFlight, p.addressed = nil, nil
	if p.doorbell != nil {
		errs = append(errs, p.doorbell.Close())
		p.doorbell = nil
	}
	if p.memory != nil {
		errs = append(errs, unix.Munmap(p.memory))
		p.memory, p.rings = nil, nil
	}
	if p.programs != nil {
		p.programs.Close()
	}
	runtime.KeepAlive(p)
	return errors.Join(errs...)
}

var _ io.Closer = (*Probe)(nil)
