package bpf

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// kernelTypes makes the BTF of a kernel that has these tracepoints and functions,
// by the number of their parameters.
func kernelTypes(t *testing.T, tracepoints, functions map[string]int) *btf.Spec {
	t.Helper()
	integer := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	prototype := func(n int) *btf.FuncProto {
		return &btf.FuncProto{Return: integer, Params: slices.Repeat([]btf.FuncParam{{Name: "p", Type: integer}}, n)}
	}
	types := []btf.Type{integer}
	for name, n := range tracepoints {
		types = append(types, &btf.Typedef{Name: "btf_trace_" + name, Type: &btf.Pointer{Target: prototype(n + 1)}})
	}
	for name, n := range functions {
		types = append(types, &btf.Func{Name: name, Type: prototype(n), Linkage: btf.StaticFunc})
	}
	return specOf(t, types)
}

// specOf returns the BTF of a kernel with these types.
func specOf(t *testing.T, types []btf.Type) *btf.Spec {
	t.Helper()
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestTheProgramsOfRequestsFollowTheKernelsPrototypes(t *testing.T) {
	run := map[string]int{"io_sendmsg": 2, "io_sendmsg_zc": 2}
	for _, c := range []struct {
		name                   string
		tracepoints, functions map[string]int
		hooksFunctions         bool
		want                   string // programs in the order in which they are attached, or the error
	}{
		{"6.18", map[string]int{"io_uring_submit_req": 1, "io_uring_complete": 3}, run, false, "uring_complete_cqe uring_submit_req"},
		{"6.12 with functions", map[string]int{"io_uring_submit_req": 1, "io_uring_complete": 7}, run, true,
			"uring_complete_res exit_io_sendmsg enter_io_sendmsg exit_io_sendmsg_zc enter_io_sendmsg_zc uring_submit_req"},
		{"6.1", map[string]int{"io_uring_submit_sqe": 2, "io_uring_complete": 7}, run, false, "uring_complete_res uring_submit_sqe"},
		{"5.10 with functions", map[string]int{"io_uring_submit_sqe": 7, "io_uring_complete": 4},
			map[string]int{"io_sendmsg": 2, "io_dismantle_req": 1, "io_req_complete_post": 3}, true,
			"enter_io_dismantle_req enter_io_req_complete_post exit_io_sendmsg enter_io_sendmsg uring_submit_ring"},
		{"5.10 without functions", map[string]int{"io_uring_submit_sqe": 7, "io_uring_complete": 4},
			map[string]int{"io_sendmsg": 2, "io_dismantle_req": 1, "io_req_complete_post": 3}, false,
			"tracepoint io_uring_complete does not say here which request has completed"},
		{"a kernel without io_uring", nil, nil, true, "no tracepoint io_uring_submit_req or io_uring_submit_sqe as this build knows it"},
		{"a kernel to come", map[string]int{"io_uring_submit_req": 1, "io_uring_complete": 5}, run, true, "no tracepoint io_uring_complete as this build knows it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := &ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{}}
			if c.hooksFunctions {
				object.Programs["enter_sock_sendmsg"] = &ebpf.ProgramSpec{}
			}
			form, err := chooseURing(object, kernelTypes(t, c.tracepoints, c.functions), calls[:1])
			var programs []string
			if err == nil {
				for _, h := range form.points {
					programs = append(programs, h.program)
				}
			} else {
				programs = []string{err.Error()}
			}
			if got := strings.Join(programs, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Who has made a ring is told by a member of it or by a flag, whose value is the
// kernel's.
func TestRingsOf32BitProgramsAreToldByTheirFlag(t *testing.T) {
	integer := &btf.Int{Name: "unsigned int", Size: 4}
	ring := func(member string) *btf.Struct {
		part := &btf.Struct{Size: 4, Members: []btf.Member{{Name: member, Type: integer}}}
		return &btf.Struct{Name: "io_ring_ctx", Size: 4, Members: []btf.Member{{Type: part}}}
	}
	flags := &btf.Enum{Size: 4, Values: []btf.EnumValue{{Name: "IO_RING_F_DRAIN_NEXT", Value: 1}, {Name: "IO_RING_F_COMPAT", Value: 1 << 11}}}
	for _, c := range []struct {
		name  string
		types []btf.Type
		want  uint32
		err   string
	}{
		{"a member", []btf.Type{ring("compat"), flags}, 0, ""},
		{"a flag", []btf.Type{ring("int_flags"), flags}, 1 << 11, ""},
		{"a flag without its value", []btf.Type{ring("int_flags")}, 0, "no flag IO_RING_F_COMPAT"},
		{"neither", []btf.Type{ring("flags"), flags}, 0, "not say as this build knows it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			flag, err := ringCompatFlag(specOf(t, c.types))
			if flag != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %d, %v", flag, err)
			}
		})
	}
}

func TestSendsAreCountedOnlyWhenAskedForAndWhereTheKernelCan(t *testing.T) {
	able := kernelTypes(t, map[string]int{"sock_send_length": 3}, nil)
	if err := canCountSends(able, true); err != nil {
		t.Error(err)
	}
	if err := canCountSends(able, false); err != errNotCounted {
		t.Errorf("not asked for: %v", err)
	}
	if err := canCountSends(kernelTypes(t, nil, nil), true); err == nil || !strings.Contains(err.Error(), "sock_send_length") {
		t.Errorf("without the tracepoint: %v", err)
	}
}
