package bpf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

var errOtherCall = errors.New("sendmsg is not among the calls that are recorded")

func hasSendmsg(chosen []call) bool {
	return slices.ContainsFunc(chosen, func(c call) bool { return c.name == "sendmsg" })
}

// uringForm is how this kernel shows the requests of io_uring.
type uringForm struct {
	points  []hookPoint // the submission is the last
	runs    bool        // their execution is seen
	numbers bool        // the descriptors' numbers are known
}

// uringSubmission chooses the program of submissions by the prototypes of the
// tracepoints: their parameters differ, and their names stayed the same.
func uringSubmission(kernel *btf.Spec) (point hookPoint, numbers bool, err error) {
	switch {
	case tracepointParameters(kernel, "io_uring_submit_req") == 1:
		return tracepointHook("io_uring_submit_req", "uring_submit_req"), true, nil
	case tracepointParameters(kernel, "io_uring_submit_sqe") == 2:
		return tracepointHook("io_uring_submit_sqe", "uring_submit_sqe"), true, nil
	case tracepointParameters(kernel, "io_uring_submit_sqe") == 7:
		return tracepointHook("io_uring_submit_sqe", "uring_submit_ring"), false, nil
	}
	return hookPoint{}, false, errors.New("no tracepoint io_uring_submit_req or io_uring_submit_sqe as this build knows it")
}

// uringCompletion chooses the programs of completions in the same way.
func uringCompletion(kernel *btf.Spec, functions bool) ([]hookPoint, error) {
	switch tracepointParameters(kernel, "io_uring_complete") {
	case 3:
		return []hookPoint{tracepointHook("io_uring_complete", "uring_complete_cqe")}, nil
	case 7:
		return []hookPoint{tracepointHook("io_uring_complete", "uring_complete_res")}, nil
	case 4:
		if functions && functionParameters(kernel, "io_dismantle_req") == 1 && functionParameters(kernel, "io_req_complete_post") == 3 {
			return []hookPoint{entryHook("io_dismantle_req"), entryHook("io_req_complete_post")}, nil
		}
		return nil, errors.New("tracepoint io_uring_complete does not say here which request has completed")
	}
	return nil, errors.New("no tracepoint io_uring_complete as this build knows it")
}

// ringCompatFlag returns the flag of a ring that a 32-bit program has made; 0 where
// the kernel has no such flags, but a member for it. The flags are values of an enum
// without a name, so that all types are looked through.
func ringCompatFlag(kernel *btf.Spec) (uint32, error) {
	var ring *btf.Struct
	if err := kernel.TypeByName("io_ring_ctx", &ring); err != nil {
		return 0, fmt.Errorf("find io_uring's rings: %w", err)
	}
	if hasMember(ring, "compat") {
		return 0, nil
	}
	if !hasMember(ring, "int_flags") {
		return 0, errors.New("io_uring's rings do not say as this build knows it who has made them")
	}
	for typ, err := range kernel.All() {
		if err != nil {
			return 0, fmt.Errorf("find io_uring's flags: %w", err)
		}
		flags, ok := typ.(*btf.Enum)
		if !ok || flags.Name != "" {
			continue
		}
		for _, v := range flags.Values {
			if v.Name == "IO_RING_F_COMPAT" {
				return uint32(v.Value), nil
			}
		}
	}
	return 0, errors.New("io_uring's rings have no flag IO_RING_F_COMPAT")
}

// setRingCompatFlag tells the programs that flag.
func setRingCompatFlag(spec *ebpf.CollectionSpec, kernel *btf.Spec) error {
	flag, err := ringCompatFlag(kernel)
	if err != nil {
		return err
	}
	if err := spec.Variables["ring_compat_flag"].Set(flag); err != nil {
		return fmt.Errorf("set ring_compat_flag: %w", err)
	}
	return nil
}

// hasMember reports whether a struct has a member, itself or in a part without a
// name.
func hasMember(s *btf.Struct, name string) bool {
	return slices.ContainsFunc(s.Members, func(m btf.Member) bool {
		part, ok := m.Type.(*btf.Struct)
		return m.Name == name || m.Name == "" && ok && hasMember(part, name)
	})
}

// chooseURing returns how requests can be watched on this kernel, or why not.
func chooseURing(spec *ebpf.CollectionSpec, kernel *btf.Spec, chosen []call) (*uringForm, error) {
	if !hasSendmsg(chosen) {
		return nil, errOtherCall
	}
	functions := hooksFunctions(spec)
	submission, numbers, err := uringSubmission(kernel)
	if err != nil {
		return nil, err
	}
	form := &uringForm{numbers: numbers}
	if form.points, err = uringCompletion(kernel, functions); err != nil {
		return nil, err
	}
	for _, function := range []string{"io_sendmsg", "io_sendmsg_zc"} {
		if functions && functionParameters(kernel, function) == 2 {
			form.runs = true
			form.points = append(form.points, exitHook(function), entryHook(function))
		}
	}
	form.points = append(form.points, submission)
	return form, nil
}

// submission returns the program that sees requests first.
func (f *uringForm) submission() string { return f.points[len(f.points)-1].program }

// limits says what is not seen of the requests that are watched.
func (f *uringForm) limits() string {
	text := "not those that fail before they are submitted"
	if !f.numbers {
		text += "; descriptors have no number"
	}
	if !f.runs {
		text += "; not when and by which thread they are executed; those that ask for no completion when they succeed have no result"
	}
	return text
}
