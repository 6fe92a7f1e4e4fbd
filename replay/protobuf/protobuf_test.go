package protobuf

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

var update = flag.Bool("update", false, "write the published schema")

const published = "../../docs/" + FileName

func TestPublishedSchemaIsFresh(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSchema(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, b.Bytes()) {
		t.Errorf("%s is not what the table of columns says; `go test ./replay/protobuf -update` writes it", published)
	}
}

// recordType is Record as a reader has it that knows the published schema.
func recordType(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	file, err := protodesc.NewFile(Descriptor(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("Record")
}

// read reads one message and what stands behind it. Unknown fields are errors.
func read(t testing.TB, record protoreflect.MessageDescriptor, in []byte) (m *dynamicpb.Message, rest []byte) {
	t.Helper()
	size, n := binary.Uvarint(in)
	if n <= 0 || size > uint64(len(in)-n) {
		t.Fatalf("no length before %x", in)
	}
	in = in[n:]
	m = dynamicpb.NewMessage(record)
	if err := proto.Unmarshal(in[:size], m); err != nil {
		t.Fatalf("%v in %x", err, in[:size])
	}
	kind := m.WhichOneof(record.Oneofs().ByName("kind"))
	if kind == nil || len(m.GetUnknown()) > 0 || len(m.Get(kind).Message().GetUnknown()) > 0 {
		t.Fatalf("unknown fields in %v", m)
	}
	return m, in[size:]
}

// part returns the message in a field of a record.
func part(t testing.TB, m protoreflect.Message, name protoreflect.Name) protoreflect.Message {
	t.Helper()
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || !m.Has(f) {
		t.Fatalf("no %s in %v", name, m)
	}
	return m.Get(f).Message()
}

// jsonOf returns a field as the JSON objects have it.
func jsonOf(m protoreflect.Message, f protoreflect.FieldDescriptor, asHex bool) any {
	if !m.Has(f) && f.HasPresence() {
		return nil
	}
	switch v := m.Get(f).Interface().(type) {
	case int64:
		return number(v)
	case protoreflect.EnumNumber:
		return number(int64(v))
	case []byte:
		if asHex {
			return hex.EncodeToString(v)
		}
		var s string
		if err := json.Unmarshal(schema.AppendJSONString(nil, v), &s); err != nil {
			panic(err)
		}
		return s
	case protoreflect.Message:
		list := []any{}
		values := v.Get(v.Descriptor().Fields().ByNumber(numbersValue)).List()
		for i := range values.Len() {
			list = append(list, number(values.Get(i).Int()))
		}
		return list
	default:
		return v
	}
}

func number(v int64) json.Number { return json.Number(strconv.FormatInt(v, 10)) }

func wallOf(m protoreflect.Message, name protoreflect.Name) any {
	f := m.Descriptor().Fields().ByName(name)
	if f.HasPresence() && !m.Has(f) {
		return nil
	}
	return time.Unix(0, m.Get(f).Int()).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// compare requires that an event's message says what its JSON object does, but
// for numbers of enums that do not fit the wire format's 32 bits.
func compare(t testing.TB, m protoreflect.Message, object []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var want map[string]any
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	event := part(t, m, "event")
	fields := event.Descriptor().Fields()
	for _, c := range schema.Columns() {
		f := fields.ByNumber(protoreflect.FieldNumber(c.ID))
		got := jsonOf(event, f, c.Type == schema.TypeBytes)
		if n, ok := want[c.Name].(json.Number); ok && c.Enum != nil {
			v, _ := n.Int64()
			want[c.Name] = number(int64(int32(v)))
		}
		if string(mustJSON(got)) != string(mustJSON(want[c.Name])) {
			t.Fatalf("%s is %v, and %v in JSON", c.Name, got, want[c.Name])
		}
	}
	if got := wallOf(m, "wall_ns"); got != want["wall_time"] {
		t.Fatalf("the wall time is %v, and %v in JSON", got, want["wall_time"])
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// recording returns the blocks and the wall clock of a generated recording.
func recording(t testing.TB, o gen.Options) ([]*segment.Block, *segment.WallClock) {
	t.Helper()
	var file bytes.Buffer
	if _, err := gen.Write(&file, o); err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*segment.Block
	for d := r.NewDecoder(); ; {
		item, err := r.Next()
		if errors.Is(err, io.EOF) {
			return blocks, segment.NewWallClock(r.Header(), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := item.(*segment.Segment); ok {
			b := &segment.Block{}
			if err := d.ReadBlock(s, nil, b); err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
	}
}

func newPair(t testing.TB, wall *segment.WallClock) (*Encoder, *text.Printer) {
	t.Helper()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	e.SetWallClock(wall)
	p, err := text.New(text.JSON, text.Options{WallClock: wall})
	if err != nil {
		t.Fatal(err)
	}
	return e, p
}

func TestEveryFieldOfAnEventIsThatOfItsJSONObject(t *testing.T) {
	record := recordType(t)
	for _, o := range []gen.Options{{Events: 3000, SegmentEvents: 1000}, {Events: 300, Uniform: true}} {
		blocks, wall := recording(t, o)
		e, p := newPair(t, wall)
		for _, b := range blocks {
			e.SetBlock(b)
			p.SetBlock(b)
			for row := range b.Rows[schema.TableEvent] {
				m, rest := read(t, record, e.Event(nil, row, []byte("an id")))
				if len(rest) > 0 || m.Get(record.Fields().ByName("id")).String() != "an id" {
					t.Fatalf("%v, and %d bytes behind it", m, len(rest))
				}
				compare(t, m, p.Event(nil, row))
			}
		}
	}
}

// FuzzEvent changes events in any way: what is written can always be read, and
// says what JSON says.
func FuzzEvent(f *testing.F) {
	record := recordType(f)
	base, wall := recording(f, gen.Options{Events: 40, Seed: 2})
	e, p := newPair(f, wall)
	f.Add([]byte{})
	for i := range schema.All() {
		f.Add([]byte{byte(i), 7, 1, 0, 2, 0, byte(i), 8, 255, 255, 4, 50})
		f.Add([]byte{byte(i), 7, 0, 0, 1, 0, byte(i), 8, 255, 255, 0, 0})
		f.Add([]byte{byte(i), 0, 0, 0, 3, 0})
	}
	f.Fuzz(func(t *testing.T, changes []byte) {
		var b segment.Block
		b.Rows = base[0].Rows
		for id := range b.Cols {
			v, from := &b.Cols[id], &base[0].Cols[id]
			v.Ints, v.Nulls = append(v.Ints, from.Ints...), append(v.Nulls, from.Nulls...)
			v.Bytes, v.Offsets = from.Bytes, from.Offsets
		}
		gen.Disturb(&b, changes)
		e.SetBlock(&b)
		p.SetBlock(&b)
		var stream []byte
		for row := range b.Rows[schema.TableEvent] {
			stream = e.Event(stream, row, nil)
		}
		for row := range b.Rows[schema.TableEvent] {
			var m *dynamicpb.Message
			m, stream = read(t, record, stream)
			compare(t, m, p.Event(nil, row))
		}
		if len(stream) > 0 {
			t.Fatalf("%d bytes too many", len(stream))
		}
	})
}

func TestNoticesSayWhatTheirJSONObjectsDo(t *testing.T) {
	record := recordType(t)
	wall := segment.NewWallClock(&segment.Header{Start: segment.Clock{BoottimeNS: 1, RealtimeNS: 1_800_000_000_000_000_001}}, nil)
	e, p := newPair(t, wall)
	same := func(item segment.Item, kind protoreflect.Name, object []byte, more ...string) {
		t.Helper()
		m, _ := read(t, record, e.Notice(nil, item, []byte("id")))
		d := json.NewDecoder(bytes.NewReader(object))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		notice := part(t, m, kind)
		fields := notice.Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			if f.Kind() == protoreflect.Sfixed64Kind || f.Message() != nil {
				continue
			}
			if got := jsonOf(notice, f, false); string(mustJSON(got)) != string(mustJSON(want[string(f.Name())])) {
				t.Errorf("%s.%s is %v, and %v in JSON", kind, f.Name(), got, want[string(f.Name())])
			}
		}
		for i := 0; i < len(more); i += 2 {
			if got := wallOf(notice, protoreflect.Name(more[i])); got != want[more[i+1]] {
				t.Errorf("%s is %v, and %v in JSON", more[i], got, want[more[i+1]])
			}
		}
	}
	for _, g := range []segment.Gap{
		{CPU: 3, FirstSeq: 7, Count: 2, Cause: segment.CauseRingFull, FirstNS: 5, LastNS: 6_000_000_000},
		{CPU: segment.AllCPUs, FirstSeq: -1, Count: 9, Cause: segment.CauseSkippedEntry, FirstNS: 1, LastNS: 2, UpperBound: true},
	} {
		same(&g, "gap", p.Gap(nil, &g), "first_wall_ns", "first_wall_time", "last_wall_ns", "last_wall_time")
	}
	for _, d := range []segment.Damage{{Offset: 9, Size: 10, Err: errors.New("torn \xff"), Tail: true, Events: -1}, {Offset: 1, Events: 4}} {
		same(&d, "damage", p.Damage(nil, &d))
	}
	c := segment.Clock{BoottimeNS: 1, RealtimeNS: 2, MonotonicNS: 3, TAINS: 4}
	same(&c, "clock", p.Clock(nil, &c))

	coverage := segment.Coverage{FromNS: 1, ToNS: 2,
		Ways:        []segment.Way{{Path: "syscall", ABI: "64", Call: "sendmsg", Hooks: []string{"a", "b"}}, {Path: "io_uring", ABI: "64", Call: "send", Why: "no"}},
		Unexplained: segment.Unexplained{Counted: true, Sends: 9, Unexplained: 4, Others: 1, Processes: []segment.UnexplainedProcess{{PID: 5, Comm: "x", Sends: 3, Bytes: 77}}}}
	same(&coverage, "coverage", p.Coverage(nil, &coverage))
	m, _ := read(t, record, e.Notice(nil, &coverage, nil))
	if got, want := string(nested(part(t, m, "coverage"))), string(mustJSON(&coverage)); !sameJSON(t, got, want) {
		t.Errorf("the coverage is %s, want %s", got, want)
	}
}

// nested returns a message with those in it as a JSON object, without what is
// empty.
func nested(m protoreflect.Message) []byte {
	object := map[string]any{}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList():
			list := []any{}
			for i := range v.List().Len() {
				if f.Message() == nil {
					list = append(list, v.List().Get(i).Interface())
				} else {
					list = append(list, json.RawMessage(nested(v.List().Get(i).Message())))
				}
			}
			object[string(f.Name())] = list
		case f.Message() != nil:
			object[string(f.Name())] = json.RawMessage(nested(v.Message()))
		default:
			object[string(f.Name())] = v.Interface()
		}
		return true
	})
	return mustJSON(object)
}

// sameJSON compares objects, for which a missing value is an empty one.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y segment.Coverage
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return string(mustJSON(x)) == string(mustJSON(y))
}

func TestFieldsChooseColumns(t *testing.T) {
	record := recordType(t)
	blocks, wall := recording(t, gen.Options{Events: 10})
	e, err := New([]string{"ret", "comm", "ret"})
	if err != nil {
		t.Fatal(err)
	}
	e.SetWallClock(wall)
	e.SetBlock(blocks[0])
	m, _ := read(t, record, e.Event(nil, 0, nil))
	set := 0
	part(t, m, "event").Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set++
		if f.Name() != "ret" && f.Name() != "comm" {
			t.Errorf("%s was not asked for", f.Name())
		}
		return true
	})
	if set != 2 || wallOf(m, "wall_ns") != nil {
		t.Errorf("%d fields and the wall time %v", set, wallOf(m, "wall_ns"))
	}
	for _, name := range []string{"errno", "task_ref", "nothing"} {
		if _, err := New([]string{name}); err == nil {
			t.Errorf("%s is a field", name)
		}
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	blocks, wall := recording(t, gen.Options{Events: 500})
	e, _ := newPair(t, wall)
	out := make([]byte, 0, 1<<20)
	n := testing.AllocsPerRun(5, func() {
		e.SetBlock(blocks[0])
		out = out[:0]
		for row := range blocks[0].Rows[schema.TableEvent] {
			out = e.Event(out, row, nil)
		}
	})
	if n > float64(len(schema.Columns())) {
		t.Errorf("%.0f allocations for a block", n)
	}
}
