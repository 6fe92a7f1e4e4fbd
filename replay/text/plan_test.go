package text_test

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// A block with many events is printed by a plan made for it; what comes out is
// the same as for blocks of few events, which have none.
func TestManyEventsArePrintedAsFewAre(t *testing.T) {
	for _, o := range []gen.Options{{Events: 3000, Seed: 5, SegmentEvents: 1000}, {Events: 1000, Uniform: true}} {
		blocks := readBlocks(t, o, nil)
		// A column with a null in the last row alone, and one that is null but there.
		blocks[0].Cols[schema.ColRet].SetNull(999)
		for row := range 998 {
			blocks[0].Cols[schema.ColDurationNS].SetNull(row)
		}
		for _, f := range []text.Format{text.Line, text.JSON, text.CSV} {
			for _, fields := range [][]string{nil, {"ret", "duration_ns", "comm", "iov_len", "errno", "attempt_of", "toctou_text", "control_decoded"}, {"attempt_of"}} {
				many, few := newPrinter(t, f, fields...), newPrinter(t, f, fields...)
				var copier rows.Copier
				for _, b := range blocks {
					many.SetBlock(b)
					for from := 0; from < b.Rows[schema.TableEvent]; from += 50 {
						var part segment.Block
						copier.Reset(&part)
						copier.Source(b)
						for row := from; row < min(from+50, b.Rows[schema.TableEvent]); row++ {
							copier.Copy(row)
						}
						few.SetBlock(&part)
						for row := range part.Rows[schema.TableEvent] {
							got, want := many.Event(nil, from+row), few.Event(nil, row)
							if string(got) != string(want) {
								t.Fatalf("format %d, row %d:\n%s\n%s", f, from+row, got, want)
							}
						}
					}
				}
			}
		}
	}
}
