package segment

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// source is where a Reader's bytes come from: an io.ReaderAt of known size, or
// a stream of which a window is kept.
type source interface {
	// bytes returns n bytes at off, or what there is of them at the end of the
	// input, valid until the next call. The error is the input's.
	bytes(off int64, n int) ([]byte, error)
	// forget says that nothing before off will be asked for again.
	forget(off int64)
	// size is the length of the input, -1 when unknown.
	size() int64
}

// atSource reads from an io.ReaderAt. Decoders read from it concurrently by
// readAt; bytes is the Reader's alone.
type atSource struct {
	src  io.ReaderAt
	n    int64
	buf  []byte
	read atomic.Int64
}

func (s *atSource) readAt(p []byte, off int64) (int, error) {
	n, err := s.src.ReadAt(p, off)
	s.read.Add(int64(n))
	if n == len(p) || err == io.EOF {
		err = nil
	}
	return n, err
}

func (s *atSource) bytes(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), max(0, s.n-off)))
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	if n == 0 {
		return nil, nil
	}
	got, err := s.readAt(s.buf[:n], off)
	if err != nil {
		return nil, fmt.Errorf("read at offset %d: %w", off, err)
	}
	return s.buf[:got], nil
}

func (s *atSource) forget(int64) {}
func (s *atSource) size() int64  { return s.n }

// streamSource reads from a pipe and keeps what was not forgotten yet.
type streamSource struct {
	src    io.Reader
	window []byte
	start  int64 // offset of window[0]
	keep   int64
	eof    bool
	read   atomic.Int64
}

// The step in which a stream's window grows: memory follows the bytes that
// arrive, never a length that the file claims.
const streamStep = 1 << 16

func (s *streamSource) bytes(off int64, n int) ([]byte, error) {
	if off < s.start {
		return nil, fmt.Errorf("offset %d of a stream is gone: %w", off, colblock.ErrCorrupt)
	}
	for !s.eof && s.start+int64(len(s.window)) < off+int64(n) {
		if drop := min(s.keep-s.start, int64(len(s.window))); drop > int64(len(s.window))/2 {
			s.window = s.window[:copy(s.window, s.window[drop:])]
			s.start += drop
		}
		have := len(s.window)
		if cap(s.window)-have < streamStep {
			s.window = append(s.window, make([]byte, streamStep)...)[:have]
		}
		got, err := s.src.Read(s.window[have:min(cap(s.window), have+streamStep)])
		s.window = s.window[:have+got]
		s.read.Add(int64(got))
		switch {
		case err == io.EOF:
			s.eof = true
		case err != nil:
			return nil, fmt.Errorf("read at offset %d: %w", s.start+int64(len(s.window)), err)
		}
	}
	from := min(off-s.start, int64(len(s.window)))
	to := min(from+int64(n), int64(len(s.window)))
	return s.window[from:to], nil
}

func (s *streamSource) forget(off int64) { s.keep = max(s.keep, off) }

func (s *streamSource) size() int64 {
	if s.eof {
		return s.start + int64(len(s.window))
	}
	return -1
}
