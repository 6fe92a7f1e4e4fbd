package sink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// file appends to a file of its own. What Send has acknowledged is written, and
// on the disk when the operating system chooses or the file is closed.
//
// After a kill the file may end in a part of a batch; Resume cuts it back to
// what was acknowledged, so that the whole file has every record once.
//
// Until the first write a file that was there has its old content: what never
// begins replaces nothing.
type file struct {
	f       *os.File
	size    int64
	started bool // the header is in it
	created bool // by openFile
	replace bool // the old content is still in it
}

// openFile is for file:PATH.
func openFile(_ context.Context, t *Target, o *Options) (Sink, error) {
	if t.Rest == "" {
		return nil, usageErrorf("file: needs a path behind it, as in file:events.jsonl")
	}
	path := t.Rest
	s := &file{}
	flags := os.O_WRONLY
	if !o.Resuming {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			flags |= os.O_CREATE | os.O_EXCL // refuses a symbolic link that comes in between
			s.created = true
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, errors.New("exists and is no regular file")
		case !o.Force:
			return nil, errors.New("exists; --force replaces it")
		default:
			s.replace = true
		}
	}
	var err error
	if s.f, err = os.OpenFile(path, flags, 0o600); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *file) Traits() Traits { return Traits{Bytes: true} }

func (s *file) Send(_ context.Context, b *Batch, ack func(error)) {
	ack(s.write(b))
}

func (s *file) write(b *Batch) error {
	start := s.size
	if err := s.empty(); err != nil {
		return s.failed(start, err)
	}
	if !s.started && len(b.Header) > 0 {
		if err := s.append(b.Header); err != nil {
			return s.failed(start, err)
		}
	}
	if err := s.append(b.Data); err != nil {
		return s.failed(start, err)
	}
	s.started = true
	return nil
}

// empty removes the old content.
func (s *file) empty() error {
	if !s.replace {
		return nil
	}
	err := s.f.Truncate(0)
	s.replace = err != nil
	return err
}

func (s *file) append(p []byte) error {
	n, err := s.f.WriteAt(p, s.size)
	s.size += int64(n)
	return err
}

// failed cuts off what was written of the batch, so that the file ends with a
// whole record.
func (s *file) failed(start int64, err error) error {
	if cut := s.f.Truncate(start); cut == nil {
		s.size = start
	}
	return &Error{Err: err, Hint: diskHint(err)}
}

// diskHint returns what to do about an error of writing to a disk.
func diskHint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full: make room; with --checkpoint a replay can go on, and from its spill what record sends"
	case errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "it is more than this user may write: raise the limit; with --checkpoint a replay can go on, and from its spill what record sends"
	}
	return ""
}

// Close makes sure that all is on the disk.
func (s *file) Close(context.Context) error {
	err := s.empty()
	if serr := s.f.Sync(); err == nil {
		err = serr
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system that has no such thing
	}
	if cerr := s.f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Abandon implements Abandoner.
func (s *file) Abandon() error {
	err := s.f.Close()
	if s.created {
		err = errors.Join(err, os.Remove(s.f.Name()))
	}
	return err
}

func (s *file) Position() string { return strconv.FormatInt(s.size, 10) }

func (s *file) Resume(position string) error {
	size, err := strconv.ParseInt(position, 10, 64)
	if err != nil || size < 0 {
		return fmt.Errorf("the checkpoint has no size of %s", s.f.Name())
	}
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return fmt.Errorf("%s has %d bytes; %d were delivered before the interruption", s.f.Name(), info.Size(), size)
	}
	if err := s.f.Truncate(size); err != nil {
		return err
	}
	s.size, s.started, s.replace = size, size > 0, false
	return nil
}
