package segment

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// stride is the distance of the positions that are tried of all: 1, or under the
// race detector (-short), which takes six times as long and looks for something
// else, a prime.
func stride() int {
	if testing.Short() {
		return 11
	}
	return 1
}

// TestEveryFlippedByte flips each byte of a small recording: a full verify must
// find it, and every segment that does not hold the byte must still be read.
func TestEveryFlippedByte(t *testing.T) {
	rec := smallRecording(t)
	for _, c := range readers {
		t.Run(c.name, func(t *testing.T) {
			b := slices.Clone(rec.bytes)
			for i := 0; i < len(b); i += stride() {
				// The stream reader shares all but the source: a sample suffices.
				if c.name == "stream" && i%17 > 0 {
					continue
				}
				flip := byte(1) << (i % 8)
				if i%3 == 0 {
					flip = 0xff
				}
				b[i] ^= flip
				err := rec.checkFlip(c.open, b, int64(i))
				b[i] ^= flip
				if err != nil {
					t.Fatalf("byte %d ^ %#02x: %v", i, flip, err)
				}
			}
		})
	}
}

func (rec *recording) checkFlip(open func([]byte) (*Reader, error), b []byte, at int64) error {
	r, err := open(b)
	if err != nil {
		return err
	}
	report, err := Verify(r, nil)
	if err != nil {
		return err
	}
	if len(report.Problems) == 0 {
		return errors.New("not found by Verify")
	}
	if at < rec.offsets[0] && at%16 > 0 {
		return nil // the header's text: comparing all values each time is slow
	}
	if r, err = open(b); err != nil {
		return err
	}
	found, err := rec.intact(r)
	if err != nil {
		return err
	}
	for i := range rec.segments {
		hit := at >= rec.offsets[i] && at < rec.offsets[i]+rec.sizes[i]
		if !hit && !slices.Contains(found, i) {
			return fmt.Errorf("segment %d was lost with it", i)
		}
		if hit && slices.Contains(found, i) {
			return fmt.Errorf("segment %d was read in spite of it", i)
		}
	}
	return nil
}

// TestTruncation cuts the recording at every length, as a crash does.
func TestTruncation(t *testing.T) {
	rec := smallRecording(t)
	headerEnd := int64(0)
	for _, c := range readers {
		t.Run(c.name, func(t *testing.T) {
			whole, err := c.open(rec.bytes)
			if err != nil {
				t.Fatal(err)
			}
			headerEnd = whole.pos
			list, err := items(whole)
			if err != nil {
				t.Fatal(err)
			}
			boundary := boundaries(rec.bytes)
			for n := int64(0); n < int64(len(rec.bytes)); n += int64(stride()) {
				r, err := c.open(rec.bytes[:n])
				if n < headerEnd {
					if !errors.Is(err, ErrNotRecording) {
						t.Fatalf("%d bytes: error is %v", n, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%d bytes: %v", n, err)
				}
				got, err := items(r)
				if err != nil {
					t.Fatalf("%d bytes: %v", n, err)
				}
				if slices.Contains(boundary, n) {
					if len(got) > 0 && isDamageItem(got[len(got)-1]) {
						t.Fatalf("%d bytes, between two records: %v", n, got[len(got)-1])
					}
				} else {
					d, ok := got[len(got)-1].(*Damage)
					if !ok || !d.Tail || !errors.Is(d.Err, ErrCut) || d.Offset+d.Size != n {
						t.Fatalf("%d bytes: last item is %v", n, got[len(got)-1])
					}
					got = got[:len(got)-1]
				}
				if want := describe(list[:len(got)]); !slices.Equal(want, describe(got)) {
					t.Fatalf("%d bytes: %q instead of %q", n, describe(got), want)
				}
			}
		})
	}
}

func isDamageItem(item Item) bool { _, ok := item.(*Damage); return ok }

// boundaries returns where records end.
func boundaries(b []byte) (ends []int64) {
	pos := int64(len(Preamble))
	for pos < int64(len(b)) {
		env, err := parseEnvelope(b[pos:], nil)
		if err != nil {
			panic(err)
		}
		pos += env.size()
		ends = append(ends, pos)
	}
	return ends
}

func TestDamage(t *testing.T) {
	l := mixedLoad()
	l.batch = 5
	rec := record(t, l, 600, 400, 500)
	seg := func(i int) (from, to int64) { return rec.offsets[i], rec.offsets[i] + rec.sizes[i] }
	zero := func(b []byte, from, to int64) []byte { clear(b[from:to]); return b }
	cut := func(b []byte, from, to int64) []byte { return slices.Delete(b, int(from), int(to)) }
	for _, c := range []struct {
		name    string
		mutate  func(b []byte) []byte
		intact  []int // segments that survive
		damages int
		lost    int64 // events in damages, by Summarize
		tail    bool
	}{
		{"nothing", func(b []byte) []byte { return b }, []int{0, 1, 2}, 0, 0, false},
		{"a segment of zeros", func(b []byte) []byte { f, t := seg(1); return zero(b, f, t) }, []int{0, 2}, 1, 400, false},
		{"the last segment of zeros", func(b []byte) []byte { f, t := seg(2); return zero(b, f, t) }, []int{0, 1}, 1, 500, false},
		{"two segments of zeros", func(b []byte) []byte { f, _ := seg(1); _, t := seg(2); return zero(b, f, t) }, []int{0}, 1, 900, false},
		{"a segment cut out whole", func(b []byte) []byte { f, t := seg(1); return cut(b, f, t) }, []int{0, 2}, 1, 400, false},
		{"a segment cut out within", func(b []byte) []byte { f, t := seg(1); return cut(b, f+100, t-100) }, []int{0, 2}, 1, 400, false},
		{"the end of a segment's data cut out", func(b []byte) []byte { _, t := seg(1); return cut(b, t-50, t) }, []int{0, 2}, 1, 0, false},
		{"bytes of another file put between", func(b []byte) []byte {
			f, _ := seg(1)
			return slices.Insert(b, int(f), bytes.Repeat([]byte("other"), 1000)...)
		}, []int{0, 1, 2}, 1, 0, false},
		{"the header of zeros", func(b []byte) []byte { return zero(b, 0, rec.offsets[0]) }, []int{0, 1, 2}, 1, 0, false},
		{"the end of zeros", func(b []byte) []byte { _, t := seg(2); return zero(b, t, int64(len(b))) }, []int{0, 1, 2}, 1, 0, true},
		{"zeros behind the end, as a power cut leaves them", func(b []byte) []byte { return append(b, make([]byte, 4096)...) }, []int{0, 1, 2}, 1, 0, true},
		{"a segment twice", func(b []byte) []byte {
			f, t := seg(1)
			return slices.Insert(b, int(t), slices.Clone(b[f:t])...)
		}, []int{0, 1, 1, 2}, 1, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.mutate(slices.Clone(rec.bytes))
			for _, rd := range readers {
				r, err := rd.open(b)
				if err != nil {
					t.Fatal(err)
				}
				found, err := rec.intact(r)
				if err != nil || !slices.Equal(found, c.intact) {
					t.Errorf("%s: intact are %v, %v", rd.name, found, err)
				}
				if r, err = rd.open(b); err != nil {
					t.Fatal(err)
				}
				s, err := Summarize(r)
				if err != nil {
					t.Fatal(err)
				}
				if len(s.Damages) != c.damages || s.LostByCause[CauseDamaged] != c.lost {
					t.Errorf("%s: %d events lost in %v", rd.name, s.LostByCause[CauseDamaged], s.Damages)
				}
				if n := len(s.Damages); n > 0 && s.Damages[n-1].Tail != c.tail {
					t.Errorf("%s: tail is %v", rd.name, s.Damages[n-1].Tail)
				}
				if r, err = rd.open(b); err != nil {
					t.Fatal(err)
				}
				report, err := Verify(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if (len(report.Problems) == 0) != (c.damages == 0) {
					t.Errorf("%s: problems are %v", rd.name, report.Problems)
				}
			}
		})
	}
}
