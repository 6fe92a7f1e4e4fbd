package spill_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// encoded is a segment of 100 events with its ranges.
type encoded struct {
	segment.Encoded
	ranges []segment.SeqRange
}

// recording returns segments of a generated recording, encoded anew, and its
// header.
func recording(t *testing.T, segments int, seed uint64) ([]*encoded, *segment.Header) {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, gen.Options{Events: int64(100 * segments), SegmentEvents: 100, Seed: seed, CPUs: 2}); err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	dec, enc := r.NewDecoder(), segment.NewEncoder(r.FileID())
	var list []*encoded
	for {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, r.Header()
		}
		if err != nil {
			t.Fatal(err)
		}
		s, ok := item.(*segment.Segment)
		if !ok {
			continue
		}
		e := &encoded{ranges: s.Ranges}
		var block segment.Block
		if err := dec.ReadBlock(s, nil, &block); err != nil {
			t.Fatal(err)
		}
		if err := enc.Encode(&e.Encoded, &block, segment.SegmentMeta{Ranges: s.Ranges}); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
}

func openDir(t *testing.T, path string) *spill.Dir {
	t.Helper()
	d, err := spill.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// follow reads everything there is behind from, and returns what it was: "100"
// for so many events, the kind of a notice, and the position behind it.
func follow(t *testing.T, d *spill.Dir, from deliver.Position, header *segment.Header) (what []string, end deliver.Position, f *spill.Follower) {
	t.Helper()
	f, err := spill.NewFollower(d, from, header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.Read([]schema.ColumnID{schema.ColSeq})
	end = from
	for {
		b, err := f.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, spill.ErrIdle) {
			return what, end, f
		}
		if err != nil {
			t.Fatal(err)
		}
		end.AdvanceAll(b.Keys)
		switch n := b.Notice.(type) {
		case nil:
			what = append(what, fmt.Sprint(len(b.Rows)))
		case *segment.Gap:
			what = append(what, fmt.Sprintf("%s %d", n.Cause, n.Count))
		default:
			what = append(what, fmt.Sprintf("%T", n))
		}
	}
}

func acknowledge(t *testing.T, d *spill.Dir, p deliver.Position) {
	t.Helper()
	if err := d.Acknowledge(&deliver.Checkpoint{Position: p}); err != nil {
		t.Fatal(err)
	}
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
}

func parts(t *testing.T, path string) (names []string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(path, "*.smr"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		names = append(names, filepath.Base(name))
	}
	return names
}

func TestAFollowerGoesOnBehindAnyPosition(t *testing.T) {
	segments, header := recording(t, 6, 1)
	d := openDir(t, t.TempDir())
	w := spill.NewWriter(d, 1<<20, deliver.Position{})
	if err := w.Begin(header); err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for i, e := range segments {
		gaps := []segment.Gap{{CPU: 0, FirstSeq: int64(1000 + i), Count: 1, Cause: segment.CauseRingFull, FirstNS: 1, LastNS: 2}}
		if !w.Write(gaps, nil, &e.Encoded, e.ranges) {
			t.Fatal("no room")
		}
		total += int64(e.Rows) + 1
	}
	w.End()
	all, end, _ := follow(t, d, deliver.Position{}, header)
	if end.Records != total {
		t.Fatalf("%d records of %d: %q", end.Records, total, all)
	}
	// From each position the rest is what is missing.
	f, err := spill.NewFollower(d, deliver.Position{}, header)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Read([]schema.ColumnID{schema.ColSeq})
	var at deliver.Position
	for {
		b, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, key := range b.Keys {
			at.Advance(key)
			if i%17 != 0 && i != len(b.Keys)-1 {
				continue
			}
			if _, end, _ := follow(t, d, at, header); end.Records != total {
				t.Fatalf("from %+v on there are %d records", at, end.Records-at.Records)
			}
		}
	}
}

func TestAPartGoesWhenTheSinkIsBehindTheNextOne(t *testing.T) {
	path := t.TempDir()
	segments, header := recording(t, 40, 1)
	d := openDir(t, path)
	w := spill.NewWriter(d, 200_000, deliver.Position{}) // parts of 25 kB
	if err := w.Begin(header); err != nil {
		t.Fatal(err)
	}
	sent := deliver.Position{}
	for i, e := range segments {
		if !w.Write(nil, nil, &e.Encoded, e.ranges) {
			t.Fatalf("no room for segment %d; parts %v", i, parts(t, path))
		}
		_, sent, _ = follow(t, d, sent, header)
		acknowledge(t, d, sent)
		if n := len(parts(t, path)); n > 2 {
			t.Fatalf("%d parts, and the sink has everything", n)
		}
	}
	if sent.Records != 4000 {
		t.Errorf("%d records", sent.Records)
	}
	if lag := d.Lag(); lag != 0 {
		t.Errorf("the sink has everything, and is %v behind", lag)
	}
	if waited := d.Waited(); waited.Count() != 40 {
		t.Errorf("the waits of %d segments", waited.Count())
	}
	w.End()
	if err := d.Clear(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(path); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

// spillOne is a recording of one segment, from its beginning to its end.
func spillOne(t *testing.T, d *spill.Dir, header *segment.Header, s *encoded) {
	t.Helper()
	w := spill.NewWriter(d, 1<<20, deliver.Position{})
	if err := w.Begin(header); err != nil {
		t.Fatal(err)
	}
	w.Write(nil, nil, &s.Encoded, s.ranges)
	w.End()
}

func TestPartsOfANewRecordingComeBehindTheCheckpoint(t *testing.T) {
	path := t.TempDir()
	segments, header := recording(t, 4, 1)
	d := openDir(t, path)
	spillOne(t, d, header, segments[0])
	_, sent, _ := follow(t, d, deliver.Position{}, header)
	acknowledge(t, d, sent)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash after the parts were removed, and before the checkpoint was.
	for _, name := range parts(t, path) {
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	d = openDir(t, path)
	c, err := d.Checkpoint()
	if err != nil || c == nil {
		t.Fatalf("checkpoint %v, %v", c, err)
	}
	more, other := recording(t, 2, 2)
	w := spill.NewWriter(d, 1<<20, c.Position)
	if err := w.Begin(other); err != nil {
		t.Fatal(err)
	}
	w.Write(nil, nil, &more[0].Encoded, more[0].ranges)
	w.End()
	if got, _, _ := follow(t, d, c.Position, other); len(got) != 1 || got[0] != "100" {
		t.Errorf("the new recording is %q", got)
	}
}

func TestASegmentThatIsDamagedInTheSpillIsTold(t *testing.T) {
	path := t.TempDir()
	segments, header := recording(t, 3, 1)
	d := openDir(t, path)
	w := spill.NewWriter(d, 1<<20, deliver.Position{})
	if err := w.Begin(header); err != nil {
		t.Fatal(err)
	}
	for _, e := range segments {
		w.Write(nil, nil, &e.Encoded, e.ranges)
	}
	w.End()
	name := filepath.Join(path, "00000001.smr")
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	// The data of the second segment, whose header stays whole.
	at := bytes.Index(file, segments[1].Data[len(segments[1].Data)-200:])
	if at < 0 {
		t.Fatal("the second segment is not in the file")
	}
	for i := range 200 {
		file[at+i] ^= 0x55
	}
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var told deliver.Position // behind the damage
	read := func(from deliver.Position) (got string, damaged int64) {
		f, err := spill.NewFollower(d, from, header)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.Read(nil)
		for {
			b, err := f.Next()
			if errors.Is(err, io.EOF) {
				return got, f.Damaged()
			}
			if err != nil {
				t.Fatal(err)
			}
			if damage, ok := b.Notice.(*segment.Damage); ok {
				got += fmt.Sprintf("damage of %d ", damage.Events)
				told = deliver.Position{Key: b.Keys[0], AtKey: 1}
			} else {
				got += fmt.Sprintf("%d ", len(b.Rows))
			}
		}
	}
	if got, damaged := read(deliver.Position{}); got != "100 damage of 100 100 " || damaged != 100 {
		t.Errorf("%q, %d events damaged", got, damaged)
	}
	if got, damaged := read(told); got != "100 " || damaged != 0 {
		t.Errorf("from behind the damage on: %q, %d events damaged", got, damaged)
	}
}

func TestWhatACrashLeavesOfAPart(t *testing.T) {
	segments, header := recording(t, 3, 1)
	for _, c := range []struct {
		name string
		cut  func(size int) int
		want string
	}{
		{"all of it", func(n int) int { return n }, "[100 100 100]"},
		{"a torn segment", func(n int) int { return n - 1 }, "[100 100 *segment.Damage]"},
		{"a torn header", func(int) int { return 1000 }, "[]"},
		{"an empty file", func(int) int { return 0 }, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir()
			d := openDir(t, path)
			w := spill.NewWriter(d, 1<<20, deliver.Position{})
			if err := w.Begin(header); err != nil {
				t.Fatal(err)
			}
			for _, e := range segments {
				w.Write(nil, nil, &e.Encoded, e.ranges)
			}
			w.End()
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(path, "00000001.smr")
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(name, int64(c.cut(int(info.Size())))); err != nil {
				t.Fatal(err)
			}
			d = openDir(t, path)
			d.End()
			b, err := d.Backlog(deliver.Position{})
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := follow(t, d, deliver.Position{}, nil)
			if fmt.Sprint(got) != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
			events := int64(0)
			for _, g := range got {
				if g == "100" {
					events += 100
				}
			}
			if b.Parts != 1 || b.Events != events {
				t.Errorf("backlog %+v", b)
			}
		})
	}
}

func TestADirectoryHasOneUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spill")
	d := openDir(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := spill.Open(path); !errors.Is(err, spill.ErrBusy) {
		t.Errorf("error %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("a directory that nobody has written to is still there")
	}
	again := openDir(t, path)
	_ = again
}

func TestThePartsStayBelowTheirBound(t *testing.T) {
	segments, header := recording(t, 120, 1)
	all := int64(0)
	for _, e := range segments {
		all += int64(len(e.Data))
	}
	// Up to what the sink lets come together, which is a third of all.
	for limit := all / 5; limit < all*3/10; limit += all / 110 {
		path := t.TempDir()
		d := openDir(t, path)
		w := spill.NewWriter(d, limit, deliver.Position{})
		if err := w.Begin(header); err != nil {
			t.Fatal(err)
		}
		sent := deliver.Position{}
		for i, e := range segments {
			w.Write(nil, nil, &e.Encoded, e.ranges)
			if i%40 == 39 { // now and then the sink makes room
				_, sent, _ = follow(t, d, sent, header)
				acknowledge(t, d, sent)
			}
		}
		w.End()
		if stats := w.Stats(); stats.Kept == 0 || stats.Dropped == 0 || stats.Err != nil {
			t.Errorf("%+v", stats)
		}
		if _, most := d.Bytes(); most > limit {
			t.Errorf("parts of %d bytes, the bound is %d", most, limit)
		}
	}
}

func TestACheckpointThatAPowerCutHasEmptiedIsNone(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "checkpoint"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := openDir(t, path).Checkpoint(); c != nil || err != nil {
		t.Errorf("checkpoint %v, %v", c, err)
	}
}

func TestFilesOfOthersInTheDirectoryStay(t *testing.T) {
	path := t.TempDir()
	for _, name := range []string{"00000007.smr.new", "checkpoint.new", "config.new", ".new", "x.smr", "1.smr.new"} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := openDir(t, path)
	if err := d.Clear(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	if got := fmt.Sprint(names); got != "[.new 1.smr.new config.new x.smr]" {
		t.Errorf("left: %s", got)
	}
}

func TestADirectoryThatAllMayWriteToIsRefused(t *testing.T) {
	path := t.TempDir()
	if err := os.Chmod(path, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if d, err := spill.Open(path); err == nil || !strings.Contains(err.Error(), "everyone may write") {
		t.Errorf("error %v", err)
		_ = d.Close()
	}
}

func TestAWriterThatIsDiscardedLeavesWhatWasThere(t *testing.T) {
	path := t.TempDir()
	segments, header := recording(t, 2, 1)
	d := openDir(t, path)
	spillOne(t, d, header, segments[0])
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openDir(t, path)
	_, other := recording(t, 1, 2)
	w := spill.NewWriter(d, 1<<20, deliver.Position{})
	if err := w.Discard(); err != nil { // before it has begun
		t.Fatal(err)
	}
	if err := w.Begin(other); err != nil {
		t.Fatal(err)
	}
	w.Coverage(&segment.Coverage{})
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(parts(t, path)); got != "[00000001.smr]" {
		t.Errorf("parts %s", got)
	}
	if got, _, _ := follow(t, d, deliver.Position{}, nil); fmt.Sprint(got) != "[100]" {
		t.Errorf("%q", got)
	}
}

func TestAnIdleFollowerWaits(t *testing.T) {
	segments, header := recording(t, 2, 1)
	d := openDir(t, t.TempDir())
	w := spill.NewWriter(d, 1<<20, deliver.Position{})
	if err := w.Begin(header); err != nil {
		t.Fatal(err)
	}
	_, _, f := follow(t, d, deliver.Position{}, header)
	if err := f.Wait(t.Context()); err != nil { // Begin
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := f.Next(); !errors.Is(err, spill.ErrIdle) {
		t.Errorf("error %v", err)
	}
	go w.Write(nil, nil, &segments[0].Encoded, segments[0].ranges)
	if err := f.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Next(); err != nil || len(b.Rows) != 100 {
		t.Errorf("%+v, %v", b, err)
	}
}
