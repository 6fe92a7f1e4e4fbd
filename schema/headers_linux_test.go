package schema_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// TestNumbersAgreeWithCHeaders lets a C compiler print every name that the
// tables have and the system's headers know.
func TestNumbersAgreeWithCHeaders(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	ours := map[string]int64{}
	for _, e := range []*schema.Enum{&schema.FamilyEnum, &schema.SocketTypeEnum, &schema.LevelEnum, &schema.ProtocolEnum,
		&schema.NetlinkProtocolEnum, &schema.EthernetProtocolEnum, &schema.HardwareTypeEnum, &schema.PacketTypeEnum} {
		for v, name := range e.Names() {
			ours[name] = v
		}
	}
	for _, s := range []*schema.FlagSet{&schema.MsgFlags, &schema.TimestampingFlags} {
		bits, names := s.Names()
		for i := range bits {
			ours[names[i]] = int64(bits[i])
		}
	}
	for n := int64(1); n < 512; n++ {
		if name := schema.ErrnoName(n); name != "" {
			ours[name] = n
		}
	}
	for level := int32(0); level < 300; level++ {
		for typ := int32(0); typ < 256; typ++ {
			if name := schema.ControlTypeName(level, typ); name != "" {
				ours[name] = int64(typ)
			}
		}
	}
	var src bytes.Buffer
	for _, h := range []string{"errno.h", "stdio.h", "sys/socket.h", "netinet/in.h", "netinet/udp.h", "linux/netlink.h", "linux/if_ether.h", "linux/if_arp.h",
		"linux/if_packet.h", "linux/net_tstamp.h", "linux/tls.h", "linux/if_alg.h", "linux/sctp.h"} {
		fmt.Fprintf(&src, "#include <%s>\n", h)
	}
	src.WriteString("int main(void) {\n")
	for name := range ours {
		// An enumerator is no macro: those are asked for by their family.
		if strings.HasPrefix(name, "SOF_TIMESTAMPING_") {
			continue
		}
		fmt.Fprintf(&src, "#ifdef %s\nprintf(\"%s %%lld\\n\", (long long)(unsigned)%s);\n#endif\n", name, name, name)
	}
	for _, name := range []string{"SOF_TIMESTAMPING_TX_HARDWARE", "SOF_TIMESTAMPING_TX_SOFTWARE", "SOF_TIMESTAMPING_OPT_ID",
		"SOF_TIMESTAMPING_TX_SCHED", "SOF_TIMESTAMPING_TX_ACK", "SOF_TIMESTAMPING_OPT_TX_SWHW"} {
		fmt.Fprintf(&src, "printf(\"%s %%lld\\n\", (long long)%s);\n", name, name)
	}
	src.WriteString("return 0; }\n")
	dir := t.TempDir()
	file, prog := filepath.Join(dir, "names.c"), filepath.Join(dir, "names")
	if err := os.WriteFile(file, src.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(gcc, "-o", prog, file).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, text)
	}
	text, err := exec.Command(prog).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		if got := fmt.Sprint(ours[name]); got != value {
			t.Errorf("%s is %s in the headers and %s here", name, value, got)
		}
	}
	if len(lines) < 400 || len(lines) > len(ours) {
		t.Errorf("the headers know %d of %d names", len(lines), len(ours))
	}
}

// TestErrnoMessagesAgreeWithLibc compares with the table that the syscall
// package took from strerror.
func TestErrnoMessagesAgreeWithLibc(t *testing.T) {
	for n := int64(1); n < 133; n++ {
		ours := schema.ErrnoMessage(n)
		theirs := syscall.Errno(n).Error()
		if ours != "" && !strings.EqualFold(ours, theirs) {
			t.Errorf("%s: %q here, %q there", schema.ErrnoName(n), ours, theirs)
		}
	}
}
