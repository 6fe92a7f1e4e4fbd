package bpf

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf/btf"
)

// The names that the C structs and the Go structs give to the same field
// differ in case and underscores only.
func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

func TestGoStructsMirrorTheStructsOfTheObject(t *testing.T) {
	spec, err := loadObject(TierTracepoint, buildTyped)
	if err != nil {
		t.Fatal(err)
	}
	for name, mirror := range map[string]any{
		"event":           Event{},
		"event_task":      Task{},
		"event_call_args": Call{},
		"event_socket":    Socket{},
		"event_groups":    Groups{},
		"event_iovec":     Iovec{},
		"event_extra":     Extra{},
		"counters":        Counters{},
		"sender":          sender{},
	} {
		t.Run(name, func(t *testing.T) {
			var c *btf.Struct
			if err := spec.Types.TypeByName(name, &c); err != nil {
				t.Fatal(err)
			}
			g := reflect.TypeOf(mirror)
			if uintptr(c.Size) != g.Size() {
				t.Fatalf("%d bytes in C, %d in Go", c.Size, g.Size())
			}
			goFields := map[string]reflect.StructField{}
			for i := range g.NumField() {
				if f := g.Field(i); f.Name != "_" {
					goFields[plain(f.Name)] = f
				}
			}
			for _, m := range c.Members {
				if strings.HasPrefix(m.Name, "pad") {
					continue
				}
				f, ok := goFields[plain(m.Name)]
				if !ok {
					t.Errorf("Go has no field for %s", m.Name)
					continue
				}
				delete(goFields, plain(m.Name))
				size, err := btf.Sizeof(m.Type)
				if err != nil {
					t.Fatal(err)
				}
				if uintptr(m.Offset.Bytes()) != f.Offset || uintptr(size) != f.Type.Size() {
					t.Errorf("%s: offset %d size %d in C, offset %d size %d in Go",
						m.Name, m.Offset.Bytes(), size, f.Offset, f.Type.Size())
				}
			}
			for _, f := range goFields {
				t.Errorf("C has no field for %s", f.Name)
			}
		})
	}
}

func TestTheRingHeaderIsWhereTheReaderLooks(t *testing.T) {
	spec, err := loadObject(TierTracepoint, buildTyped)
	if err != nil {
		t.Fatal(err)
	}
	var header *btf.Struct
	if err := spec.Types.TypeByName("ring_header", &header); err != nil {
		t.Fatal(err)
	}
	want := map[string]uint32{"tail": tailOffset, "head": headOffset, "counters": countersOffset}
	for _, m := range header.Members {
		if offset, ok := want[m.Name]; ok && m.Offset.Bytes() != offset {
			t.Errorf("%s at %d in C, %d in Go", m.Name, m.Offset.Bytes(), offset)
		}
		delete(want, m.Name)
	}
	if len(want) != 0 {
		t.Errorf("not in C: %v", want)
	}
	if EventSize != unsafe.Sizeof(Event{}) {
		t.Errorf("EventSize is %d, the struct has %d bytes", EventSize, unsafe.Sizeof(Event{}))
	}
	if GroupsSize != unsafe.Sizeof(Groups{}) {
		t.Errorf("GroupsSize is %d, the struct has %d bytes", GroupsSize, unsafe.Sizeof(Groups{}))
	}
	if ExtraSize != unsafe.Sizeof(Extra{}) {
		t.Errorf("ExtraSize is %d, the struct has %d bytes", ExtraSize, unsafe.Sizeof(Extra{}))
	}
}

// The limits are macros, which BTF does not keep; the arrays that they size do.
func TestTheLimitsAreThoseOfTheObject(t *testing.T) {
	spec, err := loadObject(TierTracepoint, buildTyped)
	if err != nil {
		t.Fatal(err)
	}
	var state, control *btf.Struct
	if err := spec.Types.TypeByName("call_state", &state); err != nil {
		t.Fatal(err)
	}
	if err := spec.Types.TypeByName("control_state", &control); err != nil {
		t.Fatal(err)
	}
	want := map[string]uint32{"name": NameMax, "iov": IovMax, "local_path": uint32(align8(PathMax)), "data": ControlMax}
	for _, m := range append(state.Members, control.Members...) {
		array, ok := m.Type.(*btf.Array)
		if !ok || want[m.Name] == 0 {
			continue
		}
		if array.Nelems != want[m.Name] {
			t.Errorf("%s has %d elements in C, %d in Go", m.Name, array.Nelems, want[m.Name])
		}
		delete(want, m.Name)
	}
	if len(want) != 0 {
		t.Errorf("not in C: %v", want)
	}
	for _, array := range []string{"filter_pid", "filter_uid", "filter_comm"} {
		size := spec.Variables[array].Size()
		element := uint32(4)
		if array == "filter_comm" {
			element = CommLen
		}
		if size != FilterMax*element {
			t.Errorf("%s has %d bytes, want %d", array, size, FilterMax*element)
		}
	}
	if size := spec.Maps["rings"].ValueSize; size != ringHeaderSize+4096+ringSlack {
		t.Errorf("an element of rings has %d bytes before loading", size)
	}
}

func TestARecordsPartsFollowOneAnother(t *testing.T) {
	memory := make([]uint64, 1024)
	e := (*Event)(unsafe.Pointer(&memory[0]))
	e.IovCaptured, e.NameCaptured, e.ControlCaptured = 2, 3, 17
	e.LocalPathLen, e.RemotePathLen = 9, 1
	base := uintptr(unsafe.Pointer(e))
	offset := func(b []byte) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) - base) }
	if got := offset(e.Name()); got != 64+200+32 {
		t.Errorf("name at %d", got)
	}
	if got := offset(e.Control()); got != 264+32+8 {
		t.Errorf("control at %d", got)
	}
	if got := offset(e.LocalPath()); got != 264+32+8+24 {
		t.Errorf("local path at %d", got)
	}
	if got := offset(e.RemotePath()); got != 264+32+8+24+16 {
		t.Errorf("remote path at %d", got)
	}
	e.Extra = 1
	if got := offset(e.Name()); got != 264+88+32 {
		t.Errorf("name at %d behind an extra part", got)
	}
	if got := offset(e.RemotePath()); got != 264+88+32+8+24+16 {
		t.Errorf("remote path at %d behind an extra part", got)
	}
	if got := uintptr(unsafe.Pointer(e.ExtraPart())) - base; got != 264 {
		t.Errorf("extra part at %d", got)
	}
	if got := uintptr(unsafe.Pointer(e.Groups())) - base; got != 64 {
		t.Errorf("groups at %d", got)
	}
	e.Same = 1
	if e.Groups() != nil {
		t.Error("groups of an event that has none")
	}
	if got := offset(e.Name()); got != 64+88+32 {
		t.Errorf("name at %d without groups", got)
	}
	if got := PartsSize(2, 3, 17, 9, 1); got != 264+32+8+24+16+8 {
		t.Errorf("record of %d bytes", got)
	}
}
