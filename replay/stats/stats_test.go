package stats

import (
	"bytes"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// record returns a generated recording.
func record(t testing.TB, o gen.Options) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, o); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(t testing.TB, file []byte) *segment.Reader {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run counts one recording.
func run(t testing.TB, o Options, in Input) *Result {
	t.Helper()
	c := New(o)
	if err := c.Add(in); err != nil {
		t.Fatal(err)
	}
	return c.Result()
}

func fieldsOf(t testing.TB, names ...string) []Field {
	t.Helper()
	f, err := ParseFields(names)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
