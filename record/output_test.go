package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestCreateOutput(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(dir string) // makes dir/x.smr
		force bool
		says  string // in the error; empty is success
	}{
		{"a new file is created", func(string) {}, false, ""},
		{"an existing file is not overwritten, and the hint names --force", func(dir string) { write(t, dir+"/x.smr", "old") }, false, "--force"},
		{"with force a regular file is replaced", func(dir string) { write(t, dir+"/x.smr", "old") }, true, ""},
		{"a symbolic link is not followed", func(dir string) { write(t, dir+"/target", "old"); link(t, dir+"/target", dir+"/x.smr") }, false, "symbolic link"},
		{"nor with force", func(dir string) { write(t, dir+"/target", "old"); link(t, dir+"/target", dir+"/x.smr") }, true, "symbolic link"},
		{"nor one that leads nowhere", func(dir string) { link(t, dir+"/nowhere", dir+"/x.smr") }, true, "symbolic link"},
		{"a directory is not replaced", func(dir string) { os.Mkdir(dir+"/x.smr", 0o700) }, true, "no regular file"},
		{"a pipe is not replaced", func(dir string) { unix.Mkfifo(dir+"/x.smr", 0o600) }, true, "no regular file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.setup(dir)
			path := filepath.Join(dir, "x.smr")
			out, err := CreateOutput(path, c.force)
			if err == nil {
				defer out.Close()
			}
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, ErrExists) {
					t.Fatalf("error %v, want ErrExists with %q", err, c.says)
				}
				if old, err := os.ReadFile(dir + "/target"); err == nil && string(old) != "old" {
					t.Error("the link's target was changed")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil || info.Mode() != 0o600 || info.Size() != 0 {
				t.Errorf("%v %v, want an empty file with mode 0600", info, err)
			}
		})
	}
}

func TestAReaderOfTheReplacedFileKeepsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.smr")
	write(t, path, "old")
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	out, err := CreateOutput(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if b := make([]byte, 10); func() int { n, _ := reader.Read(b); return n }() != 3 {
		t.Error("the old file is gone for its reader")
	}
}

func TestRemoveLeavesAForeignFileAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.smr")
	out, err := CreateOutput(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	write(t, path, "another's")
	if err := out.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("another's file was removed: %v", err)
	}
}

// faultyFile fails its n-th operation and all later writes, as a full disk
// does; a failing write still writes a part.
type faultyFile struct {
	*os.File
	left  int
	fault error
	hit   *string
}

func (f *faultyFile) operation(name string) error {
	f.left--
	if f.left < 0 {
		if *f.hit == "" {
			*f.hit = name
		}
		return f.fault
	}
	return nil
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.operation("write"); err != nil {
		n, _ := f.File.Write(p[:len(p)/3])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.operation("sync"); err != nil {
		return err
	}
	return nil
}

// Operation 0, 1, 2 … of the file fails, until a recording passes: each fault
// must surface, what was written before must be readable and end with a whole
// record, and the account must still add up.
func TestEveryFailingFileOperationSurfaces(t *testing.T) {
	fault := fmt.Errorf("injected: %w", unix.ENOSPC)
	const events = 40
	for n := range 100 {
		path := filepath.Join(t.TempDir(), "x.smr")
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		hit := ""
		out := &Output{f: &faultyFile{f, n, fault, &hit}, path: path, regular: true}
		s := newScript(2)
		for i := range events / 2 {
			s.steps = append(s.steps, send(i%2), send(0), pause)
			if i == 5 {
				s.steps = append(s.steps, lose(1, ringFull), send(1), lose(0, skippedEntry))
			}
		}
		r, err := New(s, out, &segment.Header{}, Options{SegmentEvents: 4, Clock: s.clock})
		if n < 2 { // the header, and what is watched
			if !errors.Is(err, fault) || (out.Size() == 0) != (n == 0) {
				t.Fatalf("operation %d, before the recording: %v, %d bytes", n, err, out.Size())
			}
			f.Close()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		s.ended = func() { r.Stop("script-end") }
		summary, err := r.Run()
		f.Close()
		if hit == "" {
			if err != nil || summary.Events != events+1 || !summary.Complete {
				t.Fatalf("without a fault: %v, %+v", err, summary)
			}
			if n < 10 {
				t.Errorf("only %d operations", n)
			}
			return
		}
		if !errors.Is(err, fault) || errors.Is(err, ErrAccount) || !strings.Contains(err.Error(), "free some space") && hit == "write" {
			t.Errorf("operation %d (%s) failed, and the recording says %v", n, hit, err)
		}
		if summary.Complete || summary.Events+summary.Lost != summary.Seen {
			t.Errorf("operation %d (%s) failed: %+v", n, hit, summary)
		}
		got := readBack(t, path)
		rows := int64(0)
		for _, n := range got.rows {
			rows += int64(n)
		}
		info, statErr := os.Stat(path)
		if statErr != nil || info.Size() != out.Size() {
			t.Errorf("operation %d (%s) failed: the file has %d bytes, whole records end at %d", n, hit, info.Size(), out.Size())
		}
		if rows != summary.Events {
			t.Errorf("operation %d (%s) failed: %d events in the file, %d in the summary", n, hit, rows, summary.Events)
		}
	}
	t.Error("the recording never passed")
}

func TestAFullDiskSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	// Where this is not permitted the injected faults above have to do.
	if err := mountTmpfs(t, dir, "size=64k"); err != nil {
		t.Skipf("needs root to mount a file system: %v", err)
	}
	out, err := CreateOutput(filepath.Join(dir, "x.smr"), false)
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(1)
	seed := uint64(1)
	for range 200 {
		s.steps = append(s.steps, times(100, send(0, func(e *testEvent) {
			seed = seed*6364136223846793005 + 1
			e.Call.MsgPtr, e.DurationNS, e.iov[0].Base = seed>>20, seed>>40, seed>>16
		})), pause)
	}
	r, err := New(s, out, &segment.Header{}, Options{SegmentEvents: 100, Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	s.ended = func() { r.Stop("script-end") }
	summary, err := r.Run()
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "free some space") || errors.Is(err, ErrAccount) {
		t.Errorf("error %v", err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	got := readBack(t, filepath.Join(dir, "x.smr"))
	if int64(len(got.seqs[0])) != summary.Events || summary.Events == 0 || summary.LostByCause["not_written"] == 0 {
		t.Errorf("%d events in the file, summary %+v", len(got.seqs[0]), summary)
	}
}

// mountTmpfs mounts a file system that only the calling thread sees, which
// ends with the test.
func mountTmpfs(t *testing.T, dir, options string) error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}
