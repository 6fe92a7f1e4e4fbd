package filter

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// truth is a value of three-valued logic.
type truth int

const (
	no truth = iota
	unknown
	yes
)

func truthOf(v bool) truth {
	if v {
		return yes
	}
	return no
}

// naive is an expression that is evaluated event by event, with Block's
// accessors and SQL's tables of truth, and nothing of this package.
type naive struct {
	text string
	eval func(b *segment.Block, row int) truth
}

// randomExpression returns an expression as text and as its meaning.
func randomExpression(rng *rand.Rand, depth int) naive {
	if depth == 0 || rng.IntN(4) == 0 {
		return randomTest(rng)
	}
	switch rng.IntN(3) {
	case 0:
		x := randomExpression(rng, depth-1)
		return naive{pick(rng, "not (", "!(", "NOT (") + x.text + ")", func(b *segment.Block, row int) truth { return yes - x.eval(b, row) }}
	case 1:
		x, y := randomExpression(rng, depth-1), randomExpression(rng, depth-1)
		return naive{"(" + x.text + ")" + pick(rng, " and ", " && ", "And") + "(" + y.text + ")",
			func(b *segment.Block, row int) truth { return min(x.eval(b, row), y.eval(b, row)) }}
	}
	x, y := randomExpression(rng, depth-1), randomExpression(rng, depth-1)
	return naive{"(" + x.text + ")" + pick(rng, " or ", "||", " OR ") + "(" + y.text + ")",
		func(b *segment.Block, row int) truth { return max(x.eval(b, row), y.eval(b, row)) }}
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// TestOldRecordingsAreFiltered does the same with the fixtures of all versions:
// the first have no statistics, and fewer columns.
func TestOldRecordingsAreFiltered(t *testing.T) {
	files, err := filepath.Glob("../../schema/segment/testdata/v*.smr")
	if err != nil || len(files) < 3 {
		t.Fatalf("fixtures are %q, %v", files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 9))
			selected := 0
			for range 60 {
				x := randomExpression(rng, rng.IntN(4))
				n, _ := compareWithNaive(t, file, x)
				selected += n
				if t.Failed() {
					t.Fatal(x.text)
				}
			}
			if selected == 0 {
				t.Error("nothing was selected")
			}
		})
	}
}

// TestColumnWiseEqualsRowByRow compares random expressions on random
// recordings with the naive evaluation.
func TestColumnWiseEqualsRowByRow(t *testing.T) {
	recordings, expressions := 30, 120
	if testing.Short() { // under the race detector
		recordings = 6
	}
	selected, decided := 0, 0
	for seed := range uint64(recordings) {
		rng := rand.New(rand.NewPCG(seed, 7))
		file := randomRecording(t, rng)
		if seed%5 == 0 {
			file = generated(t, gen.Options{Events: 600, Seed: seed, SegmentEvents: 150, CPUs: 2})
		}
		for range expressions {
			x := randomExpression(rng, rng.IntN(5))
			n, d := compareWithNaive(t, file, x)
			selected += n
			decided += d
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, x.text)
			}
		}
	}
	if selected == 0 || decided == 0 {
		t.Errorf("%d events were selected, %d segments decided by their headers: the test tests nothing", selected, decided)
	}
	t.Logf("%d events selected, %d segments decided by their headers", selected, decided)
}

func compareWithNaive(t *testing.T, file []byte, x naive) (selected, decided int) {
	p := bound(t, file, x.text)
	r := open(t, file)
	e := p.Evaluator(r.NewDecoder())
	full := r.NewDecoder()
	var b, whole segment.Block
	for _, s := range segments(t, r) {
		sel, err := e.Select(s, &b)
		if err != nil {
			t.Fatalf("%s: %v", x.text, err)
		}
		if err := full.ReadBlock(s, nil, &whole); err != nil {
			t.Fatal(err)
		}
		want := 0
		for row := range s.Rows {
			held := x.eval(&whole, row) == yes
			if held != sel.Has(row) {
				t.Errorf("event %d of the segment at %d: selected %v, expected %v", row, s.Offset, !held, held)
				return
			}
			if held {
				want++
			}
		}
		if rows := sel.AppendRows(nil); sel.Len() != want || len(rows) != want {
			t.Errorf("%d events selected, %d rows, expected %d", sel.Len(), len(rows), want)
		}
		selected += want
		if p.Decide(s) != Some {
			decided++
		}
		// What the caller reads behind the filter is what it would have read.
		if err := e.Read(s, nil, &b); err != nil {
			t.Fatal(err)
		}
		for i := range schema.All() {
			id := schema.All()[i].ID
			for _, row := range []int{0, s.Rows - 1} {
				v, ok := b.Int(id, row)
				if w, also := whole.Int(id, row); v != w || ok != also {
					t.Errorf("column %d: %d, %v after the filter; %d, %v", id, v, ok, w, also)
				}
			}
		}
	}
	return selected, decided
}

func TestATimeRangeIsHalfOpenAndMayBeEmpty(t *testing.T) {
	file := generated(t, gen.Options{Events: 2000, SegmentEvents: 500})
	s := segments(t, open(t, file))[1]
	for _, c := range []struct {
		name     string
		from, to int64
	}{
		{"within a segment", s.MinTimeNS + 1, s.MaxTimeNS},
		{"one nanosecond", s.MinTimeNS, s.MinTimeNS + 1},
		{"between a moment and itself", s.MaxTimeNS - 1, s.MaxTimeNS - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var everything *Filter
			r := open(t, file)
			p, err := everything.Bind(Recording{Header: r.Header(), FromNS: c.from, ToNS: c.to})
			if err != nil {
				t.Fatal(err)
			}
			var b segment.Block
			selected, err := p.Evaluator(r.NewDecoder()).Select(s, &b)
			if err != nil {
				t.Fatal(err)
			}
			got, want := selected.Len(), 0
			if err := r.NewDecoder().ReadBlock(s, nil, &b); err != nil {
				t.Fatal(err)
			}
			for _, ns := range b.Cols[schema.ColTimeNS].Ints {
				if c.from <= ns && ns < c.to {
					want++
				}
			}
			if got != want {
				t.Errorf("%d events are selected, expected %d", got, want)
			}
		})
	}
}
