//go:build interop

package protobuf_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/protobuf"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// python is the interpreter of an environment with grpcio-tools, which brings
// protoc and Google's library.
func python(t *testing.T, args ...string) string {
	t.Helper()
	program := os.Getenv("SENDMSGREC_PROTOC")
	if program == "" {
		t.Fatal("make interop sets SENDMSGREC_PROTOC")
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// protoc must take the published schema for what the messages are written by.
func TestProtocReadsTheSchemaThatTheMessagesAreWrittenBy(t *testing.T) {
	set := filepath.Join(t.TempDir(), "set")
	python(t, "-m", "grpc_tools.protoc", "-I", "../../docs", "--descriptor_set_out", set, protobuf.FileName)
	data, err := os.ReadFile(set)
	if err != nil {
		t.Fatal(err)
	}
	var compiled descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &compiled); err != nil {
		t.Fatal(err)
	}
	for _, m := range compiled.File[0].MessageType {
		for _, f := range m.Field {
			f.JsonName = nil // protoc's addition
		}
	}
	if want := protobuf.Descriptor(); !proto.Equal(compiled.File[0], want) {
		t.Errorf("protoc makes of the published schema\n%v\nwant\n%v", compiled.File[0], want)
	}
}

// What a replay sends is read by Google's library and equals the JSON lines.
func TestPythonReadsWhatAReplaySends(t *testing.T) {
	dir := t.TempDir()
	python(t, "-m", "grpc_tools.protoc", "-I", "../../docs", "--python_out", dir, protobuf.FileName)
	recording := filepath.Join(dir, "x.smr")
	f, err := os.Create(recording)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := gen.Write(f, gen.Options{Events: 20_000, Seed: 9, GapEvery: 2, SegmentEvents: 3000}); err != nil {
		t.Fatal(err)
	}
	for format, file := range map[string]string{"json": "lines", "protobuf": "messages"} {
		replay(t, f, format, filepath.Join(dir, file))
	}
	out := python(t, "testdata/compare.py", dir, filepath.Join(dir, "messages"), filepath.Join(dir, "lines"))
	if t.Log(out); !strings.Contains(out, `"event": 20000`) || !strings.Contains(out, `"gap"`) {
		t.Errorf("it has read %s", out)
	}
}

// replay writes a recording into a file.
func replay(t *testing.T, f *os.File, format, path string) {
	t.Helper()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewReader(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		t.Fatal(err)
	}
	o := play.Options{Format: format, IDs: true, Inputs: []play.Input{{Name: "x", Input: order.Input{Reader: r, Directory: d}}}}
	o.Pace.Unpaced = true
	target, err := sink.Parse("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := sink.Open(ctx, target, &sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := play.New(s.Traits(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(ctx, s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
}
