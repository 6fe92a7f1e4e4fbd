package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// tracingReaderAt notes which bytes were read.
type tracingReaderAt struct {
	src  io.ReaderAt
	read []bool
}

func (r *tracingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.src.ReadAt(p, off)
	for i := range n {
		r.read[off+int64(i)] = true
	}
	return n, err
}

func TestProjectionReadsOnlyItsColumns(t *testing.T) {
	rec := record(t, mixedLoad(), 20000)
	for _, c := range []struct {
		name string
		cols []schema.ColumnID
		want []schema.ColumnID // whose bytes may be read
	}{
		{"one column", []schema.ColumnID{schema.ColDurationNS}, []schema.ColumnID{schema.ColDurationNS}},
		{"two columns", []schema.ColumnID{schema.ColTimeNS, schema.ColCPU}, []schema.ColumnID{schema.ColTimeNS, schema.ColCPU}},
		{"a column of a table, with the ref that leads there", []schema.ColumnID{schema.ColComm}, []schema.ColumnID{schema.ColComm, schema.ColTaskRef}},
		{"a relative column, with the one that it is relative to", []schema.ColumnID{schema.ColIovLen}, []schema.ColumnID{schema.ColIovLen, schema.ColRet}},
		{"no column", []schema.ColumnID{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := &tracingReaderAt{bytes.NewReader(rec.bytes), make([]bool, len(rec.bytes))}
			r, err := NewReader(src, int64(len(rec.bytes)))
			if err != nil {
				t.Fatal(err)
			}
			item, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			s, before := item.(*Segment), r.BytesRead()
			var b Block
			if err := r.NewDecoder().ReadBlock(s, c.cols, &b); err != nil {
				t.Fatal(err)
			}
			want := int64(0)
			for _, id := range c.want {
				want += int64(s.byID(id).size)
			}
			if got := r.BytesRead() - before; got != want {
				t.Errorf("%d bytes read instead of %d", got, want)
			}
			for i := range s.columns {
				col, read := &s.columns[i], false
				for at := col.offset; at < col.offset+int64(col.size); at++ {
					read = read || src.read[at]
				}
				wanted := false
				for _, id := range c.want {
					wanted = wanted || id == col.id
				}
				if read && !wanted {
					t.Errorf("column %d was read", col.id)
				}
			}
			checkOnly(t, &b, rec.segments[0], c.cols)
		})
	}
}

// checkOnly checks that b holds the columns and, refs aside, no others.
func checkOnly(t *testing.T, b, want *Block, cols []schema.ColumnID) {
	t.Helper()
	asked := map[schema.ColumnID]bool{}
	for _, id := range cols {
		asked[id] = true
	}
	for _, c := range schema.Columns() {
		empty := len(b.Cols[c.ID].Ints) == 0 && len(b.Cols[c.ID].Offsets) == 0
		if empty == asked[c.ID] {
			t.Errorf("column %s is there: %v", c.Name, !empty)
		}
		if asked[c.ID] && c.Kind == schema.KindInt {
			for row := range b.Rows[0] {
				w, _ := want.Int(c.ID, row)
				if g, _ := b.Int(c.ID, row); g != w {
					t.Fatalf("row %d of %s: %d instead of %d", row, c.Name, g, w)
				}
			}
		}
	}
}

// TestDecodersRunConcurrently is for the race detector.
func TestDecodersRunConcurrently(t *testing.T) {
	rec := record(t, mixedLoad(), 900, 800, 700, 600)
	for _, rd := range readers {
		r, err := rd.open(rec.bytes)
		if err != nil {
			t.Fatal(err)
		}
		work := make(chan *Segment)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				d := r.NewDecoder()
				var b Block
				for s := range work {
					if err := d.ReadBlock(s, nil, &b); err != nil {
						t.Error(err)
					}
					if err := equalBlocks(rec.segments[9-s.Rows/100], &b); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 3 {
			list, err := items(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range list {
				if s, ok := item.(*Segment); ok {
					work <- s
				}
			}
			if rd.name == "stream" {
				break
			}
			if _, err := Summarize(r); err != nil {
				t.Error(err)
			}
			if err := r.SeekTime(0); err != nil {
				t.Error(err)
			}
		}
		close(work)
		wg.Wait()
	}
}

// TestReadMoreAddsColumns reads a block piece by piece, a column before and
// after the one that it is relative to, and compares it with all at once.
func TestReadMoreAddsColumns(t *testing.T) {
	l := mixedLoad()
	l.nulls = true
	r, err := open(record(t, l, 3000).bytes)
	if err != nil {
		t.Fatal(err)
	}
	item, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	s, d := item.(*Segment), r.NewDecoder()
	var whole, b Block
	if err := d.ReadBlock(s, nil, &whole); err != nil {
		t.Fatal(err)
	}
	if err := d.ReadBlock(s, []schema.ColumnID{schema.ColTimeNS}, &b); err != nil {
		t.Fatal(err)
	}
	for _, cols := range [][]schema.ColumnID{
		{schema.ColRequestedBytes}, {schema.ColComm}, {schema.ColRet, schema.ColTimeNS}, {}, {schema.ColIovLen, schema.ColTaskRef},
	} {
		before := d.Stats()
		held := []schema.ColumnID{}
		for _, c := range schema.All() {
			if b.Has(c.ID) {
				held = append(held, c.ID)
			}
		}
		if err := d.ReadMore(s, cols, &b); err != nil {
			t.Fatal(err)
		}
		for _, id := range append(held, cols...) {
			got, want := &b.Cols[id], &whole.Cols[id]
			if !slices.Equal(got.Ints, want.Ints) || !bytes.Equal(got.Bytes, want.Bytes) ||
				!slices.Equal(got.Offsets, want.Offsets) || !slices.Equal(got.Nulls, want.Nulls) {
				t.Errorf("after %v: column %s differs", cols, schema.ByID(id).Name)
			}
		}
		if len(cols) == 0 && d.Stats() != before {
			t.Errorf("decoded %+v for no column", d.Stats())
		}
		for _, c := range schema.All() {
			if want := slices.Contains(held, c.ID) || slices.Contains(cols, c.ID); b.Has(c.ID) != want && b.Rows[c.Table] > 0 {
				t.Errorf("after %v: the block has column %s: %v", cols, c.Name, !want)
			}
		}
	}
	before := d.Stats()
	if err := d.ReadMore(s, []schema.ColumnID{schema.ColRet, schema.ColComm, schema.ColIovLen}, &b); err != nil || d.Stats() != before {
		t.Errorf("decoded %+v again, %v", d.Stats(), err)
	}
	if err := d.ReadMore(s, nil, &Block{}); err == nil {
		t.Error("a block of another segment was taken")
	}
}

// TestScanReadsWhatReadBlockReads puts the windows of scans together again, of
// columns that the block held before and of others, one scan after the other.
func TestScanReadsWhatReadBlockReads(t *testing.T) {
	l := mixedLoad()
	l.nulls = true
	r, err := open(record(t, l, 3000, 40, WindowRows, 9000).bytes)
	if err != nil {
		t.Fatal(err)
	}
	every := []schema.ColumnID{}
	for _, c := range schema.All() {
		every = append(every, c.ID)
	}
	list, err := items(r)
	if err != nil {
		t.Fatal(err)
	}
	d := r.NewDecoder()
	var whole, b Block
	var scan Scan
	if err := d.Scan(list[0].(*Segment), nil, &Block{}, &scan); err == nil {
		t.Error("a block of another segment was taken")
	}
	for i, cols := range [][]schema.ColumnID{
		every, {schema.ColDurationNS, schema.ColRequestedBytes, schema.ColComm}, {}, {schema.ColTimeNS, schema.ColTaskRef, schema.ColIovLen, schema.ColName}, every,
	} {
		for _, item := range list {
			s, ok := item.(*Segment)
			if !ok {
				continue
			}
			if err := d.ReadBlock(s, nil, &whole); err != nil {
				t.Fatal(err)
			}
			held := [][]schema.ColumnID{{}, {schema.ColRet}, {schema.ColRequestedBytes, schema.ColCallRef}}[i%3]
			if err := d.ReadBlock(s, held, &b); err != nil {
				t.Fatal(err)
			}
			before := d.Stats()
			if err := d.Scan(s, cols, &b, &scan); err != nil {
				t.Fatal(err)
			}
			next := 0
			for from, window := range scan.Windows() {
				to := from + window.Rows[schema.TableEvent]
				if from != next || to > s.Rows || to-from != WindowRows && to != s.Rows {
					t.Fatalf("a window of %d to %d behind %d of %d", from, to, next, s.Rows)
				}
				next = to
				for _, id := range append(slices.Clone(cols), held...) {
					if err := sameRows(window, &whole, id, from, to); err != nil {
						t.Fatalf("scan %d, segment of %d rows, from %d: column %s: %v", i, s.Rows, from, schema.ByID(id).Name, err)
					}
				}
			}
			if next != s.Rows {
				t.Fatalf("windows end at %d of %d", next, s.Rows)
			}
			if len(cols) == 0 && d.Stats() != before {
				t.Errorf("decoded %+v for no column", d.Stats())
			}
		}
	}
}

// sameRows compares what a window has of a column with the rows from from to to of
// the whole block, or with all rows of another table than the events'.
func sameRows(window, whole *Block, id schema.ColumnID, from, to int) error {
	if schema.ByID(id).Table != schema.TableEvent {
		from, to = 0, whole.Rows[schema.ByID(id).Table]
	}
	got, want := &window.Cols[id], &whole.Cols[id]
	for i := from; i < to; i++ {
		j := i - from
		switch null := want.IsNull(i); {
		case got.IsNull(j) != null:
			return fmt.Errorf("row %d: null is %v", i, !null)
		case null:
		case schema.ByID(id).Kind == schema.KindInt && got.Ints[j] != want.Ints[i]:
			return fmt.Errorf("row %d: %d instead of %d", i, got.Ints[j], want.Ints[i])
		case schema.ByID(id).Kind == schema.KindBytes && !bytes.Equal(got.BytesAt(j), want.BytesAt(i)):
			return fmt.Errorf("row %d: %x instead of %x", i, got.BytesAt(j), want.BytesAt(i))
		case schema.ByID(id).Kind == schema.KindIntList && !slices.Equal(got.ListAt(j), want.ListAt(i)):
			return fmt.Errorf("row %d: %d instead of %d", i, got.ListAt(j), want.ListAt(i))
		}
	}
	return nil
}

// A column that does not decode is an error of Scan, whichever way it is read, and
// leaves the block with what it held.
func TestScanTellsADamagedColumn(t *testing.T) {
	rec := record(t, mixedLoad(), 3000)
	for _, id := range []schema.ColumnID{schema.ColDurationNS, schema.ColRet, schema.ColTaskRef, schema.ColIovLen} {
		r, err := open(rec.bytes)
		if err != nil {
			t.Fatal(err)
		}
		item, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		b := slices.Clone(rec.bytes)
		c := item.(*Segment).byID(id)
		b[c.offset+int64(c.size)/2] ^= 4
		if r, err = open(b); err != nil {
			t.Fatal(err)
		}
		if item, err = r.Next(); err != nil {
			t.Fatal(err)
		}
		s, d := item.(*Segment), r.NewDecoder()
		var block Block
		var scan Scan
		if err := d.ReadBlock(s, []schema.ColumnID{schema.ColTimeNS}, &block); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		err = d.Scan(s, []schema.ColumnID{schema.ColRequestedBytes, id}, &block, &scan)
		if !errors.As(err, &corrupt) || corrupt.Column != schema.ByID(id).Name || !block.Has(schema.ColTimeNS) {
			t.Errorf("%s: %v", schema.ByID(id).Name, err)
		}
	}
}
