package record

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Environment fills in what the header says of the host. What cannot be read
// stays empty.
func Environment(h *segment.Header) {
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		h.Host = unix.ByteSliceToString(u.Nodename[:])
		h.Kernel = unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Version[:])
		h.Machine = unix.ByteSliceToString(u.Machine[:])
	}
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		h.BootID = strings.TrimSpace(string(id))
	}
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/pid", &st) == nil {
		h.PIDNamespace = st.Ino
	}
}
