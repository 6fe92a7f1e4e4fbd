//go:build unix

package spill

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lock keeps other processes out until it is closed. A directory of another
// user is refused: it is not ours to write to, least of all without privileges.
// So is one in which others could put parts of theirs, as /tmp.
func lock(root *os.Root) (io.Closer, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	const hint = "name a directory of your own, or one that does not exist"
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return nil, errors.Join(fmt.Errorf("belongs to user %d; run this as that user, or %s", s.Uid, hint), f.Close())
	}
	if info.Mode().Perm()&0o002 != 0 {
		return nil, errors.Join(errors.New("everyone may write to it; "+hint), f.Close())
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrBusy
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
