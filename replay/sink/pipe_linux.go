package sink

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// pipeBytes is what an unprivileged process may ask for (fs.pipe-max-size).
const pipeBytes = 1 << 20

// widen makes a pipe hold more, so that writer and reader change places less
// often. What is no pipe, or may not grow, stays as it is.
func widen(w io.Writer) {
	if f, ok := w.(*os.File); ok {
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, pipeBytes)
	}
}
