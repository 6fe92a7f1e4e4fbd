package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// newFile is a file that appears under its path only when it is complete. Until
// commit it has another name beside it, and discard removes it.
type newFile struct {
	ctx   context.Context
	path  string
	force bool
	temp  *os.File
	size  int64
	tell  func(done int64) // called after each Write
}

// createNewFile begins the file. Without force a path that exists is an error;
// with force a regular file there is replaced by commit.
func createNewFile(ctx context.Context, path string, force bool, tell func(done int64)) (*newFile, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s exists and is no regular file", path)
	case !force:
		return nil, fmt.Errorf("%s exists; --force replaces it", path)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	return &newFile{ctx: ctx, path: path, force: force, temp: temp, tell: tell}, nil
}

// Write appends p, unless the context has ended.
func (f *newFile) Write(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.temp.Write(p)
	f.size += int64(n)
	f.tell(f.size)
	return n, err
}

// commit gives the file its name.
func (f *newFile) commit() error {
	if err := f.temp.Close(); err != nil {
		return err
	}
	if f.force {
		return os.Rename(f.temp.Name(), f.path)
	}
	err := unix.Renameat2(unix.AT_FDCWD, f.temp.Name(), unix.AT_FDCWD, f.path, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// The file system cannot; createNewFile found nothing there.
		return os.Rename(f.temp.Name(), f.path)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: f.temp.Name(), New: f.path, Err: err}
	}
	return nil
}

// discard removes the file when commit has not given it its name.
func (f *newFile) discard() {
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
}

var _ io.Writer = (*newFile)(nil)
