package main

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sizes of the 64-bit structures.
const (
	msghdrSize  = 56
	iovecSize   = 16
	cmsghdrSize = 16
)

// arena is memory that the garbage collector neither moves nor knows. What is
// laid out in it has addresses and lengths of so many bytes.
type arena struct {
	word    int // 8, or 4 for callers of other ABIs
	mem     []byte
	off     int
	mapping []byte // mem, and a page behind it that nobody can read
}

// pageSize is that of the kernels that the tests run on.
const pageSize = 4096

func newArena(size int) (*arena, error) { return mapArena(size, 8, 0) }

func mapArena(size, word, flags int) (*arena, error) {
	size = (size + pageSize - 1) &^ (pageSize - 1)
	mem, err := unix.Mmap(-1, 0, size+pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|flags)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	// What runs past the end must fault, whatever is mapped behind.
	if err := unix.Mprotect(mem[size:], unix.PROT_NONE); err != nil {
		return nil, fmt.Errorf("protect the page behind the arena: %w", err)
	}
	return &arena{word: word, mem: mem[:size], mapping: mem}, nil
}

// free unmaps the arena.
func (a *arena) free() { unix.Munmap(a.mapping) }

// alloc returns n zeroed bytes, 8-byte aligned, in pages that are there: a program
// in the kernel cannot wait for one.
func (a *arena) alloc(n int) []byte {
	a.off = (a.off + 7) &^ 7
	if a.off+n > len(a.mem) {
		panic(fmt.Sprintf("arena: %d bytes wanted, %d left", n, len(a.mem)-a.off))
	}
	b := a.mem[a.off : a.off+n : a.off+n]
	clear(b) // zero already: writing is what makes the pages
	a.off += n
	return b
}

// put copies b into the arena and returns its address, 0 for nil.
func (a *arena) put(b []byte) uint64 {
	if b == nil {
		return 0
	}
	p := a.alloc(max(len(b), 1))
	copy(p, b)
	return addressOf(p)
}

func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// iovec is one entry of msg_iov.
type iovec struct{ base, len uint64 }

// message is a sendmsg call before it is laid out. The slices give pointer and
// length; an override replaces what would follow from them.
type message struct {
	fd       uint64 // the whole register
	flags    uint64 // the whole register
	name     []byte
	iov      []iovec
	control  []byte
	msgFlags uint32

	ptr        *uint64 // address of the msghdr
	namePtr    *uint64
	nameLen    *int32
	iovPtr     *uint64
	iovLen     *uint64
	controlPtr *uint64
	controlLen *uint64
}

// header is the laid-out msghdr as the kernel reads it.
type header struct {
	word       int // of the caller's ABI, in bytes
	namePtr    uint64
	nameLen    int32
	iovPtr     uint64
	iovLen     uint64
	controlPtr uint64
	controlLen uint64
	flags      uint32
}

// layOut writes the message's parts into the arena and returns the msghdr
// that points to them.
func (m *message) layOut(a *arena) header {
	h := header{
		word:    a.word,
		namePtr: a.put(m.name), nameLen: int32(len(m.name)),
		iovLen:     uint64(len(m.iov)),
		controlPtr: a.put(m.control), controlLen: uint64(len(m.control)),
		flags: m.msgFlags,
	}
	if len(m.iov) > 0 {
		b := a.alloc(len(m.iov) * 2 * a.word)
		for i, v := range m.iov {
			putWord(b[i*2*a.word:], a.word, v.base)
			putWord(b[i*2*a.word+a.word:], a.word, v.len)
		}
		h.iovPtr = addressOf(b)
	}
	override(&h.namePtr, m.namePtr)
	override(&h.nameLen, m.nameLen)
	override(&h.iovPtr, m.iovPtr)
	override(&h.iovLen, m.iovLen)
	override(&h.controlPtr, m.controlPtr)
	override(&h.controlLen, m.controlLen)
	return h
}

func override[T any](dst, v *T) {
	if v != nil {
		*dst = *v
	}
}

// putWord writes an address or a length of so many bytes.
func putWord(b []byte, word int, v uint64) {
	if word == 4 {
		binary.NativeEndian.PutUint32(b, uint32(v))
	} else {
		binary.NativeEndian.PutUint64(b, v)
	}
}

// getWord reads an address or a length.
func (a *arena) getWord(b []byte) uint64 {
	if a.word == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// encode writes the msghdr as the caller's ABI has it.
func (h *header) encode(b []byte) {
	e := binary.NativeEndian
	if h.word == 4 {
		for i, v := range []uint32{uint32(h.namePtr), uint32(h.nameLen), uint32(h.iovPtr), uint32(h.iovLen),
			uint32(h.controlPtr), uint32(h.controlLen), h.flags} {
			e.PutUint32(b[4*i:], v)
		}
		return
	}
	e.PutUint64(b[0:], h.namePtr)
	e.PutUint32(b[8:], uint32(h.nameLen))
	e.PutUint64(b[16:], h.iovPtr)
	e.PutUint64(b[24:], h.iovLen)
	e.PutUint64(b[32:], h.controlPtr)
	e.PutUint64(b[40:], h.controlLen)
	e.PutUint32(b[48:], h.flags)
}

// cmsg returns one control message of a 64-bit caller.
func cmsg(level, typ int32, length int64, data []byte) []byte {
	return native.cmsg(level, typ, length, data)
}

// ints returns the values in host byte order, as cmsg data has them.
func ints(values ...int32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// to returns a pointer to v, for message's overrides.
func to[T any](v T) *T { return &v }
