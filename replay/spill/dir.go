package spill

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
)

// ErrBusy says that another process uses the directory.
var ErrBusy = errors.New("in use by another process")

const (
	checkpointName = "checkpoint"
	partSuffix     = ".smr"
	newSuffix      = ".new" // of a file that is about to replace another
)

// Dir is a spill's directory. It is held open, so that it stays accessible
// when the process gives up privileges.
type Dir struct {
	path    string
	root    *os.Root
	lock    io.Closer
	created bool

	mu       sync.Mutex
	parts    []*part // ascending
	ended    bool    // there will be no more
	acked    deliver.Position
	waiting  waiting
	maxBytes int64         // that the parts took at a time
	err      error         // of writing the checkpoint
	changed  chan struct{} // parts or ended have
}

// part is a file, or bytes that the disk had no room for.
type part struct {
	number uint64
	size   int64 // whole records
	items  int64 // as in Key; 0 in a part of an earlier recording, when it is not known
	rows   int64 // of the last item
	final  bool  // size does not change any more
	memory []byte
}

func partName(number uint64) string { return fmt.Sprintf("%08d%s", number, partSuffix) }

// partNumber returns the number of the part that has the name; ok is false when
// it is another file's.
func partNumber(name string) (number uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, partSuffix)
	number, err := strconv.ParseUint(digits, 10, 32)
	return number, ok && err == nil && partName(number) == name
}

// Create makes a directory of a new name in parent, with mode 0700.
func Create(parent string) (*Dir, error) {
	path, err := os.MkdirTemp(parent, "sendmsgrec-")
	if err != nil {
		return nil, fmt.Errorf("create spill: %w", err)
	}
	return open(path, true)
}

// Open opens the directory at path, and makes it with mode 0700 where there is
// none. It must belong to this process's user, and to no other process
// (ErrBusy).
func Open(path string) (*Dir, error) {
	err := os.Mkdir(path, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create spill: %w", err)
	}
	return open(path, err == nil)
}

func open(path string, created bool) (_ *Dir, err error) {
	d := &Dir{path: path, created: created, changed: make(chan struct{}, 1)}
	if d.root, err = os.OpenRoot(path); err != nil {
		return nil, fmt.Errorf("open spill: %w", err)
	}
	if d.lock, err = lock(d.root); err == nil {
		err = d.list()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spill %s: %w", path, err), d.Close())
	}
	return d, nil
}

// list finds the parts that an earlier recording has left.
func (d *Dir) list() error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		// Anything may lie beside what is ours.
		name, unfinished := strings.CutSuffix(e.Name(), newSuffix)
		number, isPart := partNumber(name)
		if unfinished && (isPart || name == checkpointName) {
			_ = d.root.Remove(e.Name()) // of a process that was killed in replace
		}
		if unfinished || !isPart {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		d.parts = append(d.parts, &part{number: number, size: info.Size(), final: true})
	}
	slices.SortFunc(d.parts, func(a, b *part) int { return cmp.Compare(a.number, b.number) })
	d.maxBytes = d.bytes()
	return nil
}

// Path is the directory's path.
func (d *Dir) Path() string { return d.path }

// Bytes returns how much the parts take, and how much they took at most.
func (d *Dir) Bytes() (now, most int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes(), d.maxBytes
}

func (d *Dir) bytes() (n int64) {
	for _, p := range d.parts {
		n += p.size
	}
	return n
}

// next returns the first part behind number.
func (d *Dir) next(number uint64) (p *part, ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.parts {
		if p.number > number {
			return p, false
		}
	}
	return nil, d.ended
}

// state is how much of a part is written.
func (d *Dir) state(p *part) (size int64, final bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return p.size, p.final
}

// last is the largest number of a part.
func (d *Dir) last() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.parts); n > 0 {
		return d.parts[n-1].number
	}
	return 0
}

// publish makes what was written known to the Follower.
func (d *Dir) publish(change func()) {
	d.mu.Lock()
	change()
	d.maxBytes = max(d.maxBytes, d.bytes())
	d.mu.Unlock()
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// End says that no more is written: the Follower ends behind what is there.
func (d *Dir) End() { d.publish(func() { d.ended = true }) }

// Lag is how long the oldest event that the sink has not acknowledged has been
// in the spill; 0 when there is none.
func (d *Dir) Lag() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting.lag(time.Now())
}

// Checkpoint returns the checkpoint that the directory has, nil without one. It
// is not synced: an empty one is what a power cut leaves on some file systems,
// and then all parts are sent again.
func (d *Dir) Checkpoint() (*deliver.Checkpoint, error) {
	text, err := d.root.ReadFile(checkpointName)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spill %s: %w", d.path, err)
	}
	return deliver.ParseCheckpoint(text, d.path+"/"+checkpointName)
}

// Acknowledge keeps the checkpoint, and removes the parts that lie so far
// before it that the sink does not come back to them: one that was acknowledged
// is kept, for a sink that learns later that something has not arrived.
//
// A checkpoint that cannot be written, because the disk is full of what waits
// for the sink, does not keep the sink from making room. After a crash more is
// then sent twice, and nothing is missing. Err tells.
func (d *Dir) Acknowledge(c *deliver.Checkpoint) error {
	text, err := c.Text()
	if err != nil {
		return err
	}
	err = d.replace(checkpointName, text)
	d.mu.Lock()
	if d.err = err; err != nil {
		d.err = fmt.Errorf("spill %s: write checkpoint: %w", d.path, err)
	}
	d.acked = c.Position
	d.waiting.acknowledged(c.Position, time.Now())
	d.mu.Unlock()
	return d.settle(1)
}

// Err is why the checkpoint could not be written the last time.
func (d *Dir) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// settle removes the parts of which the sink has everything, but for keep.
func (d *Dir) settle(keep int) error {
	d.mu.Lock()
	n := 0
	for n < len(d.parts) && d.parts[n].behind(d.acked) {
		n++
	}
	n = max(0, n-keep)
	done := slices.Clone(d.parts[:n])
	d.parts = d.parts[n:]
	d.mu.Unlock()
	for _, p := range done {
		if err := d.remove(p.number); err != nil {
			return err
		}
	}
	return nil
}

// takeBack removes the parts behind number up to last, the hole's too, which is
// not among the parts yet.
func (d *Dir) takeBack(number, last uint64) error {
	d.mu.Lock()
	d.parts = slices.DeleteFunc(d.parts, func(p *part) bool { return p.number > number })
	d.mu.Unlock()
	for n := number + 1; n <= last; n++ {
		if err := d.remove(n); err != nil {
			return err
		}
	}
	return nil
}

// behind reports whether the position lies behind all of the part.
func (p *part) behind(pos deliver.Position) bool {
	last := Key(p.number, p.items)
	return partOf(pos.Key) > p.number || p.final && p.items > 0 && (pos.Key > last || pos.Key == last && pos.AtKey >= p.rows)
}

func (d *Dir) remove(number uint64) error {
	if err := d.root.Remove(partName(number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("spill %s: %w", d.path, err)
	}
	return nil
}

// replace writes a file as a whole: it is there whole at any moment.
func (d *Dir) replace(name string, data []byte) error {
	err := d.root.WriteFile(name+newSuffix, data, 0o600)
	if err == nil {
		err = d.root.Rename(name+newSuffix, name)
	}
	if err != nil {
		_ = d.root.Remove(name + newSuffix)
	}
	return err
}

// Clear removes everything, when the sink has all of it, and the directory too
// when this Dir has made it.
func (d *Dir) Clear() error {
	d.mu.Lock()
	parts := d.parts
	d.parts = nil
	d.mu.Unlock()
	// The parts first: a checkpoint without parts is harmless.
	for _, p := range parts {
		if err := d.remove(p.number); err != nil {
			return err
		}
	}
	if err := d.root.Remove(checkpointName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("spill %s: %w", d.path, err)
	}
	if d.created {
		// Its parent may be out of reach by now: then an empty directory stays.
		_ = os.Remove(d.path)
	}
	return nil
}

// Close closes the directory and leaves it as it is. One that this Dir has made
// and nobody has written to is removed.
func (d *Dir) Close() error {
	if d.created {
		_ = os.Remove(d.path) // fails when there is something in it
	}
	var err error
	if d.lock != nil {
		err = d.lock.Close()
	}
	return errors.Join(err, d.root.Close())
}
