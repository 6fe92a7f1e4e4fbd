package text_test

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// manySentences is a block in which each table has enough rows for a plan.
func manySentences(t testing.TB) *segment.Block {
	var events []values
	for i := range 300 {
		e := sentences[i%len(sentences)].event
		more := values{schema.ColSockfd: i, schema.ColSeq: i}
		if _, socket := e[schema.ColSocketInode]; socket {
			more[schema.ColSocketInode] = 1000 + i
		}
		events = append(events, e.with(more))
	}
	return newBlock(t, events...)
}

// FuzzPlan changes a block of many events in any way, and compares what is
// printed by a plan made for the block with what is printed without: a block of
// one event has no plan and nothing to keep.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{})
	for column := range schema.All() {
		if testing.Short() && column%7 > 0 { // under the race detector
			continue
		}
		c := byte(column)
		f.Add([]byte{c, 7, 1, 0, 0, 0, c, 8, 0, 0, 1, 0, c, 9, 251, 255, 4, 40}) // a number, a null, a large number
		f.Add([]byte{c, 0, 2, 0, 2, 0, c, 255, 1, 0, byte(column % 2), 0})       // all the same but for one
		f.Add([]byte{c, 0, 0, 0, 3 - byte(column%2), 0})                         // all null, or all 0
	}
	base := manySentences(f)
	f.Fuzz(func(t *testing.T, changes []byte) {
		var copier rows.Copier
		var b, one segment.Block
		copier.Reset(&b)
		copier.Source(base)
		for row := range base.Rows[schema.TableEvent] {
			copier.Copy(row)
		}
		gen.Disturb(&b, changes)
		for _, c := range []struct {
			format text.Format
			fields []string
		}{
			{text.JSON, nil}, {text.CSV, nil},
			{text.Line, []string{"name_text", "errno", "flags_text", "vlen", "iov_base", "comm", "start_wall_time"}},
		} {
			planned, plain := newPrinter(t, c.format, c.fields...), newPrinter(t, c.format, c.fields...)
			planned.SetBlock(&b)
			for row := range b.Rows[schema.TableEvent] {
				copier.Reset(&one)
				copier.Source(&b)
				copier.Copy(row)
				plain.SetBlock(&one)
				got, want := planned.Event(nil, row), plain.Event(nil, 0)
				if string(got) != string(want) {
					t.Fatalf("format %d, row %d:\n got %s\nwant %s", c.format, row, got, want)
				}
			}
		}
	})
}
