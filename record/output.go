package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Stdout is the path that stands for standard output.
const Stdout = "-"

// ErrExists is the error for an output path where there is something already.
var ErrExists = errors.New("exists already")

// file is what an Output needs of its file; tests inject faults here.
type file interface {
	Write(p []byte) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Output is the file being recorded into. Each Write is one record: a record
// that could not be written whole is cut off again, so a regular file always
// ends with a whole record. After an error nothing more is written.
//
// Write is called by one goroutine, Sync by another; Size by any.
type Output struct {
	f       file
	path    string // empty for standard output
	info    os.FileInfo
	size    atomic.Int64 // of the whole records
	synced  int64
	regular bool
	err     error
}

// CheckOutput says early whether CreateOutput with these arguments can be
// expected to succeed.
func CheckOutput(path string, force bool) error {
	if path == Stdout {
		if term.IsTerminal(int(os.Stdout.Fd())) {
			return errors.New("standard output is a terminal, and a recording is binary: redirect it, or give -o FILE")
		}
		return nil
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("create recording: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("create recording: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("create recording: %s %w as a symbolic link, which is not followed", path, ErrExists)
	case !info.Mode().IsRegular():
		return fmt.Errorf("create recording: %s %w and is no regular file", path, ErrExists)
	case !force:
		return fmt.Errorf("create recording: %s %w; --force replaces it", path, ErrExists)
	}
	return nil
}

// CreateOutput creates the file at path with mode 0600. It follows no symbolic
// link and overwrites nothing, unless force is set: then a regular file at
// path is unlinked first, and readers that have it open keep the old one.
func CreateOutput(path string, force bool) (*Output, error) {
	if err := CheckOutput(path, force); err != nil {
		return nil, err
	}
	if path == Stdout {
		return &Output{f: os.Stdout}, nil
	}
	if force {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("replace recording: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create recording: %w", err)
	}
	o := &Output{f: datasyncFile{f}, path: path, regular: true}
	if o.info, err = f.Stat(); err != nil {
		return nil, errors.Join(fmt.Errorf("create recording: %w", err), f.Close(), os.Remove(path))
	}
	return o, nil
}

// syncDirectory makes a new file's name survive a power cut, where the file
// system can do that.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		// A directory that may be written to but not listed.
		return nil
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}

// datasyncFile syncs a file's data and size, not its times.
type datasyncFile struct{ *os.File }

func (f datasyncFile) Sync() error { return unix.Fdatasync(int(f.Fd())) }

// Write appends one record. The error says what can be done.
func (o *Output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.f.Write(p)
	if err == nil {
		o.size.Add(int64(n))
		return n, nil
	}
	o.err = withHint(err)
	if n > 0 && o.regular {
		if cut := o.f.Truncate(o.size.Load()); cut != nil {
			o.err = fmt.Errorf("%w (and the torn record could not be cut off: %w)", o.err, cut)
		}
	}
	return n, o.err
}

func withHint(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("%w; what was recorded until then is in the file and readable: free some space, or record to another disk", err)
	case errors.Is(err, unix.EFBIG):
		return fmt.Errorf("%w; what was recorded until then is in the file and readable: raise the limit on file sizes (ulimit -f)", err)
	}
	return err
}

// Sync makes what was written so far survive a power cut. It does nothing
// when nothing was written since, and for a pipe.
func (o *Output) Sync() error {
	size := o.size.Load()
	if !o.regular || size == o.synced {
		return nil
	}
	err := o.f.Sync()
	if err == nil && o.synced == 0 {
		// Not when the file is created: the rings fill up by then.
		err = syncDirectory(filepath.Dir(o.path))
	}
	if err != nil {
		return fmt.Errorf("sync recording: %w", err)
	}
	o.synced = size
	return nil
}

// Size returns the number of bytes of the whole records.
func (o *Output) Size() int64 { return o.size.Load() }

// Close closes the file; standard output stays open.
func (o *Output) Close() error {
	if o.path == "" {
		return nil
	}
	if err := o.f.Close(); err != nil {
		return fmt.Errorf("close recording: %w", err)
	}
	return nil
}

// Remove removes the file that CreateOutput made, if it is still there, after
// a recording that never began.
func (o *Output) Remove() error {
	if o.path == "" {
		return nil
	}
	if now, err := os.Lstat(o.path); err != nil || !os.SameFile(now, o.info) {
		return nil //nolint:nilerr // what is not there need not be removed
	}
	return os.Remove(o.path)
}
