package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// archive writes an initial RAM disk: a cpio archive in the "newc" form
// (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).
type archive struct {
	w     io.Writer
	inode int
	dirs  []string
	err   error
}

const (
	modeDir  = 0o040755
	modeFile = 0o100755
	modeLink = 0o120777
)

// add adds a file, with the directories above it.
func (a *archive) add(name string, content []byte) { a.entry(name, modeFile, content) }

// link adds a symbolic link.
func (a *archive) link(name, target string) { a.entry(name, modeLink, []byte(target)) }

// dir adds an empty directory.
func (a *archive) dir(name string) {
	if name == "." || name == "/" || slices.Contains(a.dirs, name) {
		return
	}
	a.dirs = append(a.dirs, name)
	a.entry(name, modeDir, nil)
}

// addFile adds a file of the host.
func (a *archive) addFile(name, source string) error {
	b, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	a.add(name, b)
	return a.err
}

func (a *archive) entry(name string, mode int, content []byte) {
	a.dir(path.Dir(name))
	a.inode++
	a.write(strings.TrimPrefix(name, "/"), mode, content)
}

func (a *archive) write(name string, mode int, content []byte) {
	if a.err != nil {
		return
	}
	var b bytes.Buffer
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor,
	// rdevmajor, rdevminor, namesize, check
	fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	b.WriteString(name)
	b.WriteByte(0)
	pad(&b)
	b.Write(content)
	pad(&b)
	_, a.err = a.w.Write(b.Bytes())
}

func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}

// close ends the archive.
func (a *archive) close() error {
	a.inode = 0
	a.write("TRAILER!!!", 0, nil)
	return a.err
}
