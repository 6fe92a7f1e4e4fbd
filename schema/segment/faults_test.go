package segment

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

var errInjected = errors.New("injected")

// failingWriter fails write number n, after it wrote a part.
type failingWriter struct {
	bytes.Buffer
	n    int
	part bool // a short write without an error of its own
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.n--; w.n == -1 {
		w.Buffer.Write(p[:len(p)/3])
		if w.part {
			return len(p) / 2, nil
		}
		return len(p) / 2, errInjected
	}
	return w.Buffer.Write(p)
}

// write makes a recording of several kinds of records and returns the first
// error.
func write(out io.Writer) error {
	w, err := NewWriter(out, testHeader())
	if err != nil {
		return err
	}
	var b Block
	var e Encoded
	l := uniformLoad()
	enc := NewEncoder(w.FileID())
	for range 3 {
		if err := enc.Encode(&e, &b, l.fill(&b, 20)); err != nil {
			return err
		}
		if err := w.WriteSegment(&e); err != nil {
			if again := w.WriteGap(Gap{}); again == nil {
				return errors.New("a write behind a failed one succeeded")
			}
			return err
		}
		if err := w.WriteGap(Gap{Cause: CauseRingFull}); err != nil {
			return err
		}
	}
	return w.Close(&End{})
}

// TestWriterFaults fails write 0, 1, 2 … until none is left: each error must
// surface, and what was written before must be readable.
func TestWriterFaults(t *testing.T) {
	for _, part := range []bool{false, true} {
		for n := 0; ; n++ {
			w := &failingWriter{n: n, part: part}
			err := write(w)
			if w.n >= 0 {
				if err != nil || n != 8 {
					t.Fatalf("after %d writes: %v", n, err)
				}
				break
			}
			if want := map[bool]error{false: errInjected, true: io.ErrShortWrite}[part]; !errors.Is(err, want) {
				t.Fatalf("write %d: error is %v", n, err)
			}
			if n == 0 {
				continue // a part of a header is no recording
			}
			r, err := open(w.Bytes())
			if err != nil {
				t.Fatalf("write %d: %v", n, err)
			}
			s, err := Summarize(r)
			if err != nil || s.Segments != n/2 || len(s.Damages) != 1 || !s.Damages[0].Tail || s.Complete || (s.UnknownTail == "") != (s.End != nil) {
				t.Fatalf("write %d: %+v, %v", n, s, err)
			}
		}
	}
}

// failingReaderAt fails read number n.
type failingReaderAt struct {
	src io.ReaderAt
	n   int
}

func (r *failingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if r.n--; r.n == -1 {
		return 0, errInjected
	}
	return r.src.ReadAt(p, off)
}

func (r *failingReaderAt) Read(p []byte) (int, error) {
	if r.n--; r.n == -1 {
		return 0, errInjected
	}
	return r.src.(io.Reader).Read(p)
}

// TestReaderFaults fails read 0, 1, 2 … until none is left, in everything that
// reads: an error of the source is never taken for damage.
func TestReaderFaults(t *testing.T) {
	rec := record(t, uniformLoad(), 2000, 20, 3000)
	intact := func([]byte) []byte { return rec.bytes }
	noIndex := func(b []byte) []byte { return b[:len(b)-TrailerSize] }
	for _, c := range []struct {
		name   string
		mutate func([]byte) []byte
		open   func(src *failingReaderAt, size int) (*Reader, error)
		use    func(*Reader) error
	}{
		{"verify a file", intact, openFailing, func(r *Reader) error { _, err := Verify(r, nil); return err }},
		{"verify a stream", intact, streamFailing, func(r *Reader) error { _, err := Verify(r, nil); return err }},
		{"summarize", intact, openFailing, func(r *Reader) error { _, err := Summarize(r); return err }},
		{"seek by the index", intact, openFailing, func(r *Reader) error { return r.SeekTime(1 << 62) }},
		{"seek by scanning", noIndex, openFailing, func(r *Reader) error { return r.SeekTime(1 << 62) }},
		{"read behind damage", func(b []byte) []byte {
			b = bytes.Clone(b)
			b[rec.offsets[1]+3]++
			return b
		}, openFailing, func(r *Reader) error { _, err := Verify(r, nil); return err }},
		{"find a first record", func(b []byte) []byte {
			b = bytes.Clone(b)
			clear(b[:rec.offsets[0]])
			return b
		}, openFailing, func(r *Reader) error { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.mutate(rec.bytes)
			for n := 0; ; n++ {
				src := &failingReaderAt{bytes.NewReader(b), n}
				r, err := c.open(src, len(b))
				if err == nil {
					err = c.use(r)
				}
				if src.n >= 0 {
					if err != nil {
						t.Fatalf("without a fault: %v", err)
					}
					return
				}
				if !errors.Is(err, errInjected) {
					t.Fatalf("read %d: error is %v", n, err)
				}
			}
		})
	}
}

func openFailing(src *failingReaderAt, size int) (*Reader, error) {
	return NewReader(src, int64(size))
}

func streamFailing(src *failingReaderAt, _ int) (*Reader, error) { return NewStreamReader(src) }
